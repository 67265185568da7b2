// The real thing: bases composed from the mirror that this host uses, run in Docker.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComposedBase, composeDebianBase } from '../../src/debian/base.ts';
import { type Elf, readElf } from '../../src/debian/elf.ts';
import { findMirror } from '../../src/debian/mirror.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Entry, FileEntry } from '../../src/layers/entry.ts';
import { writeLayer } from '../../src/layers/writer.ts';
import { openWorkspace, type Workspace } from '../debian/workspace.ts';

const mirror = hasMirror();
const docker = spawnSync('docker', ['version']).status === 0;
if (!mirror)
  console.warn('SKIPPED: no Debian mirror is known here (`BIVY_DEBIAN_MIRROR`): no base is composed');
if (!docker) console.warn('SKIPPED: `docker` cannot be used here: no composed base is run');

function hasMirror(): boolean {
  try {
    return findMirror({}, process.env).main !== '';
  } catch (error) {
    if (error instanceof BivyError && error.code === 'MIRROR_UNKNOWN') return false;
    throw error;
  }
}

let space: Workspace;
beforeAll(() => {
  space = openWorkspace();
});
afterAll(() => space.close());

function compose(
  release: '12' | '13',
  platform: string,
  packages: readonly string[] = [],
): Promise<ComposedBase> {
  return composeDebianBase({ release, platform, packages, environment: process.env }, space.context);
}

async function filesOf(base: ComposedBase): Promise<ReadonlyMap<string, Entry>> {
  const parts = await base.parts();
  return new Map(parts.flatMap(({ entries }) => entries).map((entry) => [entry.path, entry]));
}

function elfOf({ content, size }: FileEntry): Elf | undefined {
  if (content.kind !== 'slice') return undefined;
  const bytes = Buffer.alloc(size);
  const file = openSync(content.path, 'r');
  readSync(file, bytes, 0, size, content.offset);
  closeSync(file);
  return readElf(bytes);
}

/** Each ELF file against the sonames that the base's directories of libraries have. */
async function missingLibraries(
  base: ComposedBase,
  tuple: string,
  machine: number,
): Promise<readonly string[]> {
  const entries = await filesOf(base);
  const missing: string[] = [];
  let looked = 0;
  for (const entry of entries.values()) {
    const elf = entry.kind === 'file' ? elfOf(entry) : undefined;
    if (elf === undefined) continue;
    looked++;
    if (elf.machine !== machine) missing.push(`${entry.path} is for machine ${elf.machine}`);
    for (const name of elf.needed) {
      const there = [`usr/lib/${tuple}/${name}`, `usr/lib/${name}`, `usr/lib64/${name}`].some((path) =>
        entries.has(path),
      );
      if (!there) missing.push(`${entry.path} needs ${name}`);
    }
  }
  expect(looked).toBeGreaterThan(100);
  return missing;
}

const RELEASES = [
  { release: '12', python: '3.11', libc: 36 },
  { release: '13', python: '3.13', libc: 41 },
] as const;

