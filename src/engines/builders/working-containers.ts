// What podman and buildah leave when they are told to end: the containers that steps ran in. They have no mark of the build
// that made them, so only those are removed that came during it, and none while another build is running.

import { readdirSync, readFileSync } from 'node:fs';
import type { BuilderContext } from './builder.ts';
import { runProgram } from './process.ts';

type Program = 'podman' | 'buildah';

const LIST: Readonly<Record<Program, readonly string[]>> = {
  podman: ['ps', '--all', '--external', '--quiet', '--no-trunc'],
  buildah: ['containers', '--quiet', '--no-trunc'],
};
const REMOVE: Readonly<Record<Program, readonly string[]>> = { podman: ['rm', '--force'], buildah: ['rm'] };
const LIMIT = { despiteSignal: true, limit: 60_000 };

export async function listContainers(program: Program, context: BuilderContext): Promise<readonly string[]> {
  const ran = await runProgram(program, LIST[program], context, LIMIT);
  return ran?.status === 0 ? ran.stdout.split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id)) : [];
}

/** Removes what is there now and was not there before. */
export async function removeContainers(
  program: Program,
  before: readonly string[],
  context: BuilderContext,
): Promise<void> {
  const added = (await listContainers(program, context)).filter((id) => !before.includes(id));
  if (added.length === 0) return;
  if (isBuilding()) {
    const message = `another build is running: the containers of this one stay (\`${program} ${LIST[program].slice(0, -1).join(' ')}\`)`;
    return context.emit({ type: 'note', message });
  }
  await runProgram(program, [...REMOVE[program], ...added], context, LIMIT);
}

/** Whether podman or buildah builds something on this machine, as far as this user may see. */
function isBuilding(): boolean {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .some((id) => isBuild(id));
  } catch {
    return false;
  }
}

function isBuild(id: string): boolean {
  try {
    const [program = '', ...words] = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
    return (
      /(?:^|\/)(?:podman|buildah)$/.test(program) && words.some((word) => word === 'build' || word === 'bud')
    );
  } catch {
    // It has ended meanwhile.
    return false;
  }
}
