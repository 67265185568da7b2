import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { judge, parseGitignore } from '../../src/project/gitignore.ts';
import { findIgnored } from '../../src/project/version-control.ts';

describe('one file of patterns', () => {
  const rows: readonly (readonly [
    text: string,
    path: string,
    directory: boolean,
    verdict: boolean | undefined,
  ])[] = [
    ['*.log', 'a/b.log', false, true],
    ['*.log', 'a/b.txt', false, undefined],
    ['*.log\n!b.log', 'a/b.log', false, false],
    ['!b.log\n*.log', 'b.log', false, true],
    ['/b', 'b', false, true],
    ['/b', 'a/b', false, undefined],
    ['a/b', 'a/b', false, true],
    ['a/b', 'c/a/b', false, undefined],
    ['b/', 'b', false, undefined],
    ['b/', 'a/b', true, true],
    ['**/b', 'a/c/b', false, true],
    ['a/**', 'a/b/c', false, true],
    ['a/**', 'a', true, undefined],
    ['a/**/c', 'a/c', false, true],
    ['a/**/c', 'a/x/y/c', false, true],
    ['a**c', 'abc', false, true],
    ['a/b**c', 'a/b/c', false, undefined],
    ['# b', '# b', false, undefined],
    ['\\# b', '# b', false, true],
    ['\\!b', '!b', false, true],
    ['b   ', 'b', false, true],
    ['b\\ ', 'b ', false, true],
    ['b\r', 'b', false, true],
    ['\ufeffb', 'b', false, true],
    ['[a-c]x', 'bx', false, true],
    ['[!a-c]x', 'bx', false, undefined],
    ['[^a-c]x', 'dx', false, true],
    ['[[:digit:]]x', '7x', false, true],
    ['[]]x', ']x', false, true],
    ['[a', '[a', false, undefined],
    ['a?c', 'a/c', false, undefined],
    ['a[/]c', 'a/c', false, undefined],
    ['ü?', 'üö', false, undefined],
    ['ü??', 'üö', false, true],
    ['*ö', 'üö', false, true],
    ['a-b.txt', 'a-b.txt', false, true],
    ['[a\\-c]', '-', false, true],
    ['/', 'a', true, undefined],
  ];
  it.each(rows)('%j on %j', (text, path, directory, verdict) => {
    expect(judge(parseGitignore(text), path, directory)).toBe(verdict);
  });
});

const haveGit = spawnSync('git', ['--version']).status === 0;
if (!haveGit) console.warn('SKIPPED: no git, so the judgement is not held against it');

