import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LintRequest, type LintRun, lintDockerfiles } from '../../src/app/lint.ts';
import { fileDiff } from '../../src/app/lint-diff.ts';
import { nameDockerfiles } from '../../src/app/lint-files.ts';
import { KNOWN_RULES } from '../../src/app/lint-rules.ts';
import { openSurroundings } from '../../src/app/lint-surroundings.ts';
import { replaceFile } from '../../src/app/replace-file.ts';
import type { LintProject } from '../../src/dockerfile/lint/project.ts';
import type { BivyError } from '../../src/kernel/errors.ts';
import type { Event } from '../../src/kernel/events.ts';

let root = '';
const events: Event[] = [];
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'bivy-lint-'));
  events.length = 0;
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

function lay(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(join(root, name, '..'), { recursive: true });
    fs.writeFileSync(join(root, name), content);
  }
}

function lint(paths: readonly string[] = [], more: Partial<LintRequest> = {}): Promise<LintRun> {
  const emit = (event: Event): void => void events.push(event);
  return lintDockerfiles({ directory: root, paths, ...more }, { emit, signal: new AbortController().signal });
}

async function refusal(asked: Promise<unknown>): Promise<BivyError> {
  try {
    await asked;
  } catch (error) {
    return error as BivyError;
  }
  throw new Error('not refused');
}

function projectOf(dockerfile: string, project?: string): Promise<LintProject | undefined> {
  const options = { directory: root, rules: KNOWN_RULES, ...(project === undefined ? {} : { project }) };
  return openSurroundings(options)
    .find(join(root, dockerfile))
    .then((found) => found.project);
}

const DOCKERFILE = 'FROM python:3.13\n';
const POETRY = '[tool.poetry]\nname = "hut"\nversion = "1.0"\ndescription = ""\nauthors = []\n';

describe('which files are linted', () => {
  it('is the Dockerfile here', async () => {
    lay({ Dockerfile: DOCKERFILE, 'other/Dockerfile': DOCKERFILE });
    expect((await lint()).files.map(({ path }) => path)).toEqual(['Dockerfile']);
  });

  it('are those named, as they were named, each once', async () => {
    lay({ 'a.txt': DOCKERFILE, 'b/Dockerfile': DOCKERFILE });
    const { files } = await lint(['./b/Dockerfile', 'a.txt', 'b/Dockerfile', join(root, 'a.txt')]);
    expect(files.map(({ path }) => path)).toEqual(['./b/Dockerfile', 'a.txt']);
  });

  it('are those below a directory, in a fixed order', () => {
    const names = [
      'z/Dockerfile',
      'Dockerfile.dev',
      'Dockerfile',
      'api.Dockerfile',
      'y/Containerfile',
      '.docker/dockerfile',
    ];
    lay(Object.fromEntries(names.map((name) => [name, ''])));
    lay({
      'Dockerfile.dockerignore': '',
      'node_modules/x/Dockerfile': '',
      '.git/Dockerfile': '',
      'notes.txt': '',
    });
    expect(nameDockerfiles(root, ['.']).map(({ name }) => name)).toEqual([
      '.docker/dockerfile',
      'Dockerfile',
      'Dockerfile.dev',
      'api.Dockerfile',
      'y/Containerfile',
      'z/Dockerfile',
    ]);
  });

  it('is standard input, judged with the project here', async () => {
    lay({ 'pyproject.toml': '[tool.poetry]\nname = 1\n' });
    const stdin = async (): Promise<Buffer> => Buffer.from(DOCKERFILE);
    expect((await lint(['-'], { stdin, project: null })).files[0]?.path).toBe('-');
    expect((await refusal(lint(['-'], { stdin }))).code).toBe('PROJECT_INVALID');
  });

  it('are not those that settings leave out of a search', async () => {
    lay({
      'pyproject.toml': '[tool.bivy.lint]\nexclude = ["old", "**/*.dev"]\n',
      'old/Dockerfile': DOCKERFILE,
      'x/Dockerfile.dev': DOCKERFILE,
      'x/Dockerfile': DOCKERFILE,
    });
    fs.mkdirSync(join(root, '.git'));
    expect((await lint(['.'])).files.map(({ path }) => path)).toEqual(['x/Dockerfile']);
    expect((await lint(['old/Dockerfile'])).files).toHaveLength(1);
  });

  it.each([
    [[], 'there is no `Dockerfile` in `.`'],
    [['nothing'], 'there is no file or directory `nothing`'],
    [['empty'], 'there is no Dockerfile in `empty`'],
  ])('%j: an error where there is none', async (paths, message) => {
    fs.mkdirSync(join(root, 'empty'));
    expect(await refusal(lint(paths))).toMatchObject({ code: 'DOCKERFILE_MISSING', message });
  });

  it('are no devices, and no files without measure', async () => {
    expect(await refusal(lint(['/dev/null']))).toMatchObject({ code: 'DOCKERFILE_INVALID' });
    fs.closeSync(fs.openSync(join(root, 'large'), 'w'));
    fs.truncateSync(join(root, 'large'), (16 << 20) + 1);
    expect((await refusal(lint(['large']))).message).toContain('larger than 16 MiB');
  });
});

