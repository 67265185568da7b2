// What no package ships because its `postinst` would make it, and what a container needs besides: users, links, the
// directories that `base-files` makes, the bundle of certificates. None is laid over a file that a package does ship.

import type { Entry } from '../layers/entry.ts';
import type { DebianRelease } from './suite.ts';

/** Debian's standing users (`base-passwd`), without the shells that are not there, and `nonroot`. */
const USERS: readonly string[] = [
  'root:x:0:0:root:/root:/usr/sbin/nologin',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'bin:x:2:2:bin:/bin:/usr/sbin/nologin',
  'sys:x:3:3:sys:/dev:/usr/sbin/nologin',
  'sync:x:4:65534:sync:/bin:/usr/sbin/nologin',
  'games:x:5:60:games:/usr/games:/usr/sbin/nologin',
  'man:x:6:12:man:/var/cache/man:/usr/sbin/nologin',
  'lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin',
  'mail:x:8:8:mail:/var/mail:/usr/sbin/nologin',
  'news:x:9:9:news:/var/spool/news:/usr/sbin/nologin',
  'uucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin',
  'proxy:x:13:13:proxy:/bin:/usr/sbin/nologin',
  'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
  'backup:x:34:34:backup:/var/backups:/usr/sbin/nologin',
  'list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin',
  'irc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin',
  'nonroot:x:65532:65532:nonroot:/home/nonroot:/usr/sbin/nologin',
  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
];

const GROUPS: readonly (readonly [name: string, gid: number])[] = [
  ['root', 0],
  ['daemon', 1],
  ['bin', 2],
  ['sys', 3],
  ['adm', 4],
  ['tty', 5],
  ['disk', 6],
  ['lp', 7],
  ['mail', 8],
  ['news', 9],
  ['uucp', 10],
  ['man', 12],
  ['proxy', 13],
  ['kmem', 15],
  ['dialout', 20],
  ['fax', 21],
  ['voice', 22],
  ['cdrom', 24],
  ['floppy', 25],
  ['tape', 26],
  ['sudo', 27],
  ['audio', 29],
  ['dip', 30],
  ['www-data', 33],
  ['backup', 34],
  ['operator', 37],
  ['list', 38],
  ['irc', 39],
  ['src', 40],
  ['shadow', 42],
  ['utmp', 43],
  ['video', 44],
  ['sasl', 45],
  ['plugdev', 46],
  ['staff', 50],
  ['games', 60],
  ['users', 100],
  ['nonroot', 65532],
  ['nogroup', 65534],
];

export const PASSWD: string = lines(USERS);
export const GROUP: string = lines(GROUPS.map(([name, gid]) => `${name}:x:${gid}:`));

/** Files that a `postinst` copies from where its package keeps them. */
export const COPIES: readonly { readonly from: string; readonly to: string }[] = [
  { from: 'usr/share/libc-bin/nsswitch.conf', to: 'etc/nsswitch.conf' },
  { from: 'usr/share/readline/inputrc', to: 'etc/inputrc' },
];

const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

/** What every composed base sets; the library search path needs nothing, `ld.so.cache` has it. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  LANG: 'C.UTF-8',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  SSL_CERT_FILE: `/${BUNDLE}`,
};

/** Links that must stand before any package is laid: a merged `/usr` (Debian 12's packages do not know of it yet). */
export function mergedLinks(tuple: string): readonly Entry[] {
  const names = ['bin', 'lib', 'sbin'];
  // The ports whose loader is in `/lib64` by its ABI.
  if (/^(?:x86_64|powerpc64le|mips64el)-/.test(tuple)) names.push('lib64');
  return names.flatMap((name): Entry[] => [
    { kind: 'directory', path: `usr/${name}`, mode: 0o755 },
    { kind: 'symlink', path: name, mode: 0o777, target: `usr/${name}` },
  ]);
}

/** Directories that become links: laid before `base-files`, whose `postinst` would do it. */
export const RUN_LINKS: readonly Entry[] = [
  { kind: 'directory', path: 'run', mode: 0o755 },
  { kind: 'directory', path: 'run/lock', mode: 0o1777 },
  { kind: 'directory', path: 'var', mode: 0o755 },
  { kind: 'symlink', path: 'var/lock', mode: 0o777, target: '/run/lock' },
  { kind: 'symlink', path: 'var/run', mode: 0o777, target: '/run' },
];

/** In the order in which they are laid; each only where no package has anything. */
export function systemFiles({ python }: DebianRelease, certificates: Buffer): readonly Entry[] {
  const directory = (path: string, mode = 0o755, owner = 0, group = owner): Entry => ({
    kind: 'directory',
    path,
    mode,
    uid: owner,
    gid: group,
  });
  const link = (path: string, target: string): Entry => ({ kind: 'symlink', path, mode: 0o777, target });
  return [
    textFile('etc/passwd', PASSWD),
    textFile('etc/group', GROUP),
    directory('home/nonroot', 0o700, 65532),
    ...['etc/opt', 'media', 'mnt', 'opt', 'srv', 'usr/local', 'var/opt'].map((path) => directory(path)),
    ...['bin', 'etc', 'games', 'include', 'lib', 'sbin', 'share', 'src'].map((name) =>
      directory(`usr/local/${name}`),
    ),
    directory('var/mail', 0o2775, 0, 8),
    link('var/spool/mail', '../mail'),
    link('etc/dpkg/origins/default', 'debian'),
    textFile('etc/timezone', 'Etc/UTC\n'),
    link('etc/localtime', '/usr/share/zoneinfo/Etc/UTC'),
    bytesFile(BUNDLE, certificates),
    link('usr/lib/ssl/cert.pem', `/${BUNDLE}`),
    link('usr/lib/ssl/certs', '/etc/ssl/certs'),
    link('usr/bin/python3', `python${python}`),
    link('usr/bin/python', 'python3'),
  ];
}

export function textFile(path: string, text: string): Entry {
  return bytesFile(path, Buffer.from(text));
}

export function bytesFile(path: string, bytes: Buffer): Entry {
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content: { kind: 'bytes', bytes } };
}

/** The certificates one after the other, sorted by path, each ended by a line feed: what `update-ca-certificates` writes. */
export function joinCertificates(certificates: readonly (readonly [path: string, bytes: Buffer])[]): Buffer {
  return Buffer.concat(
    [...certificates]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, bytes]) => (bytes.at(-1) === 0x0a ? [bytes] : [bytes, Buffer.from('\n')])),
  );
}

function lines(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join('');
}
