// A second project that has four fifths of everest's wheels, by their bytes: without SQLAlchemy, with mypy and black. Its
// lock is everest's own, edited as Poetry would have written it.

import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseExactToml } from '../src/kernel/toml.ts';
import { contentHash } from '../src/lock/content-hash.ts';

const EVEREST = fileURLToPath(new URL('../examples/everest', import.meta.url));
/** mypy and black, and what they need that everest has not. */
const ADDED = [
  'ast-serialize',
  'black',
  'librt',
  'mypy',
  'mypy-extensions',
  'packaging',
  'pathspec',
  'platformdirs',
  'pytokens',
];

const MAIN = `import mypy.version
import scipy

if __name__ == "__main__":
    print(scipy.__version__, mypy.version.__version__)
`;

/** @throws Error where everest's files are not what is edited here any more */
export function writeLhotse(directory: string): void {
  cpSync(EVEREST, directory, { recursive: true });
  renameSync(join(directory, 'everest'), join(directory, 'lhotse'));
  rmSync(join(directory, 'tests'), { recursive: true, force: true });
  const read = (name: string): string => readFileSync(join(EVEREST, name), 'utf8');
  const project = edited(read('pyproject.toml'), [
    ['name = "everest"', 'name = "lhotse"'],
    ['    "sqlalchemy (>=2.0,<3.0)",\n', '    "black (>=26.0)",\n    "mypy (>=2.0,<3.0)",\n'],
    ['black = "*"\n', ''],
    ['mypy = "*"\n', ''],
  ]);
  const [head = '', ...rest] = read('poetry.lock').split(/^(?=\[\[package\]\]$)/m);
  const packages = rest
    .filter((text) => !text.includes('\nname = "sqlalchemy"\n'))
    .map((text) => {
      const name = /^name = "(.+)"$/m.exec(text)?.[1] ?? '';
      return ADDED.includes(name) ? edited(text, [['groups = ["dev"]', 'groups = ["main"]']]) : text;
    });
  const hash = contentHash(
    parseExactToml(project, 'pyproject.toml') as Readonly<Record<string, unknown>>,
    '2.3+',
  );
  const lock = [head, ...packages].join('').replace(/^content-hash = .*$/m, `content-hash = "${hash}"`);
  writeFileSync(join(directory, 'lhotse', 'main.py'), MAIN);
  writeFileSync(join(directory, 'pyproject.toml'), project);
  writeFileSync(join(directory, 'poetry.lock'), lock);
}

function edited(text: string, changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`everest's files do not hold \`${from}\` any more`);
    return before.replace(from, to);
  }, text);
}
