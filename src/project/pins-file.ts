// `bivy.lock` on the disk: whole or not there.

import { randomUUID } from 'node:crypto';
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PINS_FILE, type Pins } from './pins.ts';
import { decodePins } from './pins-decode.ts';
import { encodePins } from './pins-text.ts';

/** The text of a project's `bivy.lock`; nothing where it has none. */
export function readPinsText(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, PINS_FILE), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

/** @throws BivyError `PINS_INVALID` with the line */
export function readPins(directory: string): Pins | undefined {
  const text = readPinsText(directory);
  return text === undefined ? undefined : decodePins(text);
}

/**
 * Replaces the file in one step: who reads it meanwhile, or after a crash, finds the old or the new one.
 * @returns false where it said the same already
 */
export function writePins(directory: string, pins: Pins): boolean {
  const text = encodePins(pins);
  if (readPinsText(directory) === text) return false;
  const path = targetOf(join(directory, PINS_FILE));
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o666, flush: true });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  return true;
}

/** The file itself, where the path is a link to it. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
