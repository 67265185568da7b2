import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bivy } from '../support/command.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

/** Every key with the type of its value, items of lists under `[]`: `images[].layers[].kind string`. */
function shapeOf(value: unknown, path = ''): readonly string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => shapeOf(item, `${path}[]`));
  if (typeof value !== 'object') return [`${path} ${typeof value}`];
  return Object.entries(value).flatMap(([key, inner]) =>
    shapeOf(inner, path === '' ? key : `${path}.${key}`),
  );
}

function documented(heading: string): unknown {
  const text = readFileSync('docs/json.md', 'utf8');
  const section = text.slice(text.indexOf(`## ${heading}`));
  return JSON.parse(/```json\n([\s\S]*?)```/.exec(section)?.[1] ?? '');
}

async function shop(): Promise<{ readonly shop: Workshop; readonly environment: Record<string, string> }> {
  const opened = await openWorkshop();
  const windows = { name: 'gamma-1.0-cp311-cp311-win_amd64.whl', sha256: 'a'.repeat(64) };
  opened.lay([
    moduleWheel('alpha'),
    { wheel: moduleWheel('gamma'), locked: { files: [windows], group: 'dev' } },
  ]);
  return {
    shop: opened,
    environment: { BIVY_CACHE_DIR: opened.cache, BIVY_INDEX_URL: opened.index.url, BIVY_BASE: opened.base },
  };
}

describe('docs/json.md', () => {
  it.each([
    ['`bivy build --json`', ['build', '--platform', 'linux/amd64', '--json']],
    ['`bivy plan --json`', ['plan', '--python', '3.11.2', '--all-groups', '--json']],
    ['Any command that failed', ['build', '--extras', 'docs', '--json']],
  ])('%s has the keys that the program prints', async (heading, [command = '', ...args]) => {
    const { shop: opened, environment } = await shop();
    const output = command === 'build' ? ['-o', `oci:${opened.path('out')}`] : [];
    const ran = await bivy([command, opened.project, ...args, ...output], { environment });
    const printed = new Set(shapeOf(JSON.parse(ran.stdout)));
    for (const key of shapeOf(documented(heading))) {
      // An error of another kind has further faults below it.
      if (key !== 'error.causes[] string') expect(printed, key).toContain(key);
    }
    const missing = [...printed].filter((key) => !shapeOf(documented(heading)).includes(key));
    expect(missing.filter((key) => !key.startsWith('images[].layers[].packages'))).toEqual([]);
  });
});

describe('bivy cache', () => {
  it('says its size, removes what nobody used for 30 days, and all of it', async () => {
    const { shop: opened, environment } = await shop();
    await bivy(['build', opened.project, '--platform', 'linux/amd64', '-o', `oci:${opened.path('out')}`], {
      environment,
    });
    const size = async (): Promise<number> => {
      const ran = await bivy(['cache', 'size', '--json'], { environment });
      const { kinds, ...rest } = JSON.parse(ran.stdout);
      expect(rest).toEqual({ version: 1, directory: opened.cache });
      return kinds.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0);
    };
    const full = await size();
    expect(full).toBeGreaterThan(1000);
    const old = opened.path('cache', 'blobs', 'sha256', 'a'.repeat(64));
    writeFileSync(old, 'old');
    utimesSync(old, 0, 0);
    const pruned = await bivy(['cache', 'prune', '--json'], { environment });
    expect(JSON.parse(pruned.stdout)).toEqual({ version: 1, directory: opened.cache, removed: 3 });
    expect(await size()).toBe(full);
    // What is not bivy's is not touched.
    mkdirSync(opened.path('cache', 'photos'));
    writeFileSync(opened.path('cache', 'photos', 'summit.jpg'), '…');
    const cleared = await bivy(['cache', 'clear'], { environment });
    expect(cleared.stdout).toMatch(/^removed .* from /);
    expect(await size()).toBe(0);
    expect(existsSync(opened.path('cache', 'photos', 'summit.jpg'))).toBe(true);
  });
});
