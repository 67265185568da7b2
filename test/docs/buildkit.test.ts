// The table of docs/buildkit.md that says what each builder can be asked, held against the builders.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildctl } from '../../src/engines/builders/buildctl.ts';
import type { Wish } from '../../src/engines/builders/builder.ts';
import { buildx } from '../../src/engines/builders/buildx.ts';
import { dockerBuild } from '../../src/engines/builders/docker-build.ts';
import { podman } from '../../src/engines/builders/podman.ts';

const text = readFileSync('docs/buildkit.md', 'utf8');
const BUILDERS = [buildx, buildctl, dockerBuild, podman];

/** The row of a wish, by how it begins. */
const ROWS: readonly (readonly [Wish, string])[] = [
  ['builder', '`--builder`'],
  ['platforms', 'several platforms'],
  ['secret', '`--secret'],
  ['ssh', '`--secret'],
  ['cache-from', '`--cache-from`'],
  ['cache-to', '`--cache-to`'],
  ['sbom', '`--sbom`'],
  ['provenance', '`--sbom`'],
  ['compression', '`--compression'],
  ['pull', '`-f`'],
];

describe('docs/buildkit.md', () => {
  it.each(ROWS)('%s: refused by those who cannot', (wish, beginning) => {
    const row = text.split('\n').find((line) => line.startsWith(`| ${beginning}`)) ?? '';
    const cells = row
      .split(' | ')
      .slice(1)
      .map((cell) => cell.replace(/ \|$/, ''));
    expect(cells.map((cell) => cell === 'refused')).toEqual(
      BUILDERS.map(({ lacks }) => lacks[wish] !== undefined),
    );
  });
});