describe('bad input', () => {
  const cases: readonly (readonly [string, string | Buffer])[] = [
    ['empty', ''],
    ['a blank line', '\n'],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2, 0xff])],
    ['UTF-16', Buffer.from('\ufeffFROM a\n', 'utf16le')],
    ['not UTF-8', Buffer.concat([Buffer.from('FROM a\n# caf'), Buffer.from([0xe9, 10])])],
    ['CRLF', 'FROM a\r\nRUN b\r\n'],
    ['a byte order mark', '\ufeffFROM a\n'],
    ['not a Dockerfile', '{"a": 1}\n'],
    ['an unknown instruction', 'FROM a\nRUM b\n'],
    ['an unterminated heredoc', 'FROM a\nRUN <<EOF\nb\n'],
    ['an unterminated continuation', 'FROM a\nRUN b \\'],
    ['cyclic stages', 'FROM b AS a\nFROM a AS b\nCOPY --from=b . .\n'],
    ['FROM a variable', 'FROM $X\n'],
    ['lines without end', 'x y z\n'.repeat(1 << 16)],
    ['ten megabytes of one line', `FROM a\nRUN ${'x'.repeat(10 << 20)}\n`],
  ];

  it.each(cases)('%s: findings with places, and the file as it was', async (_name, content) => {
    lay({ Dockerfile: content });
    const before = fs.readFileSync(join(root, 'Dockerfile'));
    const { files } = await lint([], { fix: { unsafe: true, write: false } });
    const findings = files[0]?.findings ?? [];
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThan(1000);
    for (const { start, end } of findings) {
      expect(start.line).toBeGreaterThanOrEqual(1);
      expect(start.column).toBeGreaterThanOrEqual(1);
      expect(end.line > start.line || end.column >= start.column).toBe(true);
    }
    expect(fs.readFileSync(join(root, 'Dockerfile')).equals(before)).toBe(true);
  });
});

