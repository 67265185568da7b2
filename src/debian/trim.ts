// What Debian's packages hold and a base leaves out. The table is printed in `docs/debian-base.md`. No module that a
// program may import is in it, except for Python's own test suite.

export interface Trim {
  /** Packages, where `*` is any; otherwise only while the user has not named the package in `packages`. */
  readonly of: readonly string[];
  /**
   * Paths with `/usr` merged; `*` stands for anything but `/`, `?` for
   * one character of it, `/**` at the end for everything below. A directory that is empty by that goes too.
   */
  readonly paths: readonly string[];
  /** Paths among these that stay. */
  readonly except?: readonly string[];
  readonly reason: string;
}

export const TRIMS: readonly Trim[] = [
  {
    of: ['*'],
    paths: ['usr/share/doc/*/**'],
    except: ['usr/share/doc/*/copyright'],
    reason: 'documentation; the licences stay',
  },
  {
    of: ['*'],
    paths: ['usr/share/man/**', 'usr/share/info/**', 'usr/share/doc-base/**', 'usr/share/help/**'],
    reason: 'manuals',
  },
  {
    of: ['*'],
    paths: ['usr/share/locale/**'],
    reason: 'translations of messages',
  },
  {
    of: ['*'],
    paths: ['usr/share/lintian/**', 'usr/share/bug/**'],
    reason: 'for those who make and mend Debian’s packages',
  },
  {
    of: ['*'],
    paths: ['usr/share/menu/**', 'usr/share/pixmaps/**', 'usr/share/applications/**'],
    reason: 'for desktops',
  },
  {
    of: ['*'],
    paths: ['usr/share/gdb/**', 'usr/share/gcc/**'],
    reason: 'for debuggers',
  },
  {
    of: ['*'],
    paths: [
      'usr/share/bash-completion/**',
      'usr/share/zsh/**',
      'usr/share/fish/**',
      'etc/bash_completion.d/**',
    ],
    reason: 'for shells',
  },
  {
    of: ['base-files'],
    paths: ['etc/update-motd.d/**', 'etc/issue', 'etc/issue.net', 'usr/share/base-files/**'],
    reason: 'for those who log in, and what `postinst` makes of it',
  },
  {
    of: ['ca-certificates'],
    paths: ['usr/share/ca-certificates/**', 'usr/sbin/update-ca-certificates', 'etc/ca-certificates/**'],
    reason:
      'the certificates one by one and the script that joins them; they stand in `/etc/ssl/certs/ca-certificates.crt`',
  },
  {
    of: ['libc-bin'],
    paths: ['usr/bin/**', 'usr/sbin/**'],
    except: ['usr/sbin/ldconfig'],
    reason: 'programs for administrators; `ldconfig` stays because `ctypes.util.find_library` asks it',
  },
  {
    of: ['libc6'],
    paths: ['usr/lib/*/gconv/*.so'],
    except: [
      'usr/lib/*/gconv/CP125?.so',
      'usr/lib/*/gconv/ISO8859-*.so',
      'usr/lib/*/gconv/KOI8-*.so',
      'usr/lib/*/gconv/UNICODE.so',
      'usr/lib/*/gconv/UTF-*.so',
    ],
    reason:
      'character sets of `iconv(3)` other than Unicode, ISO 8859, KOI8 and Windows’; Python has its own codecs',
  },
  {
    of: ['libpython3.11-minimal', 'libpython3.11-stdlib', 'libpython3.13-minimal', 'libpython3.13-stdlib'],
    paths: [
      'usr/lib/python3.*/test/**',
      'usr/lib/python3.*/lib-dynload/_ctypes_test.*',
      'usr/lib/python3.*/lib-dynload/_test*',
      'usr/lib/python3.*/lib-dynload/_xxtestfuzz.*',
      'usr/lib/python3.*/lib-dynload/xxlimited*',
    ],
    reason: 'what is left of Python’s own test suite, as Docker’s Python images leave it out',
  },
  {
    of: ['tzdata', 'tzdata-legacy'],
    paths: ['usr/share/zoneinfo/posix/**', 'usr/share/zoneinfo/right/**'],
    reason:
      'time zones under second names: `posix/` repeats all of them, `right/` is for clocks that count leap seconds',
  },
];

/** Whether a file is left out, once for all packages (`*`) or for one by name. */
export function isTrimmed(path: string, name: string): boolean {
  return COMPILED.some(
    ({ of, paths, except }) => of.has(name) && paths.test(path) && except?.test(path) !== true,
  );
}

/** The packages that have rows of their own. */
export function hasOwnTrims(name: string): boolean {
  return name !== '*' && COMPILED.some(({ of }) => of.has(name));
}

const COMPILED = TRIMS.map(({ of, paths, except }) => ({
  of: new Set(of),
  paths: compile(paths),
  except: except === undefined ? undefined : compile(except),
}));

function compile(globs: readonly string[]): RegExp {
  return new RegExp(`^(?:${globs.map(compileGlob).join('|')})$`);
}

function compileGlob(glob: string): string {
  const whole = glob.endsWith('/**');
  const source = (whole ? glob.slice(0, -3) : glob)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return whole ? `${source}/.+` : source;
}
