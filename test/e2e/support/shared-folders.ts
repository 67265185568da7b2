// Places that the end-to-end tests share: this checkout, and what is kept between runs.

import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** A folder for what is downloaded, kept between runs: wheels, Debian packages, other versions of Node. */
export function sharedFolder(...names: string[]): string {
  const home = process.env['XDG_CACHE_HOME'];
  const folder = join(
    home !== undefined && home !== '' ? home : join(homedir(), '.cache'),
    'bivy-test',
    ...names,
  );
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A cache that builds share where it need not be cold. */
export function sharedCache(): string {
  return sharedFolder('cache');
}