describe.skipIf(!mirror).each(RELEASES)('debian:$release', ({ release, python, libc }) => {
  let base: ComposedBase;
  beforeAll(async () => {
    base = await compose(release, 'linux/amd64');
  });

  it('states what it is', () => {
    expect(base.facts.pythons[0]?.version).toMatch(new RegExp(`^${python.replace('.', '\\.')}\\.\\d+$`));
    expect(base.facts.libc).toEqual({ family: 'glibc', major: 2, minor: libc });
    expect(base.facts.unpacked).toBeLessThan(46_000_000);
  });

  it('has every library that its files need', async () => {
    expect(await missingLibraries(base, 'x86_64-linux-gnu', 62)).toEqual([]);
  });

  it('holds no shell, package manager or interpreter but Python', async () => {
    const entries = await filesOf(base);
    const programs = [...entries.keys()].filter((path) => /^usr\/s?bin\/[^/]+$/.test(path)).sort();
    expect(programs).toEqual([
      'usr/bin/python',
      'usr/bin/python3',
      `usr/bin/python${python}`,
      'usr/sbin/ldconfig',
    ]);
  });

  describe.skipIf(!docker)('in Docker', () => {
    const tag = `bivy-test-debian:${randomUUID()}`;
    beforeAll(async () => {
      const path = join(space.root, `${release}.tar.gz`);
      const { size } = await writeLayer(await base.parts(), { path });
      expect(size).toBeLessThan(18_000_000);
      const load = spawn('docker', ['import', '-', tag], { stdio: ['pipe', 'ignore', 'inherit'] });
      const done = new Promise((resolve) => load.on('close', resolve));
      await pipeline(createReadStream(path), createGunzip(), load.stdin);
      expect(await done).toBe(0);
    });
    afterAll(() => {
      spawnSync('docker', ['rmi', '-f', tag]);
    });

    function run(program: readonly string[], options: readonly string[] = []): string {
      const env = Object.entries(base.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      const flags = ['--rm', '--network', 'none', '--read-only', '--user', '65532:65532', ...env, ...options];
      return execFileSync('docker', ['run', ...flags, tag, ...program], { encoding: 'utf8' }).trim();
    }

    it('imports the standard library, as a user, on a read-only root', () => {
      const absent = [
        'antigravity',
        'ensurepip',
        'idlelib',
        'lib2to3.tests',
        'test',
        'this',
        'tkinter',
        'turtle',
        'turtledemo',
      ];
      const script = `
import importlib, os, sys
absent = set(${JSON.stringify([...absent, '_tkinter'])})
foreign = {'_ios_support', '_msi', '_overlapped', '_scproxy', '_winapi', '_wmi', 'msilib', 'msvcrt', 'nt', 'winreg', 'winsound'}
faults = []
for name in sorted(sys.stdlib_module_names - absent - foreign):
    try:
        importlib.import_module(name)
    except Exception as error:
        faults.append((name, repr(error)))
dynload = next(path for path in sys.path if path.endswith('lib-dynload'))
for name in sorted(os.listdir(dynload)):
    importlib.import_module(name.split('.')[0])
print(faults)
`;
      expect(run(['python3', '-c', script])).toBe('[]');
    });

    it('has users, time zones, certificates, locale, terminal and names of things', () => {
      const script = `
import curses, getpass, locale, mimetypes, os, pwd, socket, ssl, time, zoneinfo
print(getpass.getuser(), os.path.expanduser('~'), pwd.getpwnam('www-data').pw_uid, oct(os.stat('/home/nonroot').st_mode))
print(len(ssl.create_default_context().get_ca_certs()) > 100, zoneinfo.ZoneInfo('Europe/Rome').key, zoneinfo.ZoneInfo('US/Eastern').key, time.tzname[0])
locale.setlocale(locale.LC_ALL, '')
print(locale.getpreferredencoding(), locale.strxfrm('a') < locale.strxfrm('b'))
curses.setupterm('xterm-256color')
print(mimetypes.guess_type('a.woff2')[0], socket.getservbyname('https'), socket.getprotobyname('udp'))
del os.environ['SSL_CERT_FILE']
print(len(ssl.create_default_context().get_ca_certs()) > 100)
`;
      expect(run(['python3', '-c', script]).split('\n')).toEqual([
        'nonroot /home/nonroot 33 0o40700',
        'True Europe/Rome US/Eastern UTC',
        'UTF-8 True',
        'font/woff2 443 17',
        'True',
      ]);
    });

    it('finds libraries as `ldconfig` would', () => {
      const ours = run(['ldconfig', '-p'])
        .split('\n')
        .filter((line) => line.startsWith('\t'));
      const theirs = run(
        [
          'python',
          '-c',
          'import subprocess as s; s.run(["ldconfig", "-C", "/tmp/c", "-X"]); s.run(["ldconfig", "-p", "-C", "/tmp/c"])',
        ],
        ['--tmpfs', '/tmp'],
      );
      expect(ours).toEqual(theirs.split('\n').filter((line) => line.startsWith('\t')));
      const script =
        'import ctypes.util as c; print([c.find_library(n) for n in ("c", "ssl", "stdc++", "gomp", "z")])';
      expect(run(['python', '-c', script])).toBe(
        "['libc.so.6', 'libssl.so.3', 'libstdc++.so.6', 'libgomp.so.1', 'libz.so.1']",
      );
    });

    it('runs as any user', () => {
      expect(run(['python', '-c', 'import os; print(os.getuid())'], ['--user', '12345:0'])).toBe('12345');
    });
  });
});

describe.skipIf(!mirror)('other bases', () => {
  it('are composed for another processor', async () => {
    const base = await compose('12', 'linux/arm64');
    expect(await missingLibraries(base, 'aarch64-linux-gnu', 183)).toEqual([]);
  });

  it('take further packages', async () => {
    const base = await compose('12', 'linux/amd64', ['libpq5', 'libmagic1', 'tini']);
    const entries = await filesOf(base);
    expect(entries.has('usr/bin/tini')).toBe(true);
    expect(entries.has('usr/lib/x86_64-linux-gnu/libpq.so.5')).toBe(true);
    expect(await missingLibraries(base, 'x86_64-linux-gnu', 62)).toEqual([]);
  });

  it('are the same from another cache', async () => {
    const other = openWorkspace();
    try {
      const request = {
        release: '12',
        platform: 'linux/amd64',
        packages: [],
        environment: process.env,
      } as const;
      const [one, two] = [
        await compose('12', 'linux/amd64'),
        await composeDebianBase(request, other.context),
      ];
      expect(two.key).toBe(one.key);
      const digest = async (base: ComposedBase, name: string): Promise<string> =>
        (await writeLayer(await base.parts(), { path: join(other.root, name) })).digest;
      expect(await digest(two, 'two')).toBe(await digest(one, 'one'));
    } finally {
      await other.close();
    }
  });
});