describe.skipIf(!haveGit)('as Git judges', () => {
  const git = (directory: string, ...args: string[]): string =>
    execFileSync('git', ['-c', 'core.quotePath=false', '-c', 'core.excludesFile=', ...args], {
      cwd: directory,
      stdio: 'pipe',
      env: { ...process.env, HOME: directory, XDG_CONFIG_HOME: directory, GIT_CONFIG_NOSYSTEM: '1' },
    }).toString();
  const repository = (files: Readonly<Record<string, string>>): string => {
    const directory = mkdtempSync(join(tmpdir(), 'bivy git '));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    write(directory, files);
    git(directory, 'init', '--quiet');
    return directory;
  };
  const write = (directory: string, files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
  };
  const ignoredByGit = (directory: string, project = '.'): readonly string[] =>
    git(join(directory, project), 'ls-files', '--others', '-i', '--exclude-standard')
      .split('\n')
      .filter((line) => line !== '')
      .sort();

  const NAMES = ['a', 'b', 'c.log', 'd.txt', 'x-y', 'ünï'];
  const PATHS = NAMES.flatMap((one) => [
    `top-${one}`,
    ...['a', 'b', 'sub'].flatMap((directory) => [
      `${directory}/${one}`,
      ...['a', 'deep'].map((inner) => `${directory}/${inner}/${one}`),
    ]),
  ]).filter((path, _, all) => !all.some((other) => other.startsWith(`${path}/`)));

  it('for patterns of every kind', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '*',
      '**',
      '?',
      '/',
      '[ab]',
      '[!a]',
      'deep',
      '.log',
      '.txt',
      'sub',
      'top-',
      '-',
      'ü',
      '*.log',
    );
    const line = fc
      .tuple(fc.boolean(), fc.array(atom, { minLength: 1, maxLength: 5 }), fc.boolean())
      .map(([negative, atoms, slash]) => `${negative ? '!' : ''}${atoms.join('')}${slash ? '/' : ''}`);
    const files = fc.record({
      top: fc.array(line, { maxLength: 4 }),
      inner: fc.array(line, { maxLength: 3 }),
      exclude: fc.array(line, { maxLength: 2 }),
    });
    const directory = repository(Object.fromEntries(PATHS.map((path) => [path, ''])));
    const check = ({ top, inner, exclude }: { top: string[]; inner: string[]; exclude: string[] }): void => {
      write(directory, {
        '.gitignore': top.join('\n'),
        'sub/.gitignore': inner.join('\n'),
        '.git/info/exclude': exclude.join('\n'),
      });
      const ignored = findIgnored(directory)!;
      const all = [...PATHS, '.gitignore', 'sub/.gitignore'];
      expect(all.filter(ignored).sort()).toEqual([...ignoredByGit(directory)]);
    };
    fc.assert(fc.property(files, check), { numRuns: 40 });
  });

  it('for a project below the top, with tracked files', () => {
    const directory = repository({
      '.gitignore': '*.log\n/lib/app/out/\n',
      'lib/.gitignore': 'local.txt\n',
      'lib/app/a.log': '',
      'lib/app/kept.log': '',
      'lib/app/out/x': '',
      'lib/app/out/kept': '',
      'lib/app/local.txt': '',
      'lib/app/main.py': '',
    });
    git(directory, 'add', '--force', 'lib/app/kept.log', 'lib/app/out/kept');
    const project = join(directory, 'lib/app');
    const all = ['a.log', 'kept.log', 'out/x', 'out/kept', 'local.txt', 'main.py'];
    const ignored = findIgnored(project)!;
    expect(all.filter(ignored).sort()).toEqual([...ignoredByGit(directory, 'lib/app')]);
    expect(all.filter(ignored).sort()).toEqual(['a.log', 'local.txt', 'out/x']);
  });

  it.each([
    ['version 2', []],
    ['version 3', ['intent']],
    ['version 4', ['--index-version', '4']],
    ['a split index', ['--split-index']],
  ])('with an index of %s', (_, options) => {
    const names = Array.from({ length: 40 }, (_each, index) => `dir/some-longer-name-${index}.log`);
    const directory = repository(
      Object.fromEntries([['.gitignore', '*.log'], ...names.map((name) => [name, ''])]),
    );
    git(directory, 'add', '--force', ...names.slice(0, 30));
    if (options[0] === 'intent') git(directory, 'add', '--force', '--intent-to-add', names[30]!);
    else if (options.length > 0) git(directory, 'update-index', ...options);
    if (options[0] === '--split-index') git(directory, 'add', '--force', names[31]!);
    expect(names.filter(findIgnored(directory)!).sort()).toEqual([...ignoredByGit(directory)]);
  });

  it('with SHA-256 objects', () => {
    const directory = mkdtempSync(join(tmpdir(), 'bivy-git-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    git(directory, 'init', '--quiet', '--object-format=sha256');
    write(directory, { '.gitignore': '*.log', 'a.log': '', 'b.log': '' });
    git(directory, 'add', '--force', 'a.log');
    expect(['a.log', 'b.log'].filter(findIgnored(directory)!)).toEqual(['b.log']);
  });

  it('in a worktree of its own', () => {
    const directory = repository({ '.gitignore': '*.log', 'a.txt': '' });
    git(directory, 'add', '.');
    git(directory, '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '-m', 'one');
    const other = join(directory, 'other');
    git(directory, 'worktree', 'add', '--quiet', '--detach', other);
    write(other, { 'x.log': '', 'y.tmp': '' });
    write(directory, { '.git/info/exclude': '*.tmp' });
    expect(['a.txt', 'x.log', 'y.tmp'].filter(findIgnored(other)!)).toEqual(['x.log', 'y.tmp']);
  });

  it('and not at all where there is no repository, or it ignores the project', () => {
    const directory = repository({ '.gitignore': 'build', 'build/app/x.py': '' });
    expect(findIgnored(join(directory, 'build/app'))).toBeUndefined();
    rmSync(join(directory, '.git'), { recursive: true });
    expect(findIgnored(directory)).toBeUndefined();
  });

  it('refuses an index that is damaged', () => {
    const directory = repository({ '.gitignore': '*.log', 'a.log': '' });
    writeFileSync(join(directory, '.git/index'), 'nonsense, and more of it');
    expect(() => findIgnored(directory)!('a.log')).toThrow(
      expect.objectContaining({ code: 'PROJECT_INVALID' }),
    );
  });
});
