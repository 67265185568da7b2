import { describe, expect, it } from 'vitest';
import { meets, meetsSomehow } from '../../../../src/dockerfile/lint/constraint.ts';
import { isIgnored } from '../../../../src/dockerfile/lint/ignore-file.ts';
import { type Beside, repaired, seen, stage } from './support.ts';

type Case = readonly [name: string, text: string, seen: readonly string[], beside?: Beside];

function holds(id: string, cases: readonly Case[]): void {
  describe(id, () => {
    for (const [name, text, expected, beside = {}] of cases) {
      it(name, () => expect(seen(id, text, beside)).toEqual(expected));
    }
    it('says nothing without a project', () => {
      for (const [, text] of cases) expect(seen(id, text)).toEqual([]);
    });
  });
}

const IN_PROJECT = 'ENV POETRY_VIRTUALENVS_IN_PROJECT=true';

holds('BV301', [
  ['missed: it cannot read the lock', stage('x', { poetry: '1.1.15' }), ['poetry==1.1.15']],
  ['missed: the project excludes it', stage('x'), ['poetry==2.1.4'], { requiresPoetry: '>=2.2,<3' }],
  [
    'missed: a lock without a version',
    stage('x'),
    ['poetry==2.1.4'],
    { lock: { poetry: undefined, version: undefined, packages: 3 } },
  ],
  ['met', stage('x'), [], { requiresPoetry: '>=2.1' }],
  [
    'tricky: 1.2.2 reads what 1.2.1 does not',
    stage('x', { poetry: '1.2.2' }),
    [],
    { lock: { poetry: '1.3.0', version: '2.0', packages: 3 } },
  ],
  ['tricky: no lock is no fault of Poetry', stage('x', { poetry: '1.1.15' }), [], { lock: undefined }],
]);

holds('BV311', [
  ['missed', stage('x', { poetry: '1.8.5' }), ['poetry==1.8.5']],
  ['met', stage('x'), []],
  [
    'tricky: a lock of Poetry 1',
    stage('x', { poetry: '1.8.5' }),
    [],
    { lock: { poetry: '1.8.5', version: '2.0', packages: 3 } },
  ],
  ['tricky: what cannot read it at all is told otherwise', stage('x', { poetry: '1.1.15' }), []],
]);

holds('BV302', [
  ['missed', stage('poetry install --without dev,test'), ['test']],
  ['missed: an option and its value in one', stage('poetry install --only=mian'), ['mian']],
  ['met', stage('poetry install --without dev --only main'), []],
  ['tricky: spelt otherwise', stage('poetry install --without Dev'), []],
  ['tricky: from a variable', stage('poetry install --with $GROUPS', { before: 'ARG GROUPS' }), []],
  ['tricky: another project', stage('poetry -C other install --without test'), []],
]);

holds('BV303', [
  ['missed', stage('poetry install -E web -E wbe'), ['wbe']],
  ['met', stage('poetry install --extras "web"'), []],
  ['tricky: many in one', stage('poetry install --extras "web api"'), ['api']],
]);

const README = { readmes: ['README.md'] };
const CODE = 'COPY pyproject.toml poetry.lock ./\nCOPY hut ./hut';
holds('BV304', [
  ['missed', stage('poetry install', { copy: CODE }), ['install'], README],
  [
    'missed: it is ignored',
    stage('poetry install', { copy: 'COPY . .' }),
    ['install'],
    { ...README, ignore: { file: '.dockerignore', lines: ['*.md'] } },
  ],
  ['met', stage('poetry install', { copy: `${CODE}\nCOPY README.md ./` }), [], README],
  ['met: not installed', stage('poetry install --no-root', { copy: CODE }), [], README],
  ['tricky: a stub', stage('touch README.md && poetry install', { copy: CODE }), [], README],
  [
    'tricky: taken back',
    stage('poetry install', { copy: 'COPY . .' }),
    [],
    { ...README, ignore: { file: '.dockerignore', lines: ['*.md', '!README.md'] } },
  ],
  ['tricky: no package', stage('poetry install', { copy: CODE }), [], { ...README, packageMode: false }],
]);

