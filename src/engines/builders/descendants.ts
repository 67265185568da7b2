// The processes below a program, by what Linux tells of them (proc(5)): podman's steps run in sessions of their own, which a
// signal to the program's group does not reach. Elsewhere there are none to be seen.

import { readdirSync, readFileSync } from 'node:fs';

export interface Descendant {
  readonly pid: number;
  /** In ticks since the machine was started: a number that is given again has another. */
  readonly started: string;
}

interface Entry extends Descendant {
  readonly parent: number;
}

export function descendantsOf(pid: number): readonly Descendant[] {
  const all = listProcesses();
  const found: Entry[] = [];
  const parents = new Set([pid]);
  for (let before = -1; before !== found.length; ) {
    before = found.length;
    for (const entry of all) {
      if (!parents.has(entry.parent) || parents.has(entry.pid)) continue;
      parents.add(entry.pid);
      found.push(entry);
    }
  }
  return found;
}

/** Ends at once what is still there of them. */
export function endDescendants(descendants: readonly Descendant[]): void {
  for (const { pid, started } of descendants) {
    if (readProcess(pid)?.started !== started) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function listProcesses(): readonly Entry[] {
  try {
    return readdirSync('/proc').flatMap((name) =>
      /^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : [],
    );
  } catch {
    return [];
  }
}

function readProcess(pid: number): Entry | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses, which may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
