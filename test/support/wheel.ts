// Small wheels for tests: honest and complete by default, awkward or hostile where the test says so.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ZipLies, type ZipMemberSpec, zip } from './zip.ts';

export interface WheelSpec {
  /** Distribution as the file name spells it; `demo` by default. */
  readonly name?: string;
  readonly version?: string;
  readonly build?: string;
  readonly tag?: string;
  readonly purelib?: boolean;
  /** Members beside the metadata, before it. */
  readonly files?: readonly ZipMemberSpec[];
  /** `entry_points.txt`, as text. */
  readonly entryPoints?: string;
  /** Further header lines of METADATA, each with its newline. */
  readonly metadata?: string;
  /** WHEEL, as text; an honest one by default, none for `null`. */
  readonly wheel?: string | null;
  /** RECORD, as text; an honest one by default, none for `null`. */
  readonly record?: string | null;
  /** Name of the metadata directory; `{name}-{version}.dist-info` by default. */
  readonly distInfo?: string;
  readonly lies?: ZipLies;
}

export interface BuiltWheel {
  readonly fileName: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** A wheel's file name and bytes, the same for the same arguments everywhere. */
export function buildWheel(spec: WheelSpec = {}): BuiltWheel {
  const { name = 'demo', version = '1.0', tag = 'py3-none-any', purelib = true } = spec;
  const distInfo = spec.distInfo ?? `${name}-${version}.dist-info`;
  const members: ZipMemberSpec[] = [...(spec.files ?? [])];
  members.push({
    name: `${distInfo}/METADATA`,
    content: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${spec.metadata ?? ''}`,
  });
  if (spec.wheel !== null) {
    const honest = `Wheel-Version: 1.0\nGenerator: bivy-test\nRoot-Is-Purelib: ${purelib}\nTag: ${tag}\n`;
    members.push({ name: `${distInfo}/WHEEL`, content: spec.wheel ?? honest });
  }
  if (spec.entryPoints !== undefined) {
    members.push({ name: `${distInfo}/entry_points.txt`, content: spec.entryPoints });
  }
  if (spec.record !== null) {
    const honest = `${members.map(recordRow).join('')}${distInfo}/RECORD,,\n`;
    members.push({ name: `${distInfo}/RECORD`, content: spec.record ?? honest });
  }
  const bytes = zip(members, spec.lies);
  const build = spec.build === undefined ? '' : `-${spec.build}`;
  return {
    fileName: `${name}-${version}${build}-${tag}.whl`,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** Writes the wheel under its own name into `directory` (made where missing). */
export function writeWheel(directory: string, spec: WheelSpec = {}): BuiltWheel & { readonly path: string } {
  const wheel = buildWheel(spec);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, wheel.fileName);
  writeFileSync(path, wheel.bytes);
  return { ...wheel, path };
}

function recordRow(member: ZipMemberSpec): string {
  const name = typeof member.name === 'string' ? member.name : Buffer.from(member.name).toString('utf8');
  if (name.endsWith('/')) return '';
  const content = Buffer.from(member.content ?? '');
  const digest = createHash('sha256').update(content).digest('base64url');
  const quoted = /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
  return `${quoted},sha256=${digest},${content.length}\n`;
}
