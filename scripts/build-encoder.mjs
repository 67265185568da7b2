// Compiles wasm/deflate.ts (AssemblyScript) into src/layers/deflate-wasm.ts. With `--check` it writes nothing, and fails
// where that file is not what the source gives. The compiler is pinned: its output is part of every layer's bytes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';
const OPTIONS = [
  '--runtime',
  'stub',
  '-O3',
  '--converge',
  '--noAssert',
  '--use',
  'abort=',
  '--enable',
  'bulk-memory',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'src', 'layers', 'deflate-wasm.ts');
const folder = mkdtempSync(join(tmpdir(), 'bivy-encoder-'));
try {
  const binary = join(folder, 'deflate.wasm');
  const source = join('wasm', 'deflate.ts');
  const args = ['exec', '--yes', `--package=${COMPILER}`, '--', 'asc', source, '-o', binary, ...OPTIONS];
  const { status, stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const encoded = readFileSync(binary).toString('base64');
  const text = [
    '// Made from wasm/deflate.ts by scripts/build-encoder.mjs. Do not edit.',
    '',
    '/** A WebAssembly module, in base64. */',
    `export const MODULE: string =\n  '${encoded}';`,
    '',
  ].join('\n');
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${target} is not what ${source} gives; run \`node scripts/build-encoder.mjs\``);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