describe('the project', () => {
  it('is in the directory of the Dockerfile, or above it up to the repository', async () => {
    fs.mkdirSync(join(root, 'repo/.git'), { recursive: true });
    lay({
      'pyproject.toml': POETRY,
      'repo/a/pyproject.toml': POETRY,
      'repo/a/docker/Dockerfile': DOCKERFILE,
      'repo/b/Dockerfile': DOCKERFILE,
    });
    expect(await projectOf('repo/a/docker/Dockerfile')).toMatchObject({
      file: 'repo/a/pyproject.toml',
      path: '',
    });
    expect(await projectOf('repo/b/Dockerfile')).toBeUndefined();
    expect(await projectOf('repo/b/Dockerfile', 'repo/a')).toMatchObject({ file: 'repo/a/pyproject.toml' });
    expect(await projectOf('repo/Dockerfile', 'repo/a')).toMatchObject({ path: 'a' });
  });

  it('is no project of another tool', async () => {
    fs.mkdirSync(join(root, '.git'));
    lay({
      'pyproject.toml': POETRY,
      'a/pyproject.toml': '[tool.ruff]\n# poetry\n',
      'a/Dockerfile': DOCKERFILE,
    });
    expect(await projectOf('a/Dockerfile')).toMatchObject({ file: 'pyproject.toml' });
  });

  it('is told as a value', async () => {
    lay({
      'pyproject.toml': [
        '[tool.poetry]',
        'name = "hut-api"',
        'version = "1.0"',
        'description = ""',
        'authors = []',
        'readme = "README.md"',
        '[tool.poetry.dependencies]',
        'python = "^3.11"',
        'shared = { path = "../shared", develop = true }',
        'fastapi = "*"',
        '[tool.poetry.extras]',
        'Web_UI = ["fastapi"]',
        '[tool.poetry.group.dev.dependencies]',
        'pytest = "*"',
        '[tool.poetry.group.docs]',
        'optional = true',
        '[tool.poetry.group.docs.dependencies]',
        'sphinx = "*"',
        '[tool.poetry.scripts]',
        'hut = "hut_api.main:run"',
        '[[tool.poetry.source]]',
        'name = "internal"',
        'url = "https://user:secret@packages.example/simple/?token=secret"',
        'priority = "supplemental"',
        '[build-system]',
        'requires = ["poetry-core"]',
        'build-backend = "poetry.core.masonry.api"',
        '',
      ].join('\n'),
      'poetry.lock': [
        '# This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.',
        '',
        '[[package]]',
        'name = "fastapi"',
        '[[package]]',
        'name = "shared"',
        '[metadata]',
        'lock-version = "2.0"',
        'python-versions = "^3.11"',
        '',
      ].join('\n'),
      'poetry.toml': '[virtualenvs]\nin-project = true\n[virtualenvs.options]\nno-pip = true\n',
      'hut_api/__init__.py': '',
      '.dockerignore': '# nothing\n.venv\r\n',
      'docker/Dockerfile': DOCKERFILE,
    });
    fs.mkdirSync(join(root, '.git'));
    const project = await projectOf('docker/Dockerfile');
    expect(project).toEqual({
      file: 'pyproject.toml',
      path: '',
      name: 'hut-api',
      packageMode: true,
      python: '^3.11',
      requiresPoetry: undefined,
      requiredPlugins: [],
      buildBackend: 'poetry.core.masonry.api',
      buildScript: undefined,
      lock: { poetry: '1.8.3', version: '2.0', packages: 2 },
      groups: [
        { name: 'main', optional: false, dependencies: ['shared', 'fastapi'] },
        { name: 'dev', optional: false, dependencies: ['pytest'] },
        { name: 'docs', optional: true, dependencies: ['sphinx'] },
      ],
      extras: ['web-ui'],
      readmes: ['README.md'],
      packages: ['hut_api'],
      paths: [{ name: 'shared', path: '../shared', group: 'main', develop: true }],
      sources: [{ name: 'internal', url: 'https://packages.example/simple/', priority: 'supplemental' }],
      scripts: ['hut'],
      command: ['hut'],
      poetryToml: new Map([
        ['virtualenvs.in-project', true],
        ['virtualenvs.options.no-pip', true],
      ]),
      ignore: { file: '.dockerignore', lines: ['# nothing', '.venv', ''] },
      contextFiles: [
        '.dockerignore',
        '.git/',
        'docker/',
        'hut_api/',
        'poetry.lock',
        'poetry.toml',
        'pyproject.toml',
      ],
      files: [
        '.dockerignore',
        '.git/',
        'docker/',
        'hut_api/',
        'poetry.lock',
        'poetry.toml',
        'pyproject.toml',
      ],
    });
    lay({ 'docker/Dockerfile.dockerignore': '*\n' });
    expect((await projectOf('docker/Dockerfile'))?.ignore).toEqual({
      file: 'docker/Dockerfile.dockerignore',
      lines: ['*', ''],
    });
  });

  it('without lock, package or command says so', async () => {
    lay({ 'pyproject.toml': `${POETRY}package-mode = false\n`, Dockerfile: DOCKERFILE });
    expect(await projectOf('Dockerfile')).toMatchObject({
      packageMode: false,
      lock: undefined,
      packages: [],
      command: undefined,
      ignore: undefined,
    });
  });

  it.each([
    ['[tool.poetry\n', 'TOML_SYNTAX', 1],
    ['[tool.poetry]\nname = "hut"\nversion = 3\n', 'PROJECT_INVALID', 3],
    [`${POETRY}\n[tool.bivy.lint]\nselekt = []\n`, 'CONFIG_UNKNOWN_KEY', 8],
  ])('that is broken is an error with its place: %j', async (text, code, line) => {
    fs.mkdirSync(join(root, '.git'));
    lay({ 'a/pyproject.toml': text, 'a/docker/Dockerfile': DOCKERFILE });
    expect(await refusal(lint(['a/docker/Dockerfile']))).toMatchObject({
      code,
      location: { file: 'a/pyproject.toml', line },
    });
    expect((await lint(['a/docker/Dockerfile'], { project: null })).files).toHaveLength(1);
  });

  it('that is named must be there', async () => {
    lay({ Dockerfile: DOCKERFILE });
    expect(await refusal(lint([], { project: 'api' }))).toMatchObject({ code: 'PROJECT_MISSING' });
  });
});

