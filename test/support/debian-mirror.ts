// A Debian mirror on loopback with a key of its own and tiny packages, which lies by script: another key's signature, an
// expired release, wrong hashes, files cut short, HTML instead of anything.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCleartextMessage, generateKey, type PrivateKey, readPrivateKey, sign } from 'openpgp';
import { debOf, type TarMember, xzOf } from './deb.ts';
import { sharedLibrary } from './elf.ts';

export interface MirrorPackage {
  readonly name: string;
  /** `1.0-1` by default. */
  readonly version?: string;
  /** `amd64` by default. */
  readonly architecture?: string;
  /** Further fields of the paragraph: `Depends`, `Provides`. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly members?: readonly TarMember[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly md5sums?: string;
}

interface SuiteOptions {
  readonly packages: readonly MirrorPackage[];
  /** What the release file says of itself; by default the truth. */
  readonly codename?: string;
  /** Milliseconds since 1970. */
  readonly date?: number;
  readonly validUntil?: number;
  readonly architectures?: string;
  readonly byHash?: boolean;
  /** Sign with a key that nobody trusts. */
  readonly forged?: boolean;
  /** Give the packages' list as `.gz`: a function of its bytes, because tests have no need of more. */
  readonly compress?: { readonly ending: string; readonly pack: (bytes: Buffer) => Buffer };
}

type Reply = { readonly status?: number; readonly body: string | Uint8Array };

export interface DebianMirror {
  readonly main: string;
  readonly security: string;
  /** The armored key that it signs with. */
  readonly keys: readonly string[];
  /** Paths asked for, in order. */
  readonly log: readonly string[];
  publish(suite: string, options: SuiteOptions): Promise<void>;
  /** Paths below one. */
  paths(start: string): readonly string[];
  /** What stands at a path, by the path's end. */
  find(ending: string): { readonly path: string; readonly bytes: Buffer };
  /** That path answers with this from now on. */
  replace(path: string, reply: Reply): void;
  close(): Promise<void>;
}

/** `now` of the mirror: tests have no clock. */
export const NOW: number = Date.UTC(2026, 0, 15);

const DAY = 24 * 3600 * 1000;

export async function startDebianMirror(): Promise<DebianMirror> {
  const [own, foreign] = await Promise.all([createKey('mirror'), createKey('nobody')]);
  const files = new Map<string, Reply>();
  const log: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0]!);
    log.push(path);
    const { status = 200, body } = files.get(path) ?? { status: 404, body: 'not here' };
    const bytes = Buffer.from(body);
    response.writeHead(status, { 'content-length': String(bytes.length) });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    main: `${origin}/debian`,
    security: `${origin}/debian-security`,
    keys: [own.publicKey],
    log,
    async publish(suite, options) {
      const root = suite.endsWith('-security') ? '/debian-security' : '/debian';
      const { packages, compress = { ending: '.xz', pack: xzOf } } = options;
      const paragraphs = packages.map((one) => {
        const { paragraph, filename, deb } = build(one);
        files.set(`${root}/${filename}`, { body: deb });
        return paragraph;
      });
      const list = Buffer.from(paragraphs.join('\n'));
      const packed = compress.pack(list);
      const path = 'main/binary-amd64/Packages';
      files.set(`${root}/dists/${suite}/${path}${compress.ending}`, { body: packed });
      if (options.byHash !== false) {
        files.set(`${root}/dists/${suite}/main/binary-amd64/by-hash/SHA256/${sha256(packed)}`, {
          body: packed,
        });
      }
      const text = releaseText(suite, options, [
        [path, list],
        [path + compress.ending, packed],
      ]);
      const key = options.forged === true ? foreign.privateKey : own.privateKey;
      files.set(`${root}/dists/${suite}/InRelease`, { body: await signed(text, key) });
    },
    paths(start) {
      return [...files.keys()].filter((path) => path.includes(start));
    },
    find(ending) {
      const path = [...files.keys()].find((one) => one.endsWith(ending));
      if (path === undefined) throw new Error(`the mirror has nothing that ends in ${ending}`);
      return { path, bytes: Buffer.from(files.get(path)!.body) };
    },
    replace(path, reply) {
      files.set(path, reply);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: PrivateKey;
}

