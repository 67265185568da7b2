// Builders that keep what they build in an engine's own store: under a name of this build alone, until it has been saved.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Archive, BuilderContext, LocalBase } from './builder.ts';
import { expectProgram, runProgram } from './process.ts';

/** A host that is no registry: nobody is ever asked for it. */
export function temporaryName(): string {
  return `localhost/bivy-build:${randomBytes(8).toString('hex')}`;
}

/** Loads the bases that the engine does not have. They stay, as those do that it pulled. */
export async function loadBases(bases: readonly LocalBase[], context: BuilderContext): Promise<void> {
  for (const { name, archive } of bases) {
    const there = await runProgram('docker', ['image', 'inspect', '--format', '{{.Id}}', name], context);
    if (there?.status === 0) continue;
    await expectProgram('load the base', 'docker', ['load', '--quiet', '--input', await archive()], context);
  }
}

export async function saveImage(name: string, work: string, context: BuilderContext): Promise<Archive> {
  const path = join(work, 'image.tar');
  await expectProgram('save the image', 'docker', ['save', '--output', path, name], context);
  return { kind: 'docker-archive', path };
}

/** Takes the name away; what nothing else names goes with it. */
export async function removeName(name: string, context: BuilderContext): Promise<void> {
  const options = { despiteSignal: true, limit: 60_000 };
  await runProgram('docker', ['image', 'rm', name], context, options);
}