const PATHS = { paths: [{ name: 'shared', path: 'libs/shared', group: 'main', develop: true }] };
holds('BV305', [
  ['missed', stage('poetry install --no-root'), ['install'], PATHS],
  ['met', stage('poetry install --no-root', { copy: 'COPY libs libs' }), [], PATHS],
  ['tricky: for later', stage('poetry install --no-root --no-directory'), [], PATHS],
  [
    'tricky: its group is left out',
    stage('poetry install --only main --no-root'),
    [],
    { paths: [{ ...PATHS.paths[0]!, group: 'dev' }] },
  ],
  [
    'tricky: outside of the context',
    stage('poetry install --no-root'),
    [],
    { paths: [{ ...PATHS.paths[0]!, path: '../shared' }] },
  ],
  [
    'tricky: the context is above',
    stage('poetry install --no-root', { copy: 'COPY shared shared' }),
    [],
    { path: 'api', paths: [{ ...PATHS.paths[0]!, path: '../shared' }] },
  ],
]);

holds('BV306', [
  ['missed', stage('poetry install --no-root', { after: 'CMD ["hut"]' }), ['"hut"']],
  [
    'missed: no package',
    stage('poetry install', { after: 'CMD hut --port 80' }),
    ['hut'],
    { packageMode: false },
  ],
  ['met', stage('poetry install', { after: 'CMD ["hut"]' }), []],
  [
    'tricky: later',
    stage('poetry install --no-root', { after: 'COPY . .\nRUN poetry install\nCMD ["hut"]' }),
    [],
  ],
  [
    'tricky: by pip',
    stage('poetry install --no-root', { after: 'COPY . .\nRUN pip install --no-deps .\nCMD ["hut"]' }),
    [],
  ],
  ['tricky: as a module', stage('poetry install --no-root', { after: 'CMD ["python", "-m", "hut"]' }), []],
]);

holds('BV307', [
  ['missed', stage('poetry install', { base: 'python:3.9-slim' }), ['python:3.9-slim']],
  ['met', stage('poetry install', { base: 'python:3.10-slim' }), []],
  [
    'tricky: a later patch may do',
    stage('poetry install', { base: 'python:3.11' }),
    [],
    { python: '>=3.11.4' },
  ],
  [
    'tricky: an earlier patch is said',
    stage('poetry install', { base: 'python:3.11.3' }),
    ['python:3.11.3'],
    { python: '>=3.11.4' },
  ],
  ['tricky: another image', stage('poetry install', { base: 'example/python-base:3.9' }), []],
]);

holds('BV308', [
  ['missed: none', stage('poetry install', { copy: 'COPY . .' }), ['.'], { ignore: undefined }],
  [
    'missed: it lets something through',
    stage('poetry install', { copy: 'COPY . .' }),
    ['.'],
    { contextFiles: ['.env', 'hut/'], ignore: { file: '.dockerignore', lines: ['.git'] } },
  ],
  ['met', stage('poetry install', { copy: 'COPY . .' }), [], { contextFiles: ['.env', '.git/', '.venv/'] }],
  [
    'tricky: nothing is there',
    stage('poetry install', { copy: 'COPY . .' }),
    [],
    { ignore: { file: '.dockerignore', lines: [] } },
  ],
  [
    'tricky: taken back in the end',
    stage('poetry install', { copy: 'COPY . .' }),
    ['.'],
    { contextFiles: ['.env'], ignore: { file: '.dockerignore', lines: ['*', '!.env'] } },
  ],
  ['tricky: not everything is copied', stage('poetry install'), [], { ignore: undefined }],
]);

const VENV = { contextFiles: ['.venv/', 'hut/'], ignore: undefined };
holds('BV309', [
  ['missed', stage('poetry install', { before: IN_PROJECT, after: 'COPY . .' }), ['.'], VENV],
  [
    'met: ignored',
    stage('poetry install', { before: IN_PROJECT, after: 'COPY . .' }),
    [],
    { contextFiles: ['.venv/'] },
  ],
  ['tricky: copied before', stage('poetry install', { before: IN_PROJECT, copy: 'COPY . .' }), [], VENV],
  [
    'tricky: to another place',
    stage('poetry install', { before: IN_PROJECT, after: 'COPY . /srv' }),
    [],
    VENV,
  ],
]);

