import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ComposedBase, composeDebianBase } from '../../src/debian/base.ts';
import { rememberedDebian } from '../../src/debian/remembered.ts';
import type { DebianRequest } from '../../src/debian/request.ts';
import type { Context } from '../../src/kernel/context.ts';
import { digestOf, keyOf } from '../../src/kernel/digest.ts';
import type { Entry } from '../../src/layers/entry.ts';
import {
  type DebianMirror,
  type MirrorPackage,
  NOW,
  startDebianMirror,
  tinyBookworm,
} from '../support/debian-mirror.ts';
import { sharedLibrary } from '../support/elf.ts';
import { openWorkspace, refusal, type Workspace } from './workspace.ts';

const HOUR = 3600 * 1000;

let mirror: DebianMirror;
let space: Workspace;

beforeAll(async () => {
  mirror = await startDebianMirror();
});
afterAll(() => mirror.close());
beforeEach(async () => {
  space = openWorkspace();
  await publish();
});
afterEach(() => space.close());

async function publish(
  main: readonly MirrorPackage[] = tinyBookworm(),
  security: readonly MirrorPackage[] = [],
): Promise<void> {
  await mirror.publish('bookworm', { packages: main });
  await mirror.publish('bookworm-updates', {
    packages: [],
    byHash: false,
    compress: { ending: '.gz', pack: gzipSync },
  });
  await mirror.publish('bookworm-security', { packages: security, validUntil: NOW + 7 * 24 * HOUR });
}

function requestOf(more: Partial<DebianRequest> = {}): DebianRequest {
  return {
    release: '12',
    platform: 'linux/amd64',
    packages: [],
    mirror: mirror.main,
    environment: {},
    keys: mirror.keys,
    now: NOW,
    root: '/nowhere',
    ...more,
  };
}

function compose(more: Partial<DebianRequest> = {}, context: Context = space.context): Promise<ComposedBase> {
  return composeDebianBase(requestOf(more), context);
}

async function entriesOf(base: ComposedBase): Promise<ReadonlyMap<string, Entry>> {
  const parts = await base.parts();
  const entries = parts.flatMap((part) => part.entries);
  const map = new Map(entries.map((entry) => [entry.path, entry]));
  expect(map.size).toBe(entries.length);
  return map;
}

function textOf(entry: Entry | undefined): string {
  if (entry?.kind !== 'file') return `(${entry?.kind})`;
  if (entry.content.kind === 'bytes') return Buffer.from(entry.content.bytes).toString('latin1');
  if (entry.content.kind !== 'slice') return `(${entry.content.kind})`;
  const { path, offset } = entry.content;
  return readFileSync(path).toString('latin1', offset, offset + entry.size);
}

