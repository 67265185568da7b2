// A `Packages` file: some sixty thousand paragraphs, of which a base needs fifty. The text stays bytes; only where each
// paragraph begins is noted, and what is asked for is decoded. Debian wiki, "DebianRepository/Format", "Packages Indices".

import { BivyError } from '../kernel/errors.ts';
import { parseParagraph } from './control.ts';

/** A binary package as a file of an archive. */
export interface DebianFile {
  readonly name: string;
  readonly version: string;
  /** `all` or the port's name. */
  readonly architecture: string;
  /** Address relative to the archive's root. */
  readonly filename: string;
  /** Bytes of the `.deb`. */
  readonly size: number;
  /** Of the `.deb`, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Which of the mirror's archives has it. */
  readonly archive: 'main' | 'security';
}

/** The same as its archive describes it. */
export interface DebianPackage extends DebianFile {
  /** `Pre-Depends` and `Depends`, as written. */
  readonly depends: string;
  /** `Breaks` and `Conflicts`, as written. */
  readonly conflicts: string;
  readonly provides: string;
  /** `Multi-Arch`, where it says anything. */
  readonly multiArch: string;
}

/** What one list knows of a name: packages of that name, and those that provide it. */
export type Known = readonly DebianPackage[];

export interface PackageList {
  find(name: string): Known;
  /** Names of all real packages. */
  names(): Iterable<string>;
}

const GAP = Buffer.from('\n\n');
const PROVIDES = Buffer.from('\nProvides:');

/**
 * @param text the unpacked file
 * @param origin how messages call it
 */
export function openPackageList(
  text: Buffer,
  origin: string,
  archive: DebianPackage['archive'],
): PackageList {
  const real = new Map<string, number[]>();
  const provided = new Map<string, number[]>();
  let provides = text.indexOf(PROVIDES);
  for (let start = 0; start < text.length; ) {
    const gap = text.indexOf(GAP, start);
    const end = gap < 0 ? text.length : gap + 1;
    const name = nameAt(text, start, end);
    if (name !== undefined) {
      push(real, name, start);
      if (provides >= start && provides < end) {
        for (const virtual of providedNames(text, provides)) push(provided, virtual, start);
      }
    }
    while (provides >= 0 && provides < end) provides = text.indexOf(PROVIDES, end);
    start = end + 1;
  }
  return {
    find(name) {
      const starts = new Set([...(real.get(name) ?? []), ...(provided.get(name) ?? [])]);
      return [...starts].map((start) => decode(text, start, origin, archive));
    },
    names() {
      return real.keys();
    },
  };
}

function nameAt(text: Buffer, start: number, end: number): string | undefined {
  // `Package` is the first field of every paragraph that an archive writes, but need not be.
  if (text.toString('latin1', start, Math.min(start + 9, end)) === 'Package: ') {
    return text.toString('latin1', start + 9, text.indexOf(0x0a, start + 9)).trim();
  }
  return parseParagraph(text.toString('utf8', start, end)).get('package');
}

function providedNames(text: Buffer, at: number): readonly string[] {
  const start = at + PROVIDES.length;
  let end = text.indexOf(0x0a, start);
  while (end >= 0 && (text[end + 1] === 0x20 || text[end + 1] === 0x09)) end = text.indexOf(0x0a, end + 1);
  return text
    .toString('latin1', start, end < 0 ? text.length : end)
    .split(',')
    .map((item) => /^\s*([^\s(:]+)/.exec(item)?.[1] ?? '')
    .filter((name) => name !== '');
}

function push(map: Map<string, number[]>, name: string, start: number): void {
  const starts = map.get(name);
  if (starts === undefined) map.set(name, [start]);
  else starts.push(start);
}

const NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const VERSION = /^[A-Za-z0-9.+~:-]+$/;

function decode(
  text: Buffer,
  start: number,
  origin: string,
  archive: DebianPackage['archive'],
): DebianPackage {
  const gap = text.indexOf(GAP, start);
  const fields = parseParagraph(text.toString('utf8', start, gap < 0 ? text.length : gap));
  const take = (field: string, pattern: RegExp): string => {
    const value = fields.get(field) ?? '';
    if (pattern.test(value)) return value;
    throw new BivyError(
      'MIRROR_INVALID',
      `reading ${origin}: \`${fields.get('package') ?? '?'}\` has ${value === '' ? 'no' : 'a bad'} \`${field}\``,
    );
  };
  const filename = take('filename', /^[^\0\s\\]+\.deb$/);
  if (filename.startsWith('/') || filename.split('/').includes('..')) take('filename', /^$/);
  const join = (...names: readonly string[]): string =>
    names
      .map((name) => fields.get(name) ?? '')
      .filter((relation) => relation !== '')
      .join(', ');
  return {
    name: take('package', NAME),
    version: take('version', VERSION),
    architecture: take('architecture', /^[a-z0-9-]+$/),
    filename,
    size: Number(take('size', /^\d{1,12}$/)),
    sha256: take('sha256', /^[0-9a-f]{64}$/),
    depends: join('pre-depends', 'depends'),
    conflicts: join('breaks', 'conflicts'),
    provides: fields.get('provides') ?? '',
    multiArch: fields.get('multi-arch') ?? '',
    archive,
  };
}
