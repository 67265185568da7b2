import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMirror } from '../../src/debian/mirror.ts';
import { BivyError } from '../../src/kernel/errors.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bivy-apt-'));
  mkdirSync(join(root, 'etc/apt/sources.list.d'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

function apt(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'etc/apt', name), text);
}

describe('findMirror', () => {
  it('takes the environment before the project, the project before the host', () => {
    apt({ 'sources.list': 'deb http://apt.example/debian bookworm main\n' });
    const settings = { mirror: 'https://project.example/debian/' };
    const environment = { BIVY_DEBIAN_MIRROR: 'https://environment.example/debian' };
    expect(findMirror(settings, environment, root).main).toBe('https://environment.example/debian');
    expect(findMirror(settings, {}, root).main).toBe('https://project.example/debian');
    expect(findMirror({}, { BIVY_DEBIAN_MIRROR: '' }, root).main).toBe('http://apt.example/debian');
  });

  it('finds the security archive', () => {
    const settings = { mirror: 'https://a.example/debian', securityMirror: 'https://b.example/security/' };
    expect(findMirror({ mirror: 'https://a.example/debian' }, {}, root).security).toBe(
      'https://a.example/debian-security',
    );
    expect(findMirror(settings, {}, root).security).toBe('https://b.example/security');
    expect(findMirror(settings, { BIVY_DEBIAN_SECURITY_MIRROR: 'http://c.example' }, root).security).toBe(
      'http://c.example',
    );
    expect(findMirror(settings, { BIVY_DEBIAN_MIRROR: 'http://d.example/debian' }, root).security).toBe(
      'http://d.example/debian-security',
    );
  });

  it('reads deb822 sources', () => {
    apt({
      'sources.list.d/debian.sources': [
        'Types: deb deb-src',
        '# comment',
        'URIs: http://deb.example/debian',
        'Suites: bookworm bookworm-updates',
        'Components: main contrib',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
        '',
        'Types: deb',
        'URIs: http://deb.example/security',
        'Suites: bookworm-security',
        'Components: main',
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
      ].join('\n'),
    });
    expect(findMirror({}, {}, root)).toEqual({
      main: 'http://deb.example/debian',
      security: 'http://deb.example/security',
    });
  });

  it('reads one-line sources', () => {
    apt({
      'sources.list': [
        '# deb http://commented.example/debian bookworm main',
        'deb-src http://source.example/debian bookworm main',
        'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://one.example/mirror/ trixie main',
        'deb http://two.example/debian-security trixie-security main # comment',
      ].join('\n'),
    });
    expect(findMirror({}, {}, root)).toEqual({
      main: 'http://one.example/mirror',
      security: 'http://two.example/debian-security',
    });
  });

  it.each([
    ['nothing', {}],
    ['Ubuntu’s', { 'sources.list': 'deb http://u.example/ubuntu noble main universe\n' }],
    [
      'Ubuntu’s in deb822',
      {
        'sources.list.d/ubuntu.sources':
          'Types: deb\nURIs: http://u.example/ubuntu/\nSuites: noble noble-security\nComponents: main\nSigned-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n',
      },
    ],
    [
      'a vendor’s',
      { 'sources.list.d/v.list': 'deb [signed-by=/etc/apt/v.gpg] http://v.example/debian bookworm main\n' },
    ],
    ['a vendor’s without a key', { 'sources.list.d/v.list': 'deb http://v.example/apt bookworm main\n' }],
    [
      'a vendor’s component',
      { 'sources.list.d/v.list': 'deb http://v.example/linux/debian bookworm stable\n' },
    ],
    [
      'a disabled one',
      {
        'sources.list.d/d.sources':
          'Types: deb\nEnabled: no\nURIs: http://d.example/debian\nSuites: bookworm\nComponents: main\n',
      },
    ],
    ['a disc', { 'sources.list': 'deb cdrom:[Debian]/debian bookworm main\n' }],
    ['another file', { 'sources.list.d/d.list.save': 'deb http://d.example/debian bookworm main\n' }],
  ])('takes no mirror from %s', (_, files) => {
    apt(files as Readonly<Record<string, string>>);
    expect(() => findMirror({}, {}, root)).toThrow(BivyError);
    try {
      findMirror({}, {}, root);
    } catch (error) {
      expect((error as BivyError).code).toBe('MIRROR_UNKNOWN');
      expect((error as BivyError).hint).toContain('BIVY_DEBIAN_MIRROR');
    }
  });

  it('takes none from a host without apt', () => {
    rmSync(join(root, 'etc'), { recursive: true });
    expect(() => findMirror({}, {}, root)).toThrow(/looking for a Debian mirror/);
  });

  it.each(['nonsense', 'ftp://a.example/debian', 'file:///srv/debian'])(
    'refuses `%s` as an address',
    (mirror) => {
      expect(() => findMirror({ mirror }, {}, root)).toThrow(/no address of a mirror/);
      expect(() => findMirror({}, { BIVY_DEBIAN_MIRROR: mirror }, root)).toThrow(/BIVY_DEBIAN_MIRROR/);
    },
  );
});
