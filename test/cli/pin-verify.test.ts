import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bivy } from '../support/command.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

interface Stand {
  readonly shop: Workshop;
  readonly environment: Record<string, string>;
}

async function stand(): Promise<Stand> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha')]);
  const environment = {
    BIVY_CACHE_DIR: shop.cache,
    BIVY_INDEX_URL: shop.index.url,
    BIVY_BASE: shop.base,
    BIVY_PLATFORMS: 'linux/amd64',
  };
  return { shop, environment };
}

/** Every path of a document, whatever its values. */
function keysOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, path === '' ? key : `${path}.${key}`));
}

function documented(command: string): readonly string[] {
  const text = readFileSync('docs/json.md', 'utf8');
  const section = text.slice(text.indexOf(`## \`bivy ${command} --json\``));
  return keysOf(JSON.parse(/```json\n([\s\S]*?)```/.exec(section)?.[1] ?? ''));
}

describe('bivy pin and bivy verify', () => {
  it('pin, build, verify, edit, verify: exit status 0 and 1, and the documents of docs/json.md', async () => {
    const { shop, environment } = await stand();
    const pin = await bivy(['pin', shop.project], { environment });
    expect([pin.status, pin.stdout], pin.stderr).toEqual([0, expect.stringMatching(/^wrote .*bivy\.lock\n/)]);
    const again = await bivy(['pin', shop.project, '--update', '--layers', '--json'], { environment });
    expect(again.status, again.stderr).toBe(0);
    const known = new Set(documented('pin'));
    expect(
      keysOf(JSON.parse(again.stdout)).filter(
        (key) => !known.has(key) && !/\[\]?$|^change\.\w+$|packages$/.test(key),
      ),
    ).toEqual([]);

    const image = `oci:${shop.path('out')}`;
    const built = await bivy(['build', shop.project, '-o', image], { environment });
    expect(built.status, built.stderr).toBe(0);
    const same = await bivy(['verify', image, shop.project], { environment });
    expect([same.status, same.stdout], same.stderr).toEqual([
      0,
      `${image} is what its sources make\n  linux/amd64    same digest: ${built.stdout.trim()}\n`,
    ]);
    appendFileSync(shop.path('project', 'hut', '__main__.py'), '# later\n');
    const other = await bivy(['verify', image, shop.project, '--json'], { environment });
    expect(other.status, other.stderr).toBe(1);
    const document = JSON.parse(other.stdout);
    expect(document).toMatchObject({ version: 1, equal: false });
    const keys = new Set(documented('verify'));
    expect(
      keysOf(document).filter(
        (key) => !keys.has(key) && !/^(?:skipped|platforms\[\]\.(?:config|manifest))/.test(key),
      ),
    ).toEqual([]);
  });

  it('exit with 2 where it could not be told', async () => {
    const { shop, environment } = await stand();
    for (const args of [
      ['verify'],
      ['verify', `oci:${shop.path('nowhere')}`, shop.project],
      ['pin', shop.folder],
    ]) {
      const ran = await bivy(args, { environment });
      expect([args[0], ran.status, ran.stderr]).toEqual([
        args[0],
        2,
        expect.stringMatching(/^error: .*\n[\s\S]*hint: /),
      ]);
    }
  });
});
