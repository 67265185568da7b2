// `--engine buildkit` and `--engine native` on the same base: the same packages, modules and console scripts. What may differ
// stands in one table, each with its reason; anything else is a fault of one of the two.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { haveEngine } from './support/engine.ts';
import { scratchFolder, succeed } from './support/program.ts';
import { engineEnvironment, savedBase } from './support/saved-base.ts';
import { ROOT } from './support/shared-folders.ts';
import { type Leaf, readTree } from './support/trees.ts';

interface Difference {
  readonly path: string;
  readonly native: Leaf | undefined;
  readonly built: Leaf | undefined;
}

interface Allowed {
  readonly what: string;
  readonly why: string;
  /** Whether it is this difference, and no more than this. @param read a file of one of the trees */
  is(difference: Difference, read: Read, example: string): boolean;
}

type Read = (tree: 'native' | 'built', path: string) => string;

const SITE = '.venv/lib/python3.11/site-packages';

function onlyBuilt(pattern: RegExp): Allowed['is'] {
  return ({ path, native }) => native === undefined && pattern.test(path);
}

const ALLOWED: readonly Allowed[] = [
  {
    what: 'byte code in the built image',
    why: 'the generated Dockerfile compiles; a native image has none unless asked, since it would not be reproducible',
    is: onlyBuilt(/(?:^|\/)__pycache__(?:\/[^/]+\.pyc)?$/),
  },
  {
    what: '`activate`, `Activate.ps1` and the like',
    why: '`python -m venv` writes them; nobody activates an environment in a container',
    is: onlyBuilt(/^\.venv\/bin\/(?:[Aa]ctivate(?:\.\w+)?|activate_this\.py)$/),
  },
  {
    what: '`.venv/include` and `.venv/lib64`',
    why: '`python -m venv` makes them: an empty folder for headers, a link to `lib`',
    is: ({ path, native, built }) =>
      native === undefined &&
      (path === '.venv/lib64' ? built?.content === 'lib' : /^\.venv\/include(?:\/python3\.\d+)?$/.test(path)),
  },
  {
    what: '`pyvenv.cfg`',
    why: '`python -m venv` adds the command that it was called with; home and version must agree',
    is: ({ path }, read) =>
      path === '.venv/pyvenv.cfg' &&
      ['home', 'include-system-site-packages', 'version'].every(
        (key) => settingOf(read('native', path), key) === settingOf(read('built', path), key),
      ),
  },
  {
    what: 'where `.venv/bin/python` leads',
    why: 'venv takes the name that it was called by (`/usr/bin/python`), bivy the file behind it: the same program',
    is: ({ path, native, built }) =>
      path === '.venv/bin/python' && isPython(native?.content) && isPython(built?.content),
  },
  {
    what: '`INSTALLER`',
    why: 'it names the installer, which another one is: bivy, Poetry, or pip for the project itself',
    is: ({ path, native, built }, read) =>
      /\.dist-info\/INSTALLER$/.test(path) &&
      native !== undefined &&
      built !== undefined &&
      /^(?:Poetry \d[\w.]*|pip)\s*$/.test(read('built', path)) &&
      read('native', path).startsWith('bivy'),
  },
  {
    what: '`RECORD`',
    why: 'its lines stand in another order, and name the files of this table with other hashes or not at all',
    is: ({ path, native, built }, read, example) => {
      if (!/\.dist-info\/RECORD$/.test(path) || native === undefined || built === undefined) return false;
      const own = path.startsWith(`${SITE}/${example}-`);
      return sameRecords(read('native', path), read('built', path), own);
    },
  },
  {
    what: '`direct_url.json` and `REQUESTED` of the project',
    why: 'pip writes them, since the Dockerfile installs the wheel of the project from a path',
    is: (difference, _, example) =>
      onlyBuilt(new RegExp(`^${SITE}/${example}-[^/]+\\.dist-info/(?:direct_url\\.json|REQUESTED)$`))(
        difference,
        () => '',
        example,
      ),
  },
  {
    what: '`WHEEL` of the project',
    why: 'it names what made the wheel: bivy, or poetry-core of that version',
    is: ({ path, native, built }, read, example) => {
      if (!new RegExp(`^${SITE}/${example}-[^/]+\\.dist-info/WHEEL$`).test(path)) return false;
      const rest = (text: string): string => text.replace(/^Generator: .*\n/m, '').trim();
      return (
        native !== undefined &&
        built !== undefined &&
        rest(read('native', path)) === rest(read('built', path))
      );
    },
  },
  {
    what: 'the description in `METADATA` of the project',
    why: 'the Dockerfile has an empty README in place of the real one, so that a changed README rebuilds nothing',
    is: ({ path, native, built }, read, example) => {
      if (!new RegExp(`^${SITE}/${example}-[^/]+\\.dist-info/METADATA$`).test(path)) return false;
      const head = (text: string): string => text.split('\n\n')[0]?.trim() ?? '';
      return (
        native !== undefined &&
        built !== undefined &&
        head(read('native', path)) === head(read('built', path))
      );
    },
  },
];