describe('settings', () => {
  const settings = (lines: string): void => {
    fs.mkdirSync(join(root, '.git'), { recursive: true });
    lay({ 'pyproject.toml': `${POETRY}\n[tool.bivy.lint]\n${lines}\n`, Dockerfile: DOCKERFILE });
  };
  const rules = ({ files }: LintRun): string[] =>
    files.flatMap(({ findings }) => findings.map(({ rule }) => rule));

  it('select, ignore and weigh rules', async () => {
    settings(
      'select = ["T8", "BV110"]\nignore = ["BV108"]\nseverity = { BV110 = "info" }\nfail-on = "warning"',
    );
    const run = await lint();
    expect(rules(run)).toEqual(['BV110']);
    expect(run.failed).toBe(false);
    expect((await lint([], { failOn: 'info' })).failed).toBe(true);
  });

  it('give way to flags', async () => {
    settings('select = ["BV110"]\nignore = ["BV108"]');
    expect(rules(await lint([], { select: ['BV108'] }))).toEqual(['BV108']);
    expect(rules(await lint([], { ignore: ['T10'] }))).toEqual([]);
  });

  it.each([
    ['error', false],
    ['warning', true],
    ['info', true],
    ['none', false],
    ['never', false],
  ] as const)('fail on %s', async (failOn, failed) => {
    lay({ Dockerfile: DOCKERFILE });
    expect((await lint([], { select: ['BV110'], failOn })).failed).toBe(failed);
  });

  it('of flags that select nothing are refused', async () => {
    lay({ Dockerfile: DOCKERFILE });
    expect(await refusal(lint([], { select: ['BV1100'] }))).toMatchObject({
      code: 'USAGE',
      hint: 'did you mean `BV110`?',
    });
  });
});

