// What the names of distribution files say (PEP 427, binary distribution format; source distributions by custom), by the
// pattern that Poetry reads them with.

import { normalizeName } from './names.ts';
import { type Numeral, parseVersion } from './version.ts';

export interface WheelName {
  /** As spelt in the file's name. */
  readonly distribution: string;
  /** With `-` for `_`; need not be in normal form. */
  readonly version: string;
  /** The number that a build tag begins with, and the rest of it; builds compare by both. */
  readonly build: readonly [Numeral, string] | undefined;
  /** Every combination that the compressed tag set stands for, in lower case: `cp311-abi3-manylinux_2_17_x86_64`. */
  readonly tags: readonly string[];
}

const WHEEL = /^(.+?)-(\d[^-]*)(?:-(\d[^-]*))?-([^-]+)-([^-]+)-([^-]+)\.whl$/;
const BUILD = /^(\d+)(.*)$/;

/** The parts of a wheel's file name, or nothing where Poetry would not take it for one. */
export function parseWheelName(file: string): WheelName | undefined {
  const match = WHEEL.exec(file);
  if (match === null) return undefined;
  const [, distribution, version, build, pythons, abis, platforms] = match;
  return {
    distribution: distribution!,
    version: version!.replaceAll('_', '-'),
    build: parseBuild(build),
    tags: expandTags(pythons!, abis!, platforms!),
  };
}

/** Plain loops: a large lock names tens of thousands of wheels. */
function expandTags(pythons: string, abis: string, platforms: string): readonly string[] {
  const tags: string[] = [];
  const last = platforms.toLowerCase().split('.');
  for (const abi of abis.toLowerCase().split('.')) {
    for (const python of pythons.toLowerCase().split('.')) {
      for (const platform of last) tags.push(`${python}-${abi}-${platform}`);
    }
  }
  return tags;
}

function parseBuild(text: string | undefined): readonly [Numeral, string] | undefined {
  if (text === undefined) return undefined;
  const match = BUILD.exec(text)!;
  const number = Number(match[1]);
  return [Number.isSafeInteger(number) ? number : BigInt(match[1]!), match[2]!];
}

const ARCHIVE = /(?:\.sdist)?\.(?:zip|tgz|tar(?:\.(?:gz|bz2|xz|Z))?|egg|exe|msi|rpm)$/;

/** The longest name that file systems know. */
const LONGEST = 255;

/**
 * The version that the file name of a distribution of the project `name` tells, as spelt there; nothing where it tells
 * none. Names and versions may both hold dashes, so the project's name is what divides them.
 */
export function versionInFileName(file: string, name: string): string | undefined {
  if (file.length > LONGEST) return undefined;
  if (file.endsWith('.whl')) return parseWheelName(file)?.version;
  const stem = file.replace(ARCHIVE, '');
  if (stem === file) return undefined;
  const project = normalizeName(name);
  for (let at = stem.indexOf('-'); at >= 0; at = stem.indexOf('-', at + 1)) {
    if (normalizeName(stem.slice(0, at)) !== project) continue;
    const version = leadingVersion(stem.slice(at + 1));
    if (version !== undefined) return version;
  }
  return undefined;
}

/** `1.0` of `1.0-py3.8` and `1.0.win32`, as eggs and installers are called; the longest that is a version. */
function leadingVersion(text: string): string | undefined {
  for (let end = text.length; end > 0; end = Math.max(text.lastIndexOf('-', end - 1), 0)) {
    const version = text.slice(0, end).replace(/\.(?:win32|win-amd64|linux-[a-z0-9_]+|macosx-.*)$/, '');
    if (parseVersion(version) !== undefined) return version;
  }
  return undefined;
}
