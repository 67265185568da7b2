import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGit } from '../../src/attest/git.ts';
import { configValue } from '../../src/attest/git-config.ts';
import { publicUrl, remoteUrl } from '../../src/attest/public-url.ts';
import { scratch, writeFiles } from '../support/images.ts';

const COMMIT = 'a1'.repeat(20);

/** Real Git, free of this user's configuration. */
function git(directory: string, ...parameters: readonly string[]): string {
  return execFileSync('git', parameters, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    },
  }).trim();
}

function repository(...more: readonly string[]): string {
  const directory = join(scratch(), 'project');
  mkdirSync(directory);
  git(directory, 'init', '--quiet', '--initial-branch=main', ...more);
  git(directory, 'commit', '--quiet', '--allow-empty', '--message=one');
  return directory;
}

const head = (directory: string): string => git(directory, 'rev-parse', 'HEAD');

describe('the commit', () => {
  it('is what Git says: loose, packed, detached, on a branch with slashes, through a symbolic reference', () => {
    const directory = repository();
    expect(readGit(directory)).toEqual({ revision: head(directory) });
    git(directory, 'pack-refs', '--all');
    expect(readGit(directory)).toEqual({ revision: head(directory) });
    git(directory, 'commit', '--quiet', '--allow-empty', '--message=two');
    expect(readGit(directory)).toEqual({ revision: head(directory) });
    git(directory, 'checkout', '--quiet', '-b', 'feature/one.two');
    git(directory, 'commit', '--quiet', '--allow-empty', '--message=three');
    expect(readGit(directory)).toEqual({ revision: head(directory) });
    git(directory, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    git(directory, 'symbolic-ref', 'HEAD', 'refs/heads/alias');
    expect(readGit(directory)).toEqual({ revision: head(directory) });
    git(directory, 'checkout', '--quiet', '--detach', 'feature/one.two');
    expect(readGit(directory)).toEqual({ revision: head(directory) });
  });

  it('is that of a work tree, with the repository that it is of', () => {
    const directory = repository();
    git(directory, 'remote', 'add', 'origin', 'https://code.example/app');
    const other = join(directory, '..', 'other');
    git(directory, 'worktree', 'add', '--quiet', '-b', 'other', other);
    git(other, 'commit', '--quiet', '--allow-empty', '--message=other');
    expect(head(other)).not.toBe(head(directory));
    expect(readGit(other)).toEqual({ revision: head(other), source: 'https://code.example/app' });
  });

  it('may be named by SHA-256', () => {
    const directory = repository('--object-format=sha256');
    expect(readGit(directory).revision).toHaveLength(64);
    expect(readGit(directory)).toEqual({ revision: head(directory) });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['no repository', { 'pyproject.toml': '' }],
    ['an empty one', { '.git/HEAD': 'ref: refs/heads/main\n' }],
    [
      'reftable',
      {
        '.git/HEAD': 'ref: refs/heads/.invalid\n',
        '.git/refs/heads': 'this repository uses the reftable format',
      },
    ],
    ['no commit', { '.git/HEAD': 'something else' }],
    ['a reference that climbs', { '.git/HEAD': 'ref: refs/../../secret\n', secret: COMMIT }],
    ['a reference elsewhere', { '.git/HEAD': `ref: /etc/passwd\n` }],
    ['a circle', { '.git/HEAD': 'ref: refs/heads/a', '.git/refs/heads/a': 'ref: refs/heads/a' }],
    ['a name of another kind', { '.git/HEAD': 'ref: secret', '.git/secret': COMMIT }],
    ['a file that names nothing', { '.git': 'gitdir: elsewhere\n' }],
    ['a file that says nothing', { '.git': 'hello' }],
    ['more than a reference', { '.git/HEAD': `${COMMIT}${' '.repeat(5000)}` }],
    [
      'a name inside another',
      {
        '.git/HEAD': 'ref: refs/heads/a',
        '.git/packed-refs': `${COMMIT} refs/heads/ab\n${COMMIT} xrefs/heads/a\n`,
      },
    ],
  ])('is not said where there is %s', (_, files) => {
    const directory = scratch();
    writeFiles(directory, files);
    expect(readGit(directory)).toEqual({});
  });

  it('is not said of a directory below, nor read from what is no file', () => {
    const directory = scratch();
    writeFiles(directory, { '.git/refs/heads/main': COMMIT, 'below/pyproject.toml': '' });
    execFileSync('mkfifo', [join(directory, '.git/HEAD')]);
    expect(readGit(directory)).toEqual({});
    expect(readGit(join(directory, 'below'))).toEqual({});
    expect(readGit(join(directory, 'absent'))).toEqual({});
  });

  it('is found through a link that stands for HEAD', () => {
    const directory = scratch();
    writeFiles(directory, { '.git/refs/heads/main': `${COMMIT}\n` });
    symlinkSync('refs/heads/main', join(directory, '.git/HEAD'));
    expect(readGit(directory)).toEqual({ revision: COMMIT });
  });
});

describe('the configuration of a repository', () => {
  const values = [
    'https://plain.example/a',
    'with space',
    'with "quotes" and \\backslash',
    'hash # and ; semicolon',
    ' leading and trailing ',
    'tab\there',
    '',
  ];

  it.each(values)('is read as Git wrote it: %j', (value) => {
    const directory = scratch();
    const path = join(directory, 'config');
    writeFileSync(path, '');
    const file = (...parameters: readonly string[]): string =>
      git(directory, 'config', '--file', path, ...parameters);
    file('remote.other.url', 'wrong');
    file('remote.origin.fetch', 'wrong');
    file('remote.origin.url', value);
    const text = execFileSync('cat', [path], { encoding: 'utf8' });
    expect(configValue(text, 'remote', 'origin', 'url')).toBe(value);
  });

  it.each<[string, string | undefined]>([
    ['[remote "origin"] url = a', 'a'],
    ['[REMOTE "origin"]\n\tURL=a;comment', 'a'],
    ['[remote "origin"]\nurl = "a;b" # comment', 'a;b'],
    ['[remote "origin"]\nurl = a\\\nb', 'ab'],
    ['[remote "origin"]\r\nurl = a\r\n', 'a'],
    ['[remote "origin"]\nurl = first\nurl = second', 'first'],
    ['; comment\n# [remote "origin"]\nurl = a', undefined],
    ['[remote "Origin"]\nurl = a', undefined],
    ['[remote]\nurl = a', undefined],
    ['[remote "origin"]\n[other]\nurl = a', undefined],
    ['[remote "origin"]\nurl = "open', undefined],
    ['[remote "origin"]\nurl', undefined],
    ['', undefined],
  ])('%j says %j', (text, value) => {
    expect(configValue(text, 'remote', 'origin', 'url')).toBe(value);
  });

  it('never takes longer than the text is long, and reads any text', () => {
    for (const text of [`url = ${'\\'.repeat(1 << 19)}x`, 'a\\\n'.repeat(1 << 18), '['.repeat(1 << 19)]) {
      expect(configValue(`[remote "origin"]\n${text}`, 'remote', 'origin', 'fetch')).toBe(undefined);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        configValue(text, 'remote', 'origin', 'url');
      }),
    );
  });

  it('gives the address of `origin` and no credentials', () => {
    const directory = repository();
    git(directory, 'remote', 'add', 'origin', 'https://user:secret@code.example/team/app.git?token=secret');
    git(directory, 'remote', 'add', 'fork', 'https://code.example/fork.git');
    expect(readGit(directory).source).toBe('https://code.example/team/app.git');
  });
});

