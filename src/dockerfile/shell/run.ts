// An instruction that runs something, as a script: shell form, exec form, heredocs (BuildKit, dispatchRun), other shells.

import type { Heredoc, Instruction, Logical } from '../syntax/ast.ts';
import { readMarker } from '../syntax/heredoc.ts';
import type { Variables } from '../syntax/stages.ts';
import type { ShellScript } from './ast.ts';
import { readExec } from './exec.ts';
import { readShell, type ShellKind } from './read.ts';

const SHELLS: ReadonlyMap<string, ShellKind> = new Map([
  ['sh', 'sh'],
  ['ash', 'sh'],
  ['dash', 'sh'],
  ['busybox', 'sh'],
  ['bash', 'bash'],
  ['zsh', 'bash'],
  ['ksh', 'bash'],
  ['powershell', 'powershell'],
  ['pwsh', 'powershell'],
  ['cmd', 'cmd'],
]);

/**
 * Which shell the words of a SHELL instruction name, behind a wrapper too: `["conda", "run", "-n", "x", "/bin/bash", "-c"]`.
 * No words: Docker's own, `/bin/sh -c`.
 */
export function shellKind(words: readonly string[]): ShellKind {
  if (words.length === 0) return 'sh';
  for (const word of words) {
    const kind = SHELLS.get(baseName(word));
    if (kind !== undefined) return kind;
  }
  return 'other';
}

function baseName(path: string): string {
  return path
    .replace(/^.*[\\/]/, '')
    .replace(/\.exe$/i, '')
    .toLowerCase();
}

/**
 * What RUN, CMD, ENTRYPOINT, or what ONBUILD triggers, runs.
 *
 * @param text of the file, which has the heredocs' bodies
 * @param variables as they stand before the instruction
 */
export function readRun(
  text: string,
  instruction: Instruction,
  variables: Variables,
  shell: ShellKind = 'sh',
): ShellScript {
  const { form, words, argument, heredocs } = instruction.trigger ?? instruction;
  if (form === 'exec') return { commands: [readExec(words)], variables: new Map(), unread: [] };
  const [heredoc] = heredocs;
  if (heredoc !== undefined && readMarker(argument.text.trim()) !== undefined) {
    return readWhole(text, heredoc, variables, shell);
  }
  const bodies = heredocs.map((each) => ({ ...each, text: bodyText(text, each) }));
  return readShell(argument, { variables, shell, heredocs: bodies });
}

/** `RUN <<EOF`: the body is the script. A `#!` names who reads it; another program than a shell is a command with the body as input. */
function readWhole(text: string, heredoc: Heredoc, variables: Variables, shell: ShellKind): ShellScript {
  const body = bodyText(text, heredoc);
  const line = /^#![ \t]*([^\r\n]*)/.exec(body.text);
  if (line === null) return readShell(body, { variables, shell });
  const interpreter = line[1] ?? '';
  const kind = shellKind(interpreter.split(/\s+/));
  if (kind !== 'other') return readShell(body, { variables, shell: kind });
  const from = line[0].length - interpreter.length;
  const program = { text: interpreter, offsets: body.offsets.slice(from, line[0].length + 1) };
  const script = readShell(program, { variables: new Map() });
  return { ...script, commands: script.commands.map((command) => ({ ...command, input: body.text })) };
}

/** The lines of a heredoc, without leading tabs where it says so. */
function bodyText(text: string, { body, chomps }: Heredoc): Logical {
  const lines: string[] = [];
  const offsets: number[] = [];
  for (let start = body.start; start < body.end; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 || newline >= body.end ? body.end : newline + 1;
    while (chomps && start < end && text[start] === '\t') start += 1;
    lines.push(text.slice(start, end));
    for (; start < end; start += 1) offsets.push(start);
  }
  offsets.push(body.end);
  return { text: lines.join(''), offsets };
}