describe('a composed base', () => {
  let shelf: Workspace;
  let base: ComposedBase;
  let entries: ReadonlyMap<string, Entry>;

  beforeAll(async () => {
    shelf = openWorkspace();
    await publish();
    base = await compose({}, shelf.context);
    entries = await entriesOf(base);
  });
  afterAll(() => shelf.close());

  it('is one tree of the packages', () => {
    const link = (path: string): string => {
      const entry = entries.get(path);
      return entry?.kind === 'symlink' ? entry.target : `(${entry?.kind})`;
    };
    // A merged `/usr`.
    expect(['bin', 'lib', 'lib64', 'sbin', 'var/run', 'var/lock'].map(link)).toEqual([
      'usr/bin',
      'usr/lib',
      'usr/lib64',
      'usr/sbin',
      '/run',
      '/run/lock',
    ]);
    expect(entries.get('usr/lib/x86_64-linux-gnu/libc.so.6')).toMatchObject({ kind: 'file', mode: 0o755 });
    expect(link('usr/lib64/ld-linux-x86-64.so.2')).toBe('/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
    // What maintainer scripts would have made.
    expect(['usr/bin/python3', 'usr/bin/python', 'etc/localtime', 'usr/lib/ssl/cert.pem'].map(link)).toEqual([
      'python3.11',
      'python3',
      '/usr/share/zoneinfo/Etc/UTC',
      '/etc/ssl/certs/ca-certificates.crt',
    ]);
    expect(textOf(entries.get('etc/ssl/certs/ca-certificates.crt'))).toBe('first\nsecond\n');
    expect(textOf(entries.get('etc/nsswitch.conf'))).toBe('passwd: files\n');
    expect(textOf(entries.get('etc/passwd'))).toContain('nonroot:x:65532:65532:nonroot:/home/nonroot:');
    expect(entries.get('home/nonroot')).toMatchObject({
      kind: 'directory',
      mode: 0o700,
      uid: 65532,
      gid: 65532,
    });
    expect(entries.get('tmp')).toMatchObject({ mode: 0o1777 });
    expect(entries.get('root')).toMatchObject({ mode: 0o700 });
    expect(entries.get('var/local')).toMatchObject({ mode: 0o2775, uid: 0, gid: 50 });
    expect(textOf(entries.get('etc/ld.so.cache'))).toMatch(/^glibc-ld\.so\.cache1\.1/);
    // What is trimmed, and what is not.
    for (const gone of [
      'usr/bin/getent',
      'usr/sbin/update-ca-certificates',
      'usr/share/ca-certificates',
      'usr/share/doc/base-files/changelog.gz',
      'usr/lib/python3.11/test',
      'usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so',
      'usr/share/zoneinfo/right',
    ]) {
      expect([gone, entries.has(gone)]).toEqual([gone, false]);
    }
    expect(entries.has('usr/share/doc/base-files/copyright')).toBe(true);
    expect(entries.has('usr/sbin/ldconfig')).toBe(true);
    // Every parent is there.
    for (const path of entries.keys()) {
      const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      if (parent !== '') expect([parent, entries.get(parent)?.kind]).toEqual([parent, 'directory']);
    }
  });

  it('keeps hard links, and names them after their file', () => {
    expect(entries.get('usr/bin/python3.11')).toMatchObject({ kind: 'file', size: 11 });
    expect(entries.get('usr/bin/python3.11-again')).toMatchObject({
      kind: 'hardlink',
      target: 'usr/bin/python3.11',
    });
  });

  it('describes the packages where scanners look', () => {
    expect(textOf(entries.get('var/lib/dpkg/status.d/libc6'))).toMatch(/^Package: libc6\nVersion: 2\.36-9\n/);
    expect(textOf(entries.get('var/lib/dpkg/status.d/libc6.md5sums'))).toBe(
      `${'0'.repeat(32)}  lib/x86_64-linux-gnu/libc.so.6\n`,
    );
  });

  it('states its facts', () => {
    expect(base.packages).toHaveLength(tinyBookworm().length);
    expect(base.packages[0]).toMatchObject({
      name: 'base-files',
      version: '12.4',
      architecture: 'amd64',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(Object.keys(base.releases)).toEqual(['bookworm', 'bookworm-updates', 'bookworm-security']);
    expect(base.facts).toMatchObject({
      platform: 'linux/amd64',
      pythons: [{ version: '3.11.2', executable: '/usr/bin/python3.11', major: 3, minor: 11 }],
      libc: { family: 'glibc', major: 2, minor: 36 },
      user: '',
      workdir: '',
    });
    expect(base.facts.paths['lib']).toEqual([0o777, 0, 0, 'usr/lib']);
    expect(base.facts.files['etc/mime.types']).toBe(15);
    const files = [...entries.values()].filter((entry) => entry.kind === 'file');
    expect(base.facts.unpacked).toBe(
      files.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0),
    );
    expect(base.env).toMatchObject({ LANG: 'C.UTF-8', SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' });
  });

  it('lays the same files as ever', () => {
    const listing = [...entries.values()].map((entry) => ({
      ...entry,
      content: entry.kind === 'file' ? textOf(entry) : null,
    }));
    // Who changes what is laid for the same packages counts `COMPOSITION` in `composition.ts` up, and then this.
    expect(keyOf(listing)).toMatchInlineSnapshot(
      `"sha256:e355d07cc2a9ff859ada48c7609e0474e654f26b5bf46a76eaef3da8027d99f6"`,
    );
  });
});

describe('composeDebianBase', () => {
  it('is the same again, from an empty cache, and after the security suite is published anew', async () => {
    const one = await compose();
    const other = openWorkspace();
    try {
      await mirror.publish('bookworm-security', {
        packages: [],
        date: NOW - HOUR,
        validUntil: NOW + 99 * HOUR,
      });
      const two = await compose({ now: NOW + HOUR }, other.context);
      expect(two.key).toBe(one.key);
      expect(two.releases).not.toEqual(one.releases);
      const listing = async (base: ComposedBase): Promise<unknown> =>
        [...(await entriesOf(base)).values()].map((entry) => ({
          ...entry,
          content: digestOf(textOf(entry)),
        }));
      expect(await listing(two)).toEqual(await listing(one));
    } finally {
      await other.close();
    }
  });

  it('takes security updates, and no older version from there', async () => {
    const update: MirrorPackage = {
      name: 'netbase',
      version: '1.0-1+deb12u1',
      architecture: 'all',
      members: [{ path: './etc/protocols', data: 'updated\n' }],
    };
    await publish(tinyBookworm(), [update, { name: 'media-types', version: '0.9', architecture: 'all' }]);
    const base = await compose();
    const versions = new Map(base.packages.map(({ name, version }) => [name, version]));
    expect([versions.get('netbase'), versions.get('media-types')]).toEqual(['1.0-1+deb12u1', '1.0-1']);
    expect(textOf((await entriesOf(base)).get('etc/protocols'))).toBe('updated\n');
  });

  it('adds what the user names, untrimmed, and says whose scripts were not run', async () => {
    const extra: MirrorPackage[] = [
      {
        name: 'libpq5',
        fields: { Depends: 'libldap, debconf, libc6' },
        members: [
          { path: './usr/lib/x86_64-linux-gnu/libpq.so.5.15', data: sharedLibrary({ soname: 'libpq.so.5' }) },
        ],
        scripts: { postinst: 'exit 1' },
      },
      {
        name: 'libldap',
        members: [
          { path: './opt/ldap/lib/libldap.so', data: sharedLibrary({}) },
          { path: './etc/ld.so.conf.d/ldap.conf', data: '/opt/ldap/lib\n' },
        ],
      },
    ];
    await publish([...tinyBookworm(), ...extra]);
    const base = await compose({ packages: ['libpq5', 'libc6', 'libpq5'] });
    const entries = await entriesOf(base);
    expect(base.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['libldap', 'libpq5']));
    expect(entries.has('usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so')).toBe(true);
    // The link that ldconfig would have made, and the directory that a package configures.
    expect(entries.get('usr/lib/x86_64-linux-gnu/libpq.so.5')).toMatchObject({
      kind: 'symlink',
      target: 'libpq.so.5.15',
    });
    const cache = textOf(entries.get('etc/ld.so.cache'));
    expect(cache).toContain('/lib/x86_64-linux-gnu/libpq.so.5\0');
    expect(cache).toContain('/opt/ldap/lib/libldap.so\0');
    expect(space.events.filter(({ type }) => type === 'note')).toEqual([
      { type: 'note', message: expect.stringContaining('`libpq5`') },
    ]);
    expect(base.key).not.toBe((await compose()).key);
  });

  it('asks for nothing again', async () => {
    const first = await compose();
    const before = mirror.log.length;
    expect((await compose({ now: NOW + HOUR })).key).toBe(first.key);
    expect(mirror.log.length).toBe(before);
    await compose({ refresh: true });
    expect(mirror.log.slice(before).every((path) => path.endsWith('/InRelease'))).toBe(true);
    expect(mirror.log.length).toBe(before + 3);
  });

  it('works offline with what the cache has', async () => {
    expect((await refusal(compose({}, space.offline))).code).toBe('OFFLINE');
    const first = await compose();
    expect((await compose({ now: NOW + 999 * HOUR }, space.offline)).key).toBe(first.key);
    await publish([...tinyBookworm(), { name: 'libpq5' }]);
    expect((await refusal(compose({ packages: ['libpq5'] }, space.offline))).code).toBe('DEBIAN_PACKAGE');
  });

  it('makes anew what was damaged in the cache', async () => {
    const first = await entriesOf(await compose());
    const entry = first.get('usr/bin/python3.11');
    if (entry?.kind !== 'file' || entry.content.kind !== 'slice') throw new TypeError('no slice');
    writeFileSync(entry.content.path, 'damaged');
    expect(textOf((await entriesOf(await compose())).get('usr/bin/python3.11'))).toBe('interpreter');
    rmSync(entry.content.path);
    expect(textOf((await entriesOf(await compose())).get('usr/bin/python3.11'))).toBe('interpreter');
  });

  it('heals a release that the mirror has moved on from', async () => {
    await compose();
    const update: MirrorPackage = { name: 'netbase', version: '2.0', architecture: 'all' };
    await publish([...tinyBookworm().filter(({ name }) => name !== 'netbase'), update, { name: 'new' }]);
    for (const ending of ['netbase_1.0-1_all.deb'])
      mirror.replace(mirror.find(ending).path, { status: 404, body: '' });
    const other = openWorkspace();
    try {
      // Another cache that has verified the old release, and nothing else.
      await publish();
      await refusal(compose({ platform: 'linux/arm64' }, other.context));
      await publish([...tinyBookworm().filter(({ name }) => name !== 'netbase'), update]);
      mirror.replace(mirror.find('netbase_1.0-1_all.deb').path, { status: 404, body: '' });
      const base = await compose({ now: NOW + HOUR }, other.context);
      expect(base.packages.find(({ name }) => name === 'netbase')?.version).toBe('2.0');
    } finally {
      await other.close();
    }
  });

  it.each<[string, string, (bytes: Buffer) => Buffer | string, string, RegExp]>([
    [
      'another list',
      '/bookworm/main/binary-amd64/Packages.xz',
      () => 'x'.repeat(50),
      'HASH_MISMATCH',
      /package list of `bookworm`/,
    ],
    [
      'a list that is HTML',
      '/bookworm/main/binary-amd64/Packages.xz',
      () => '<html>',
      'HASH_MISMATCH',
      /package list of `bookworm`/,
    ],
    [
      'another package',
      'libc6_2.36-9_amd64.deb',
      (bytes) => Buffer.from(bytes).fill(0, 70, 80),
      'HASH_MISMATCH',
      /`?libc6 2\.36-9/,
    ],
    [
      'a package cut short',
      'libc6_2.36-9_amd64.deb',
      (bytes) => bytes.subarray(0, 100),
      'HASH_MISMATCH',
      /libc6 2\.36-9/,
    ],
    [
      'a longer package',
      'libc6_2.36-9_amd64.deb',
      (bytes) => Buffer.concat([bytes, bytes]),
      'MIRROR_INVALID',
      /libc6 2\.36-9/,
    ],
  ])('refuses %s', async (_, ending, change, code, message) => {
    const { path, bytes } = mirror.find(ending);
    mirror.replace(path, { body: change(bytes) });
    if (ending.endsWith('.xz')) {
      for (const hashed of mirror.paths('/dists/bookworm/main/binary-amd64/by-hash/'))
        mirror.replace(hashed, { body: change(bytes) });
    }
    const error = await refusal(compose());
    expect([error.code, error.message]).toEqual([
      expect.stringMatching(code),
      expect.stringMatching(message),
    ]);
    expect(error.hint).toBeDefined();
  });

  it('refuses a platform that the release is not made for', async () => {
    expect((await refusal(compose({ platform: 'linux/arm64' }))).code).toBe('TARGET_INVALID');
    const error = await refusal(compose({ platform: 'linux/loong64' }));
    expect(error.code).toBe('TARGET_INVALID');
    expect(error.hint).toContain('`linux/amd64`');
  });

  it('says when a suite has nothing for a platform any more', async () => {
    await mirror.publish('bookworm-security', { packages: [], architectures: 'arm64' });
    await compose();
    expect(space.events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', message: expect.stringContaining('`bookworm-security`') },
    ]);
  });

  it('refuses an unknown package', async () => {
    const error = await refusal(compose({ packages: ['netbsae'] }));
    expect(error.code).toBe('DEBIAN_PACKAGE');
    expect(error.hint).toContain('`netbase`');
  });

  it('refuses two packages that ship one file', async () => {
    await publish([
      ...tinyBookworm(),
      { name: 'rival', members: [{ path: './etc/protocols', data: 'mine' }] },
    ]);
    const error = await refusal(compose({ packages: ['rival'] }));
    expect(error.code).toBe('DEBIAN_PACKAGE');
    expect(error.message).toContain('/etc/protocols');
  });
});

describe('rememberedDebian', () => {
  it('knows the base as long as the releases are fresh', async () => {
    expect(rememberedDebian(requestOf(), space.context)).toBeUndefined();
    const { key, releases } = await compose();
    expect(rememberedDebian(requestOf(), space.context)).toMatchObject({ key, releases });
    expect(rememberedDebian(requestOf({ now: NOW + 23 * HOUR }), space.context)?.key).toBe(key);
    expect(rememberedDebian(requestOf({ now: NOW + 25 * HOUR }), space.context)).toBeUndefined();
    expect(rememberedDebian(requestOf({ now: NOW + 999 * HOUR }), space.offline)?.key).toBe(key);
    expect(rememberedDebian(requestOf({ refresh: true }), space.context)).toBeUndefined();
  });

  it('does not mix up requests', async () => {
    await compose();
    for (const other of [
      { release: '13' },
      { platform: 'linux/arm64' },
      { packages: ['netbase'] },
      { mirror: 'http://other.example/debian' },
      { keys: ['other'] },
    ] as const) {
      expect(rememberedDebian(requestOf(other), space.context)).toBeUndefined();
    }
  });
});
