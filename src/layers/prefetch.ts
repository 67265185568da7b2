// Which files of an eStargz layer come first, before the landmark: a runtime fetches them in one piece before it starts
// a container, and every other when it is read. A layer's key holds the rule, or what it follows from. Pure.

import type { FileEntry, SymlinkEntry } from './entry.ts';

type IsFirst = (entry: FileEntry | SymlinkEntry) => boolean;

/** Where an environment's packages lie in the image. */
interface WheelPlace {
  /** `3.11` */
  readonly python: string;
  /** The environment: `/app/.venv` */
  readonly prefix: string;
  /** Where it lies physically, if elsewhere. */
  readonly location?: string;
}

/** Files of this many bytes and more are no scripts and modules that anyone wrote. */
const LARGE = 1 << 20;

/**
 * Of wheels, whose layer knows nothing of the project it is for: modules outside of tests, scripts (one may be the
 * command), and what `importlib.metadata` is asked for. Extension modules are most of a large wheel: they are fetched
 * when they are imported.
 */
export function wheelFirst({ python, prefix, location = prefix }: WheelPlace): IsFirst {
  const top = location.replace(/^\/+|\/+$/g, '');
  const packages = `${top}/lib/python${python}/site-packages`;
  const wanted = matches([
    `${top}/bin/*`,
    `${packages}/**/*.py`,
    `${packages}/*.dist-info/METADATA`,
    `${packages}/*.dist-info/entry_points.txt`,
  ]);
  const unwanted = matches([`${packages}/**/test/**`, `${packages}/**/tests/**`]);
  return (entry) => (entry.kind === 'symlink' || entry.size < LARGE) && wanted(entry) && !unwanted(entry);
}

const LIBRARIES =
  'ld-linux* libc.so* libm.so* libdl.so* libpthread.so* librt.so* libz.so* libexpat.so* libcrypto.so* libssl.so* ' +
  'libffi.so* liblzma.so* libbz2.so* libuuid.so* libgcc_s.so* libstdc++.so*';

/** Patterns for the layers that are made of entries. Of a base: the interpreter, what it links, its library. */
export const PREFETCH: Readonly<Record<'base' | 'venv' | 'app', readonly string[]>> = {
  base: [
    'usr/bin/python3*',
    'usr/lib/python3*/**/*.py',
    'usr/lib/python3*/lib-dynload/*.so',
    'usr/lib/locale/C.utf8/LC_CTYPE',
    ...LIBRARIES.split(' ').map((name) => `usr/lib/*/${name}`),
  ],
  venv: ['**'],
  app: ['**/*.py', '**/bin/*', '**/*.dist-info/*'],
};

/** By paths of the image, in patterns. `*`: any characters but `/`. A whole part `**`: any parts, or none. */
export function matches(patterns: readonly string[]): IsFirst {
  if (patterns.length === 0) return () => false;
  const expression = new RegExp(`^(?:${patterns.map(expressionOf).join('|')})$`);
  return ({ path }) => expression.test(path);
}

function expressionOf(pattern: string): string {
  const parts = pattern.split('/');
  return parts
    .map((part, index) => {
      const last = index === parts.length - 1;
      if (part === '**') return last ? '.*' : '(?:[^/]+/)*';
      const literal = part.split('*').map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      return literal.join('[^/]*') + (last ? '' : '/');
    })
    .join('');
}
