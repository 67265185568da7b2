// A wheel as the files it becomes: what pypa/installer 1.0 does when Poetry calls it (installer/_core.py), decided
// without unpacking. Allowed differences stand in docs/faithfulness.md.

import type { Part } from '../layers/entry.ts';
import { normalizeName } from '../python/names.ts';
import { formatVersion, parseVersion } from '../python/version.ts';
import { peekMember, readMember, type WheelArchive, type ZipMember } from './archive.ts';
import { parseEntryPoints } from './entry-points.ts';
import { pathFault } from './member-name.ts';
import { Placement, type Source } from './placement.ts';
import { decodeUtf8, parseHeaders } from './python-text.ts';
import { parseRecord, type WheelRow } from './record.ts';
import { contentWarnings, recordWarnings, refuseBrokenRows } from './record-check.ts';
import { invalidWheel, printable, unsafeWheel } from './refusal.ts';
import { isReserved, isScheme, recordPrefix, type Scheme, schemeDirectory } from './schemes.ts';
import { hasPlaceholder, replaceShebang, SHEBANG_LENGTH, scriptContent } from './scripts.ts';
import { findDistInfo, parseWheelFileName, readRootScheme, type WheelFileName } from './wheel-metadata.ts';

export interface InstallOptions {
  /** `X.Y`. */
  readonly python: string;
  /** The environment as programs see it, absolute: `/app/.venv`. Scripts name its interpreter. */
  readonly prefix: string;
  /** Where the environment physically lies in the image, where links of the base lead elsewhere; absolute. */
  readonly location?: string;
  /** Told what Poetry would warn of. Called during the installation, and when RECORD is computed. */
  readonly warn?: (message: string) => void;
}

const INSTALLER = 'bivy';
const MEBIBYTE = 1 << 20;
const LARGEST_METADATA = MEBIBYTE;
const LARGEST_RECORD = 64 * MEBIBYTE;
/** Of all scripts of a wheel that are repaired: they are held until the layer is written. */
const REPAIRED_SCRIPTS = 64 * MEBIBYTE;

/**
 * The wheel's files at their places in the image, modes 0644 and 0755, with their directories from the environment
 * downward. Contents point into the wheel on disk, except for scripts, INSTALLER and RECORD.
 * @throws BivyError `WHEEL_INVALID` where Poetry would fail too, `WHEEL_UNSAFE` where it should
 */
export function installWheel(archive: WheelArchive, options: InstallOptions): Part {
  const install = begin(archive, options);
  placeEntryPoints(install);
  const rows = placeMembers(install);
  place(
    install,
    install.root,
    `${install.distInfo}/INSTALLER`,
    { kind: 'bytes', bytes: Buffer.from(INSTALLER) },
    false,
  );
  const path = `${install.distInfo}/RECORD`;
  const entries = install.placement.finish(
    install.location,
    { path: imagePath(install, install.root, path), row: { path, prefix: '' } },
    (written) => {
      for (const warning of contentWarnings(rows, written)) install.warn(warning);
    },
  );
  const version = parseVersion(install.file.version);
  const shown = version === undefined ? install.file.version : formatVersion(version);
  return { name: `${normalizeName(install.file.distribution)}==${shown}`, entries };
}

interface Installation {
  readonly archive: WheelArchive;
  readonly python: string;
  readonly interpreter: string;
  /** Without the leading `/`. */
  readonly location: string;
  readonly file: WheelFileName;
  readonly distInfo: string;
  readonly root: Scheme;
  readonly placement: Placement;
  /** Bytes that repaired scripts may still have. */
  scriptBytes: number;
  readonly warn: (message: string) => void;
}

function begin(archive: WheelArchive, options: InstallOptions): Installation {
  const { python, prefix, location = prefix, warn } = options;
  return judged(archive, () => {
    const file = parseWheelFileName(archive.name);
    const distInfo = findDistInfo(
      archive.members.map((member) => member.name),
      file,
    );
    const wheel = readText(archive, `${distInfo}/WHEEL`, LARGEST_METADATA);
    return {
      archive,
      python,
      interpreter: `${prefix}/bin/python`,
      location: location.replace(/^\/+|\/+$/g, ''),
      file,
      distInfo,
      root: readRootScheme(parseHeaders(wheel)),
      placement: new Placement(archive),
      scriptBytes: REPAIRED_SCRIPTS,
      warn: (message) => warn?.(`wheel \`${printable(archive.name)}\`: ${message}`),
    };
  });
}