holds('BV310', [
  ['missed', stage('poetry install'), ['install']],
  ['met', stage('poetry install', { copy: CODE }), []],
  ['met: not installed yet', stage('poetry install --no-root'), []],
  ['tricky: a stub of the package', stage('mkdir hut && touch hut/__init__.py && poetry install'), []],
  [
    'tricky: Poetry 1 may do it later',
    stage('poetry install', { poetry: '1.4.2', after: 'COPY . .\nRUN poetry install' }),
    [],
  ],
  [
    'tricky: Poetry 2 does not',
    stage('poetry install', { after: 'COPY . .\nRUN poetry install' }),
    ['install'],
  ],
]);

describe('fixes', () => {
  it.each<readonly [id: string, text: string, from: string, to: string, beside: Beside]>([
    ['BV301', stage('x', { poetry: '1.1.15' }), '1.1.15', '2.1.4', {}],
    ['BV311', stage('x', { poetry: '1.8.5' }), '1.8.5', '2.1.4', {}],
    ['BV302', stage('poetry install --without dve'), 'dve', 'dev', {}],
    ['BV304', stage('poetry install', { copy: CODE }), 'pyproject.toml', 'pyproject.toml README.md', README],
    ['BV310', stage('poetry install'), 'poetry install', 'poetry install --no-root', {}],
  ])('%s: %s', (id, text, from, to, beside) => {
    const at = text.lastIndexOf(from);
    expect(repaired(id, text, beside)).toBe(text.slice(0, at) + to + text.slice(at + from.length));
  });

  it('do not pin a Poetry that the project excludes', () => {
    const text = stage('x', { poetry: '1.8.5' });
    expect(repaired('BV311', text, { requiresPoetry: '>=2.2' })).toBe(text);
  });
});

describe('constraints', () => {
  it.each([
    ['3.11', '^3.11', true],
    ['3.10', '^3.11', false],
    ['4.0', '^3.11', false],
    ['0.3', '^0.2', false],
    ['3.12', '~3.11', false],
    ['3.11.9', '~=3.11.2', true],
    ['3.12', '~=3.11.2', false],
    ['3.12', '~=3.11', true],
    ['3.9', '>=3.8, <3.10', true],
    ['3.9', '>= 3.10 || 3.9.*', true],
    ['3.9', '!=3.9.*', false],
    ['3.9', '*', true],
    ['2.1.4', '2.1.4', true],
    ['3.9', 'pypy', undefined],
  ])('%s and %s: %s', (version, constraint, expected) => {
    expect(meets(version.split('.').map(Number), constraint)).toBe(expected);
  });

  it('take a series where some release of it does', () => {
    expect(meetsSomehow([3, 11], '>=3.11.4')).toBe(true);
    expect(meetsSomehow([3, 11], '<3.11.2')).toBe(true);
    expect(meetsSomehow([3, 11], '>=3.12')).toBe(false);
  });
});

describe('.dockerignore', () => {
  it.each([
    ['.git', '.git', true],
    ['/.git/', '.git', true],
    ['.venv', 'api/.venv', false],
    ['**/.venv', 'api/.venv', true],
    ['**/.venv', '.venv', true],
    ['*', 'a', true],
    ['*.md', 'docs/a.md', false],
    ['docs', 'docs/a.md', true],
    ['**/*.md', 'docs/a.md', true],
    ['# .git', '.git', false],
    ['./.env*', '.env.local', true],
    ['.[eg]*', '.env', true],
    ['.[', '.[', false],
    ['a**', 'ab/c', true],
    ['', 'a', false],
  ])('%s keeps %s out: %s', (line, path, expected) => {
    expect(isIgnored({ file: '.dockerignore', lines: [line] }, path)).toBe(expected);
  });

  it('is decided by the last line that fits', () => {
    const lines = ['*', '!src', 'src/secret'];
    expect(isIgnored({ file: '.dockerignore', lines }, 'src/a.py')).toBe(false);
    expect(isIgnored({ file: '.dockerignore', lines }, 'src/secret')).toBe(true);
    expect(isIgnored({ file: '.dockerignore', lines }, 'docs')).toBe(true);
  });
});