describe('addresses', () => {
  it('carry nothing secret, whatever is written', () => {
    const part = fc.stringMatching(/^[a-z0-9@:?#/%.[\] -]{0,12}$/);
    const scheme = fc.constantFrom('https://', 'http://', 'ssh://', 'git+ssh://', '');
    fc.assert(
      fc.property(scheme, part, part, (start, middle, end) => {
        const shown = remoteUrl(`${start}${middle}code.example${end}`);
        if (shown === undefined) return;
        const { protocol, username, password, search, hash } = new URL(shown);
        expect(protocol).toMatch(/^https?:$/);
        expect([username, password, search, hash]).toEqual(['', '', '', '']);
      }),
    );
  });

  it.each<[string, string | undefined]>([
    ['https://code.example/team/app.git', 'https://code.example/team/app.git'],
    ['https://user:secret@code.example:8443/app', 'https://code.example:8443/app'],
    ['https://token@code.example/app#fragment', 'https://code.example/app'],
    ['http://code.example/app', 'http://code.example/app'],
    ['git@code.example:team/app.git', 'https://code.example/team/app.git'],
    ['code.example:/team/app.git', 'https://code.example/team/app.git'],
    ['git@intern:team/app', 'https://intern/team/app'],
    ['ssh://git@code.example:2222/team/app.git', 'https://code.example/team/app.git'],
    ['git+ssh://code.example/team/app', 'https://code.example/team/app'],
    ['work:team/app', undefined],
    ['C:\\code\\app', undefined],
    ['C:/code/app', undefined],
    ['/srv/code/app.git', undefined],
    ['../app', undefined],
    ['file:///srv/code/app.git', undefined],
    ['ext::sh -c whoami', undefined],
    ['https://[broken', undefined],
    ['', undefined],
  ])('%j is shown as %j', (text, shown) => {
    expect(remoteUrl(text)).toBe(shown);
  });

  it.each<[string, string | undefined]>([
    ['https://example.org', 'https://example.org'],
    ['https://example.org/?page=1#top', 'https://example.org/?page=1#top'],
    ['https://user:secret@example.org/a', 'https://example.org/a'],
    ['ftp://example.org', undefined],
    ['javascript:alert(1)', undefined],
    ['see the wiki', undefined],
  ])('%j may be shown as %j', (text, shown) => {
    expect(publicUrl(text)).toBe(shown);
  });
});
