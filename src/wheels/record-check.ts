// The RECORD that a wheel brought, held against what it holds. As with Poetry a row that cannot be read stops the
// installation, and one that is missing or wrong is worth a warning: RECORD is written anew in any case.

import type { FileDigest } from '../layers/entry.ts';
import type { ZipMember } from './archive.ts';
import { rowFault, type WheelRow } from './record.ts';
import { printable } from './refusal.ts';

/** @throws SyntaxError where the row of a file that the wheel holds is malformed */
export function refuseBrokenRows(rows: ReadonlyMap<string, WheelRow>, members: readonly ZipMember[]): void {
  for (const { name } of members) {
    const row = rows.get(name);
    const fault = row === undefined ? undefined : rowFault(row);
    if (fault !== undefined)
      throw new SyntaxError(`the row of \`${printable(name)}\` in RECORD is broken: ${fault}`);
  }
}

/** What RECORD leaves out, invents, or should not say, a sentence for each kind of fault. */
export function recordWarnings(
  rows: ReadonlyMap<string, WheelRow>,
  members: readonly ZipMember[],
  distInfo: string,
): readonly string[] {
  const files = members.filter((member) => !member.isDirectory).map((member) => member.name);
  const own = `${distInfo}/RECORD`;
  const signatures = [`${own}.jws`, `${own}.p7s`];
  const held = new Set(files);
  const plain = files.filter((name) => !signatures.includes(name));
  const hashless = plain.filter((name) => {
    const row = rows.get(name);
    return row !== undefined && name !== own && (row[1] === '' || row[2] === '');
  });
  const self = rows.get(own);
  return [
    ...summary(
      'does not mention',
      plain.filter((name) => !rows.has(name)),
    ),
    ...summary(
      'mentions signatures',
      signatures.filter((name) => rows.has(name)),
    ),
    ...summary('has no hash or size of', hashless),
    ...summary(
      'has a hash or size of itself',
      self !== undefined && (self[1] !== '' || self[2] !== '') ? [own] : [],
    ),
    ...summary(
      'mentions files that are not there',
      [...rows.keys()].filter((name) => !held.has(name)),
    ),
  ];
}

/** The files whose bytes are not those that RECORD promised; `written` is by member name. */
export function contentWarnings(
  rows: ReadonlyMap<string, WheelRow>,
  written: ReadonlyMap<string, FileDigest>,
): readonly string[] {
  const wrong: string[] = [];
  for (const [name, { sha256, size }] of written) {
    const [, hash, promised] = rows.get(name) ?? ['', '', ''];
    const digest = Buffer.from(sha256, 'hex').toString('base64url');
    const isOther = hash.startsWith('sha256=') && hash.slice(7) !== digest;
    if (isOther || (promised !== '' && Number(promised) !== size)) wrong.push(name);
  }
  return summary('has other hashes or sizes than those of', wrong);
}

function summary(fault: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return [`RECORD ${fault}: \`${printable(names[0]!)}\`${more}`];
}