async function createKey(name: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name, email: `${name}@example.org` }],
    date: new Date(NOW - 400 * DAY),
    format: 'armored',
  });
  return { publicKey, privateKey: await readPrivateKey({ armoredKey: privateKey }) };
}

async function signed(text: string, key: PrivateKey): Promise<string> {
  const message = await createCleartextMessage({ text });
  return sign({ message, signingKeys: key, date: new Date(NOW - 60_000) });
}

function releaseText(
  suite: string,
  options: SuiteOptions,
  files: readonly (readonly [string, Buffer])[],
): string {
  const {
    codename = suite,
    date = NOW - DAY,
    validUntil,
    architectures = 'all amd64',
    byHash = true,
  } = options;
  return [
    'Origin: Debian',
    `Suite: stable${suite.includes('-') ? suite.slice(suite.indexOf('-')) : ''}`,
    `Codename: ${codename}`,
    `Date: ${new Date(date).toUTCString()}`,
    ...(validUntil === undefined ? [] : [`Valid-Until: ${new Date(validUntil).toUTCString()}`]),
    ...(byHash ? ['Acquire-By-Hash: yes'] : []),
    'No-Support-for-Architecture-all: Packages',
    `Architectures: ${architectures}`,
    'Components: main',
    'SHA256:',
    ...files.map(([path, bytes]) => ` ${sha256(bytes)} ${bytes.length} ${path}`),
    '',
  ].join('\n');
}