function settingOf(text: string, key: string): string | undefined {
  return new RegExp(`^${key} *= *(.*)$`, 'm').exec(text)?.[1];
}

function isPython(target: string | undefined): boolean {
  return target !== undefined && /^\/usr\/bin\/python(?:3(?:\.11)?)?$/.test(target);
}

/** The same files with the same hashes, but for those that the table lets differ. */
function sameRecords(native: string, built: string, own: boolean): boolean {
  const others = own
    ? /(?:INSTALLER|REQUESTED|direct_url\.json|WHEEL|METADATA|\.pyc)$/
    : /(?:INSTALLER|REQUESTED|\.pyc)$/;
  const lines = (text: string): string =>
    text
      .split(/\r?\n/)
      .filter((line) => line !== '' && !others.test(line.split(',')[0] ?? ''))
      .sort()
      .join('\n');
  return lines(native) === lines(built);
}

/** Distributions and console scripts, by name. */
function installed(tree: ReadonlyMap<string, Leaf>): {
  readonly packages: readonly string[];
  readonly scripts: readonly string[];
} {
  const names = [...tree.keys()];
  return {
    packages: names.filter((name) => /^[^/]+\.dist-info$/.test(name.slice(SITE.length + 1))),
    scripts: names.filter(
      (name) =>
        /^\.venv\/bin\/[^/]+$/.test(name) && tree.get(name)?.kind === 'file' && tree.get(name)?.executable,
    ),
  };
}

const engine = haveEngine();
const folder = scratchFolder();

describe.runIf(engine)('the two ways', () => {
  let base = '';
  beforeAll(async () => {
    base = await savedBase(folder);
  });

  it.each([
    ['annapurna', 6],
    ['everest', 29],
  ])('%s', async (example, count) => {
    const project = join(ROOT, 'examples', example);
    const trees = { native: join(folder, `${example}-native`), built: join(folder, `${example}-built`) };
    await succeed(['build', project, '--base', base, '-o', `dir:${trees.native}`]);
    const flags = [
      '--engine',
      'buildkit:docker',
      '--network',
      'host',
      '--base',
      base,
      '--builder-base',
      base,
    ];
    await succeed(['build', project, ...flags, '-o', `dir:${trees.built}`], {
      environment: engineEnvironment(),
    });

    const native = readTree(join(trees.native, 'app'));
    const built = readTree(join(trees.built, 'app'));
    expect(installed(built)).toEqual(installed(native));
    // The packages of the lock, and the project.
    expect(installed(native).packages).toHaveLength(count + 1);

    const read: Read = (tree, path) => readFileSync(join(trees[tree], 'app', path), 'utf8');
    const paths = [...new Set([...native.keys(), ...built.keys()])].sort();
    const differences = paths
      .map((path): Difference => ({ path, native: native.get(path), built: built.get(path) }))
      .filter((one) => JSON.stringify(one.native) !== JSON.stringify(one.built));
    const unexplained = differences.filter((one) => !ALLOWED.some((rule) => rule.is(one, read, example)));
    expect(unexplained).toEqual([]);
    // The table says no more than is true.
    const idle = ALLOWED.filter((rule) => !differences.some((one) => rule.is(one, read, example)));
    expect(idle.map(({ what }) => what)).toEqual([]);
  });
});
