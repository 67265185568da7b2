// Generated files on disk: written together or not at all, never over somebody's file, and compared with what is there.

import { existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MARKER } from '../dockerfile/facts.ts';
import { unifiedDiff } from '../dockerfile/lint/diff.ts';
import { BivyError } from '../kernel/errors.ts';

export interface GeneratedFile {
  /** Relative to the directory that was asked for. */
  readonly path: string;
  readonly text: string;
}

export interface Difference {
  readonly path: string;
  /** `missing`: there is no such file. `foreign`: bivy did not write it. */
  readonly kind: 'missing' | 'foreign' | 'changed';
  /** From what is there to what would be written, as `diff -u` has it. */
  readonly diff: string;
}

/** @returns what is not as it would be written; line ends count for nothing, for Git may change them */
export function differences(directory: string, files: readonly GeneratedFile[]): readonly Difference[] {
  return files.flatMap(({ path, text }): readonly Difference[] => {
    const there = readText(join(directory, path));
    const before = there?.replaceAll('\r\n', '\n');
    if (before === text) return [];
    const diff = unifiedDiff(
      before ?? '',
      text,
      before === undefined ? '/dev/null' : `a/${path}`,
      `b/${path}`,
    );
    const kind = before === undefined ? 'missing' : isOurs(before) ? 'changed' : 'foreign';
    return [{ path, kind, diff }];
  });
}

/**
 * All of them or none.
 * @param force write over files that are not bivy's too
 * @returns the paths
 * @throws BivyError `DOCKERFILE_NOT_OURS`; the system's errors as they are
 */
export function writeFiles(
  directory: string,
  files: readonly GeneratedFile[],
  force: boolean,
): readonly string[] {
  const before = files.map(({ path }) => readText(join(directory, path)));
  const foreign = files.filter((_, index) => {
    const text = before[index];
    return text !== undefined && !isOurs(text);
  });
  const [first] = foreign;
  if (first !== undefined && !force) {
    throw new BivyError(
      'DOCKERFILE_NOT_OURS',
      `\`${first.path}\` is there already, and bivy did not write it`,
      {
        location: { file: join(directory, first.path), line: 1 },
        causes: foreign.slice(1).map(({ path }) => `neither did it write \`${path}\``),
        hint: "move it away first, or write over it with `--force`, or print bivy's with `bivy dockerfile` and take from it what you like",
      },
    );
  }
  const written: { readonly place: string; readonly text: string | undefined }[] = [];
  const temporary = files.map(({ path }) => `${placeOf(join(directory, path))}.bivy-${process.pid}`);
  try {
    for (const [index, { path, text }] of files.entries()) {
      writeFileSync(temporary[index]!, text, { flag: 'wx', mode: modeOf(join(directory, path)) });
    }
    for (const [index, { path }] of files.entries()) {
      const place = placeOf(join(directory, path));
      renameSync(temporary[index]!, place);
      written.push({ place, text: before[index] });
    }
  } catch (error) {
    for (const { place, text } of written) {
      if (text === undefined) rmSync(place, { force: true });
      else writeFileSync(place, text);
    }
    throw error;
  } finally {
    for (const name of temporary) rmSync(name, { force: true });
  }
  return files.map(({ path }) => path);
}

function isOurs(text: string): boolean {
  const [first = ''] = text.split('\n', 1);
  return first.trimEnd() === MARKER;
}

/** Where a link leads, so that the link stays. */
function placeOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function modeOf(path: string): number {
  const there = statSync(path, { throwIfNoEntry: false });
  return there === undefined ? 0o644 : there.mode & 0o777;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