function build(one: MirrorPackage): {
  readonly paragraph: string;
  readonly filename: string;
  readonly deb: Buffer;
} {
  const {
    name,
    version = '1.0-1',
    architecture = 'amd64',
    fields = {},
    members = [],
    scripts,
    md5sums,
  } = one;
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    ...Object.entries(fields).map(([field, value]) => `${field}: ${value}`),
    `Description: ${name} for tests`,
    ' of more than one line',
    '',
  ].join('\n');
  const deb = debOf({
    control,
    members,
    ...(scripts === undefined ? {} : { scripts }),
    ...(md5sums === undefined ? {} : { md5sums }),
  });
  const filename = `pool/main/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`;
  const paragraph = `${control}Filename: ${filename}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
  return { paragraph, filename, deb };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What `debian:12` is made of, in little: each package that a base wants, and what it does without. */
export function tinyBookworm(): readonly MirrorPackage[] {
  const directory = (path: string, mode = 0o755): TarMember => ({ path: `./${path}/`, type: '5', mode });
  const library = (directoryPath: string, name: string, version: string): TarMember[] => [
    { path: `./${directoryPath}/${name}.${version}`, data: sharedLibrary({ soname: name }) },
    { path: `./${directoryPath}/${name}`, type: '2', target: `${name}.${version}` },
  ];
  return [
    {
      name: 'base-files',
      version: '12.4',
      fields: { 'Pre-Depends': 'awk' },
      members: [
        directory('bin'),
        directory('lib'),
        directory('root', 0o700),
        directory('tmp', 0o1777),
        directory('var/run'),
        directory('usr/share/doc/base-files'),
        { path: './etc/os-release', type: '2', target: '../usr/lib/os-release' },
        { path: './usr/lib/os-release', data: 'ID=debian\nVERSION_ID="12"\n' },
        { path: './usr/share/doc/base-files/copyright', data: 'GPL' },
        { path: './usr/share/doc/base-files/changelog.gz', data: 'long' },
        { path: './var/local/', type: '5', mode: 0o2775, gid: 50 },
      ],
      scripts: { postinst: '#!/bin/sh\nexit 1\n' },
    },
    {
      name: 'ca-certificates',
      architecture: 'all',
      fields: { Depends: 'openssl (>= 1.1.1), debconf (>= 0.5) | debconf-2.0' },
      members: [
        { path: './usr/share/ca-certificates/mozilla/B.crt', data: 'second' },
        { path: './usr/share/ca-certificates/mozilla/A.crt', data: 'first\n' },
        { path: './usr/sbin/update-ca-certificates', data: '#!/bin/sh\n', mode: 0o755 },
      ],
    },
    {
      name: 'libc-bin',
      version: '2.36-9',
      fields: { Depends: 'libc6 (>> 2.36), libc6 (<< 2.37)' },
      members: [
        { path: './etc/ld.so.conf.d/libc.conf', data: '# local\n/usr/local/lib\n' },
        { path: './sbin/ldconfig', data: 'binary', mode: 0o755 },
        { path: './usr/bin/getent', data: 'binary', mode: 0o755 },
        { path: './usr/share/libc-bin/nsswitch.conf', data: 'passwd: files\n' },
      ],
    },
    {
      name: 'libc6',
      version: '2.36-9',
      fields: { Depends: 'libgcc-s1', 'Multi-Arch': 'same' },
      members: [
        {
          path: './lib/x86_64-linux-gnu/libc.so.6',
          data: sharedLibrary({ soname: 'libc.so.6' }),
          mode: 0o755,
        },
        {
          path: './lib64/ld-linux-x86-64.so.2',
          type: '2',
          target: '/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
        },
        {
          path: './lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
          data: sharedLibrary({ soname: 'ld-linux-x86-64.so.2' }),
        },
        { path: './usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so', data: 'module' },
        { path: './usr/lib/x86_64-linux-gnu/gconv/UTF-16.so', data: 'module' },
      ],
      md5sums: [
        `${'0'.repeat(32)}  lib/x86_64-linux-gnu/libc.so.6`,
        `${'1'.repeat(32)}  usr/lib/x86_64-linux-gnu/gconv/EUC-JP.so`,
        '',
      ].join('\n'),
    },
    { name: 'libcrypt1', members: library('lib/x86_64-linux-gnu', 'libcrypt.so.1', '1.0') },
    { name: 'libgcc-s1', fields: { Depends: 'libc6 (>= 2.35)' } },
    { name: 'libgomp1' },
    { name: 'libstdc++6', members: library('usr/lib/x86_64-linux-gnu', 'libstdc++.so.6', '0.30') },
    {
      name: 'media-types',
      architecture: 'all',
      members: [{ path: './etc/mime.types', data: 'text/plain txt\n' }],
    },
    { name: 'ncurses-base', architecture: 'all' },
    { name: 'netbase', architecture: 'all', members: [{ path: './etc/protocols', data: 'tcp 6 TCP\n' }] },
    { name: 'python3-gdbm', fields: { Depends: 'python3 (>= 3.10), libc6' } },
    { name: 'python3-distutils', architecture: 'all', fields: { Depends: 'python3:any, python3-lib2to3' } },
    { name: 'python3-lib2to3', architecture: 'all' },
    {
      name: 'libpython3.11-stdlib',
      version: '3.11.2-6+deb12u1',
      fields: { Depends: 'media-types | mime-support, libc6 (>= 2.34)' },
      members: [
        { path: './usr/lib/python3.11/os.py', data: 'import sys\n' },
        { path: './usr/lib/python3.11/test/regrtest.py', data: '' },
      ],
    },
    {
      name: 'python3.11-minimal',
      version: '3.11.2-6+deb12u1',
      fields: { Depends: 'libc6', 'Pre-Depends': 'libc6 (>= 2.35)', 'Multi-Arch': 'allowed' },
      members: [
        { path: './usr/bin/python3.11', data: 'interpreter', mode: 0o755 },
        { path: './usr/bin/python3.11-again', type: '1', target: './usr/bin/python3.11' },
      ],
    },
    {
      name: 'tzdata',
      architecture: 'all',
      fields: { Depends: 'debconf' },
      members: [
        { path: './usr/share/zoneinfo/Etc/UTC', data: 'TZif' },
        { path: './usr/share/zoneinfo/right/Etc/UTC', data: 'TZif' },
      ],
    },
  ];
}
