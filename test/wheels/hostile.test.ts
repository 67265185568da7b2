// Whatever a wheel holds, either it is refused by an error that says so, or its files stay in the environment.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Part } from '../../src/layers/entry.ts';
import { openWheel } from '../../src/wheels/archive.ts';
import { installWheel } from '../../src/wheels/install.ts';
import { AWKWARD_WHEEL } from '../support/awkward-wheel.ts';
import { writtenFiles } from '../support/part.ts';
import { buildWheel, type WheelSpec } from '../support/wheel.ts';
import type { ZipMemberSpec } from '../support/zip.ts';

const folder = mkdtempSync(join(tmpdir(), 'bivy-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'wheel');

/** The part, or nothing where the wheel was refused; any other error is a fault of ours. */
function attempt(bytes: Uint8Array, fileName: string): Part | undefined {
  writeFileSync(path, bytes);
  try {
    return installWheel(openWheel(path, fileName), { python: '3.11', prefix: '/app/.venv' });
  } catch (error) {
    if (error instanceof BivyError && ['WHEEL_INVALID', 'WHEEL_UNSAFE'].includes(error.code)) {
      expect(error.message).not.toMatch(/\p{Cc}/u);
      return undefined;
    }
    throw error;
  }
}

function checkInside(part: Part, size: number): void {
  const seen = new Set<string>();
  const files = new Set(part.entries.filter((entry) => entry.kind === 'file').map((entry) => entry.path));
  for (const entry of part.entries) {
    expect(entry.path === 'app/.venv' || entry.path.startsWith('app/.venv/')).toBe(true);
    expect(entry.path.split('/').some((name) => ['', '.', '..'].includes(name))).toBe(false);
    expect(entry.path).not.toMatch(/\p{Cc}|\\/u);
    expect(entry.path).not.toMatch(/^app\/\.venv\/(pyvenv\.cfg|bin\/python(3(\.11)?)?)(\/|$)/);
    expect(seen.has(entry.path)).toBe(false);
    seen.add(entry.path);
    expect(['file', 'directory']).toContain(entry.kind);
    expect([0o644, 0o755]).toContain(entry.mode);
    const parent = entry.path.slice(0, entry.path.lastIndexOf('/'));
    expect(files.has(parent)).toBe(false);
    if (entry.kind !== 'file' || !('offset' in entry.content)) continue;
    const length = entry.content.kind === 'deflate' ? entry.content.compressedSize : entry.size;
    expect(entry.content.offset + length).toBeLessThanOrEqual(size);
  }
}

const awkward = buildWheel(AWKWARD_WHEEL);

const mutation = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), value: fc.nat(40) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), value: fc.nat(40) }),
  fc.record({ kind: fc.constant('saturate' as const), at: fc.nat(), value: fc.constantFrom(2, 4, 8) }),
);

/** Half of all mutations hit the directory and the end, where everything is decided. */
function mutate(
  bytes: Uint8Array,
  { kind, at, value }: { kind: string; at: number; value: number },
): Uint8Array {
  const reach = at % 2 === 0 ? bytes.length : Math.min(bytes.length, 6000);
  const index = Math.max(0, bytes.length - 1 - (at % Math.max(1, reach)));
  const result = Buffer.from(bytes);
  if (kind === 'flip') result[index] = (result[index] ?? 0) ^ value;
  if (kind === 'saturate') result.fill(0xff, index, Math.min(index + value, result.length));
  if (kind === 'cut') return Buffer.concat([result.subarray(0, index), result.subarray(index + value)]);
  if (kind === 'repeat') return Buffer.concat([result.subarray(0, index + value), result.subarray(index)]);
  return result;
}

test('a damaged wheel is refused, or stays in the environment', () => {
  let installed = 0;
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const bytes = mutations.reduce(mutate, awkward.bytes);
      const part = attempt(bytes, awkward.fileName);
      if (part === undefined) return;
      installed += 1;
      checkInside(part, bytes.length);
    }),
    { numRuns: 3000 },
  );
  expect(installed).toBeGreaterThan(20);
});

const word = fc.constantFrom(
  ...[
    'a',
    'b',
    '..',
    '.',
    '',
    'bin',
    'lib',
    'python3.11',
    'site-packages',
    'python',
    'pyvenv.cfg',
    '__pycache__',
  ],
  ...[
    'demo-1.0.data',
    'demo-1.0.dist-info',
    'x.dist-info',
    'scripts',
    'data',
    'headers',
    'purelib',
    'platlib',
  ],
  ...['RECORD', 'INSTALLER', 'entry_points.txt', 'C:', '\\', '\0', '\u001b[2J', '~', '-', 'ü', '/'],
);
const name = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join('/'));
const member: fc.Arbitrary<ZipMemberSpec> = fc.record(
  {
    name,
    content: fc.constantFrom('', 'x', '#!python\n', '[console_scripts]\n../x = a:b\n', 'a,b\n'),
    mode: fc.constantFrom(0, 0o100644, 0o100755, 0o120777, 0o040755, 0o060644, 0o010644, 0o107777),
    method: fc.constantFrom(0, 8),
    descriptor: fc.boolean(),
    zip64: fc.boolean(),
  },
  { requiredKeys: ['name'] },
);
const entryPoint = fc.tuple(name, fc.constantFrom('a:b', 'a.b:c.d [x]', 'a', 'a:b\n  c'));
const spec: fc.Arbitrary<WheelSpec> = fc.record(
  {
    files: fc.array(member, { maxLength: 4 }),
    entryPoints: fc
      .array(entryPoint, { maxLength: 3 })
      .map((points) => `[gui_scripts]\n${points.map((point) => point.join(' = ')).join('\n')}`),
    purelib: fc.boolean(),
    distInfo: fc.constantFrom('demo-1.0.dist-info', 'Demo-2.dist-info', '..', 'demo.dist-info'),
  },
  { requiredKeys: ['files'] },
);

test('a wheel of hostile names is refused, or stays in the environment', () => {
  let installed = 0;
  fc.assert(
    fc.property(spec, (hostile) => {
      const { bytes, fileName } = buildWheel(hostile);
      const part = attempt(bytes, fileName);
      if (part === undefined) return;
      installed += 1;
      checkInside(part, bytes.length);
      writtenFiles(part);
    }),
    { numRuns: 1000 },
  );
  expect(installed).toBeGreaterThan(20);
});

test('a file name from outside leads nowhere', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('..', '/', '-', 'demo', '1', 'py3', 'none', 'any', '.', '\\', '\0')),
      (words) => {
        const part = attempt(awkward.bytes, `${words.join('')}.whl`);
        if (part !== undefined) checkInside(part, awkward.bytes.length);
      },
    ),
  );
});