describe('writing', () => {
  const before = Buffer.from('FROM a\n');
  const after = Buffer.from('FROM b\n');

  it('happens where something is to be fixed, and to nothing else', async () => {
    fs.mkdirSync(join(root, '.git'));
    const kept = 'FROM python:3\r\n# caf\u00e9\tx  \r\nUSER 1\r\n# the end';
    const unused = '# bivy ignore=BV108,BV001 not so\r\n';
    lay({ 'pyproject.toml': POETRY, Dockerfile: `\ufeff${unused}${kept}`, 'b/Dockerfile': kept });
    const shown = await lint(['.'], { select: ['BV0', 'BV108'], fix: { unsafe: false, write: false } });
    expect(shown.files.map(fileDiff).join('')).toContain(`-\ufeff${unused}`);
    expect(fs.readFileSync(join(root, 'Dockerfile'), 'utf8')).toBe(`\ufeff${unused}${kept}`);
    const untouched = fs.statSync(join(root, 'b/Dockerfile'));
    const { files } = await lint(['.'], { select: ['BV0', 'BV108'], fix: { unsafe: false, write: true } });
    expect(files.map(({ applied }) => applied.map(({ title }) => title))).toEqual([
      ['take `BV108` out of the comment', 'remove the comment'],
      [],
    ]);
    expect(files[0]?.findings).toEqual([]);
    expect(fs.readFileSync(join(root, 'Dockerfile'), 'utf8')).toBe(`\ufeff${kept}`);
    expect(fs.statSync(join(root, 'b/Dockerfile')).ino).toBe(untouched.ino);
    expect(events).toEqual([{ type: 'published', where: 'Dockerfile', changed: true }]);
  });

  it('of what is not UTF-8 leaves its bytes', async () => {
    const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
    lay({ 'pyproject.toml': POETRY, Dockerfile: bytes('# bivy ignore=BV001 no\n# caf\u00e9\nFROM a\n') });
    await lint([], { select: ['BV0'], fix: { unsafe: false, write: true } });
    expect(fs.readFileSync(join(root, 'Dockerfile'))).toEqual(bytes('# caf\u00e9\nFROM a\n'));
  });

  it('keeps the mode, and leaves nothing beside the file', () => {
    lay({ Dockerfile: before });
    fs.chmodSync(join(root, 'Dockerfile'), 0o640);
    replaceFile(join(root, 'Dockerfile'), 'Dockerfile', before, after);
    expect(fs.readFileSync(join(root, 'Dockerfile'))).toEqual(after);
    expect(fs.statSync(join(root, 'Dockerfile')).mode & 0o7777).toBe(0o640);
    expect(fs.readdirSync(root)).toEqual(['Dockerfile']);
  });

  it.runIf(process.getuid?.() === 0)('keeps the owner', () => {
    lay({ Dockerfile: before });
    fs.chownSync(join(root, 'Dockerfile'), 1234, 4321);
    replaceFile(join(root, 'Dockerfile'), 'Dockerfile', before, after);
    expect(fs.statSync(join(root, 'Dockerfile'))).toMatchObject({ uid: 1234, gid: 4321 });
  });

  it('goes through a link', () => {
    lay({ 'real/Dockerfile': before });
    fs.symlinkSync('real/Dockerfile', join(root, 'Dockerfile'));
    replaceFile(join(root, 'Dockerfile'), 'Dockerfile', before, after);
    expect(fs.readlinkSync(join(root, 'Dockerfile'))).toBe('real/Dockerfile');
    expect(fs.readFileSync(join(root, 'real/Dockerfile'))).toEqual(after);
  });

  it.each(['FROM c\n', 'FROM a\n# more\n', ''])('does not go over what was written meanwhile: %j', (now) => {
    lay({ Dockerfile: now });
    expect(() => replaceFile(join(root, 'Dockerfile'), 'Dockerfile', before, after)).toThrow(
      expect.objectContaining({ code: 'DOCKERFILE_CHANGED' }),
    );
    expect(fs.readFileSync(join(root, 'Dockerfile'), 'utf8')).toBe(now);
    expect(fs.readdirSync(root)).toEqual(['Dockerfile']);
  });

  it('is told as a diff', () => {
    const file = { path: './a/Dockerfile', before: 'FROM a\n', after: 'FROM b\n' };
    expect(fileDiff({ ...file, findings: [], techniques: {} as never, applied: [], dropped: [] })).toBe(
      '--- a/a/Dockerfile\n+++ b/a/Dockerfile\n@@ -1 +1 @@\n-FROM a\n+FROM b\n',
    );
  });
});
