// The project's own files and the command they make, as the native way and the Dockerfile way both need them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MARKER } from '../dockerfile/facts.ts';
import { type Command, findCommand } from '../project/entrypoint.ts';
import { collectFiles, type ProjectFiles } from '../project/files.ts';
import type { Decoded } from './decoded.ts';

export interface SourceOptions extends Pick<Decoded, 'project' | 'settings'> {
  readonly directory: string;
  /** The Poetry whose rules say what a wheel of the project holds. */
  readonly poetry: string;
  /** Install the project itself. */
  readonly root: boolean;
  /** Paths below the project where this build writes. */
  readonly leaveOut?: readonly string[];
}

export interface Sources {
  readonly files: ProjectFiles;
  readonly command: Command;
}

/** @throws BivyError `ROOT_INVALID`, `INCLUDE_MISSING`, `ENTRYPOINT_UNKNOWN` */
export function readSources({
  directory,
  project,
  settings,
  poetry,
  root,
  leaveOut = [],
}: SourceOptions): Sources {
  const files = collectFiles(directory, project, {
    root,
    include: settings.include,
    poetry,
    leaveOut,
    generated: MARKER,
  });
  const command = findCommand({
    ...(settings.cmd === undefined ? {} : { cmd: settings.cmd }),
    entrypoint: settings.entrypoint,
    project,
    installed: root && project.packageMode,
    files: [...files.wheel, ...files.work],
    read: (source) => readFileSync(join(directory, source), 'utf8'),
  });
  return { files, command };
}
