// What is known of a base: enough to choose wheels, lay paths and write a configuration without reading a layer again.
// Plain JSON, so that it can be remembered; the composed Debian base states its own, `learn.ts` works out any other's.

import { BivyError } from '../kernel/errors.ts';
import { followLinks } from '../kernel/links.ts';
import type { Libc } from '../python/target.ts';

export interface BasePython {
  /** As `platform.python_version()` says it: `3.11.2`. */
  readonly version: string;
  /** The file itself, not a link to it: `/usr/bin/python3.11`. */
  readonly executable: string;
  readonly major: number;
  readonly minor: number;
}

/** `[mode, uid, gid]` of a directory; a link has its target as fourth member. */
export type PathFact = readonly [mode: number, uid: number, gid: number, target?: string];

export interface BaseFacts {
  /** OCI spelling: `linux/amd64`. */
  readonly platform: string;
  /** In the order of `PATH`, then by path. */
  readonly pythons: readonly BasePython[];
  /** Absent where there is no C library (`scratch`). */
  readonly libc?: Libc;
  /** Text of `/etc/passwd` and `/etc/group`, where they are. */
  readonly passwd?: string;
  readonly group?: string;
  readonly env: Readonly<Record<string, string>>;
  /** As the configuration has it; empty for root. */
  readonly user: string;
  /** Empty where the configuration names none. */
  readonly workdir: string;
  /** Every directory and symbolic link; keys as in `Entry.path` (`usr/local/bin`), the root is `''`. */
  readonly paths: Readonly<Record<string, PathFact>>;
  /** Files of the watched directories (`WATCHED`, and those asked for): bytes that go when a layer replaces one. */
  readonly files: Readonly<Record<string, number>>;
  /** Sum of the sizes of all files once all layers are applied, hard links counted once. */
  readonly unpacked: number;
}

/** Where layers above a base put files: what a base has there is listed. */
export const WATCHED: readonly string[] = ['app', 'etc', 'home'];

/**
 * Where a path of the base really is: links are followed, also in what does not exist yet (`app/x`, with `app` a link
 * to `/srv/real`, is `srv/real/x`). `/`-separated, relative to the image's root, as given and as returned.
 * @throws BivyError `BASE_INVALID` where links go round in circles
 */
export function resolvePath(facts: Pick<BaseFacts, 'paths'>, path: string): string {
  return followLinks(path, {
    targetOf: (at) => factAt(facts, at)?.[3],
    refuse() {
      throw new BivyError('BASE_INVALID', `links of the base go round in circles at \`/${path}\``, {
        hint: 'choose another base, or another place for the files',
      });
    },
  });
}

/** Whether the base has a directory there, once links are followed. */
export function isBaseDirectory(facts: Pick<BaseFacts, 'paths'>, path: string): boolean {
  const fact = factAt(facts, resolvePath(facts, path));
  return fact !== undefined && fact[3] === undefined;
}

/**
 * Refuses a base that already has something at that path (`app/.venv`).
 * @throws BivyError `BASE_OCCUPIED`
 */
export function refuseOccupied(facts: Pick<BaseFacts, 'paths' | 'files'>, path: string, base: string): void {
  const place = resolvePath(facts, path);
  if (
    factAt(facts, path) === undefined &&
    factAt(facts, place) === undefined &&
    !Object.hasOwn(facts.files, place)
  ) {
    return;
  }
  throw new BivyError('BASE_OCCUPIED', `the base \`${base}\` already has \`/${path}\``, {
    hint: `name the image that \`${base}\` was built from as \`base\`, or remove \`/${path}\` from it`,
  });
}

/**
 * The size of an image: the base and the files of the layers above it, each path counted once, the uppermost wins.
 * Later layers stand later; paths are physical (see `resolvePath`).
 */
export function unpackedSize(
  facts: Pick<BaseFacts, 'files' | 'unpacked'>,
  layers: readonly (readonly { readonly path: string; readonly size: number }[])[],
): number {
  const own = new Map<string, number>();
  for (const files of layers) for (const { path, size } of files) own.set(path, size);
  let sum = facts.unpacked;
  for (const [path, size] of own) {
    sum += size - (Object.hasOwn(facts.files, path) ? facts.files[path]! : 0);
  }
  return sum;
}

function factAt(facts: Pick<BaseFacts, 'paths'>, path: string): PathFact | undefined {
  return Object.hasOwn(facts.paths, path) ? facts.paths[path] : undefined;
}
