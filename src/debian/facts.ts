// What is known of a composed base, in the terms in which any base is described (`oci/facts.ts` has the same shape).

import { BivyError } from '../kernel/errors.ts';
import type { Part } from '../layers/entry.ts';
import type { DebianFile } from './package-list.ts';
import type { DebianRelease } from './suite.ts';
import { ENVIRONMENT, GROUP, PASSWD } from './system-files.ts';
import { upstreamVersion } from './version.ts';

export interface DebianFacts {
  readonly platform: string;
  readonly pythons: readonly {
    readonly version: string;
    readonly executable: string;
    readonly major: number;
    readonly minor: number;
  }[];
  readonly libc: { readonly family: 'glibc'; readonly major: number; readonly minor: number };
  readonly passwd: string;
  readonly group: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly paths: Readonly<
    Record<string, readonly [mode: number, uid: number, gid: number, target?: string]>
  >;
  readonly files: Readonly<Record<string, number>>;
  readonly unpacked: number;
}

/** Directories whose files layers above may replace. */
const WATCHED = /^(?:app|etc|home)\//;

/** @throws BivyError `DEBIAN_PACKAGE` where a version is not of the form that Debian's have */
export function factsOf(
  platform: string,
  { python }: DebianRelease,
  packages: readonly DebianFile[],
  parts: readonly Part[],
): DebianFacts {
  const [major, minor, rest] = numbersOf(`python${python}-minimal`, packages);
  const [libcMajor, libcMinor] = numbersOf('libc6', packages);
  const paths: Record<string, [number, number, number, string?]> = {};
  const files: Record<string, number> = {};
  let unpacked = 0;
  for (const entry of parts.flatMap((part) => part.entries)) {
    const { path, mode, uid = 0, gid = 0 } = entry;
    if (entry.kind === 'directory') paths[path] = [mode, uid, gid];
    else if (entry.kind === 'symlink') paths[path] = [mode, uid, gid, entry.target];
    else if (entry.kind === 'file') {
      unpacked += entry.size;
      if (WATCHED.test(path)) files[path] = entry.size;
    }
  }
  return {
    platform,
    pythons: [{ version: `${major}.${minor}${rest}`, executable: `/usr/bin/python${python}`, major, minor }],
    libc: { family: 'glibc', major: libcMajor, minor: libcMinor },
    passwd: PASSWD,
    group: GROUP,
    env: ENVIRONMENT,
    user: '',
    workdir: '',
    paths,
    files,
    unpacked,
  };
}

/** `3.11.2-6+deb12u9` as 3, 11 and `.2`. */
function numbersOf(
  name: string,
  packages: readonly DebianFile[],
): readonly [major: number, minor: number, rest: string] {
  const version = packages.find((one) => one.name === name)?.version ?? '';
  const match = /^(\d+)\.(\d+)((?:\.\d+)?(?:(?:a|b|rc)\d+)?)/.exec(upstreamVersion(version).replace('~', ''));
  if (match !== null) return [Number(match[1]), Number(match[2]), match[3]!];
  throw new BivyError(
    'DEBIAN_PACKAGE',
    `\`${name}\` has the version \`${version}\`, which names no release of it`,
  );
}
