// Where the answers of the real programs lie: beside the checkout, or where `BIVY_SHARED` says.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from 'vitest';

/** Describes tests against `oracles/NAME`; skips them, and says so, where that is absent. */
export function describeOracle(name: string, body: (path: string) => void): void {
  const shared = process.env['BIVY_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');
  const path = join(shared, 'oracles', name);
  if (existsSync(path)) {
    describe(`oracles/${name}`, () => body(path));
  } else {
    console.warn(`SKIPPED: no ${path}; set BIVY_SHARED to the directory that holds \`oracles\``);
    describe.skip(`oracles/${name}`, () => {});
  }
}

/** The values of a file with a JSON document on each line. */
export function readLines<T>(path: string): readonly T[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