function placeEntryPoints(install: Installation): void {
  const path = `${install.distInfo}/entry_points.txt`;
  if (findMember(install.archive, path) === undefined) return;
  const points = judged(
    install.archive,
    () => {
      return parseEntryPoints(readText(install.archive, path, LARGEST_METADATA));
    },
    'its `entry_points.txt`: ',
  );
  for (const point of points) {
    const fault = pathFault(point.name);
    if (fault !== undefined) {
      throw unsafeWheel(install.archive.name, `script \`${printable(point.name)}\` ${fault}`);
    }
    const bytes = scriptContent(point, install.interpreter);
    place(install, 'scripts', point.name, { kind: 'bytes', bytes }, true);
  }
}

/** Lays the members down; hands back the rows of the wheel's own RECORD. */
function placeMembers(install: Installation): ReadonlyMap<string, WheelRow> {
  const { archive, distInfo } = install;
  const record = `${distInfo}/RECORD`;
  const rows = judged(archive, () => {
    const parsed = parseRecord(readText(archive, record, LARGEST_RECORD));
    refuseBrokenRows(parsed, archive.members);
    return parsed;
  });
  for (const warning of recordWarnings(rows, archive.members, distInfo)) install.warn(warning);
  const skipped: string[] = [];
  for (const member of archive.members) {
    if (member.isDirectory || member.name === record) continue;
    if (member.name.split('/').slice(0, -1).includes('__pycache__')) {
      skipped.push(member.name);
      continue;
    }
    const [scheme, path] = schemeOf(install, member.name);
    const source = scheme === 'scripts' ? repaired(install, member) : ({ kind: 'member', member } as const);
    place(install, scheme, path, source, isExecutable(member));
  }
  if (skipped.length > 0) {
    install.warn(`left out ${skipped.length} of its files, which are byte code in \`__pycache__\``);
  }
  return rows;
}

/** The root's scheme, or that of the part of the data directory: spelled as in the file name, else it is ordinary. */
function schemeOf(install: Installation, name: string): readonly [Scheme, string] {
  const data = `${install.file.distribution}-${install.file.version}.data`;
  if (!name.startsWith(data)) return [install.root, name];
  const [top, scheme = '', ...rest] = name.split('/');
  if (top !== data || !isScheme(scheme) || rest.length === 0) {
    throw invalidWheel(
      install.archive.name,
      `member \`${printable(name)}\` is in no known part of its data directory`,
    );
  }
  return [scheme, rest.join('/')];
}

function repaired(install: Installation, member: ZipMember): Source {
  const start = peekMember(install.archive, member, SHEBANG_LENGTH, install.scriptBytes);
  if (!hasPlaceholder(start)) return { kind: 'member', member };
  const script = readMember(install.archive, member, install.scriptBytes);
  install.scriptBytes -= script.length;
  return { kind: 'bytes', bytes: replaceShebang(script, install.interpreter) };
}

/** Only what says that it is a regular file, and executable by anyone. */
function isExecutable(member: ZipMember): boolean {
  const mode = member.externalAttributes >>> 16;
  return (mode & 0o170000) === 0o100000 && (mode & 0o111) !== 0;
}

function place(
  install: Installation,
  scheme: Scheme,
  path: string,
  source: Source,
  executable: boolean,
): void {
  const directory = schemeDirectory(scheme, install.python, install.file.distribution);
  const below = directory === '' ? path : `${directory}/${path}`;
  if (isReserved(below, install.python)) {
    throw unsafeWheel(
      install.archive.name,
      `it has a file for \`${printable(below)}\`, which belongs to the environment`,
    );
  }
  const prefix = recordPrefix(scheme, install.root, install.python, install.file.distribution);
  install.placement.add({
    path: imagePath(install, scheme, path),
    source,
    executable,
    row: { path, prefix },
  });
}

function imagePath(install: Installation, scheme: Scheme, path: string): string {
  const directory = schemeDirectory(scheme, install.python, install.file.distribution);
  return [install.location, directory, path].filter((part) => part !== '').join('/');
}

function findMember(archive: WheelArchive, name: string): ZipMember | undefined {
  return archive.members.find((member) => member.name === name);
}

/** @throws SyntaxError where it is missing or not UTF-8 */
function readText(archive: WheelArchive, name: string, limit: number): string {
  const member = findMember(archive, name);
  if (member === undefined) throw new SyntaxError(`it has no \`${printable(name)}\``);
  const bytes = readMember(archive, member, limit);
  try {
    return decodeUtf8(bytes);
  } catch {
    throw new SyntaxError(`\`${printable(name)}\` is not UTF-8`);
  }
}

/** Faults found by what knows of no wheel, as faults of this one. */
function judged<T>(archive: WheelArchive, judge: () => T, where = ''): T {
  try {
    return judge();
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidWheel(archive.name, `${where}${error.message}`);
    throw error;
  }
}
