// The program as npm installs it: the compiled modules of `dist/` in few files, in `dist/program/`. A command loads two
// hundred modules, and finding and linking each takes longer than running it. Packages stay outside; `dist/` stays as it
// is for those who import the library.

import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

rmSync(`${DIST}program`, { recursive: true, force: true });
await build({
  absWorkingDir: DIST,
  // The worker is a file of its own: a thread is started from it.
  entryPoints: ['cli/main.js', 'app/layer-worker.js'],
  outdir: 'program',
  // Flat: files that find others beside them or above them do so as in `dist/app`.
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  // Names stand in stack traces, and messages of errors that nobody expected.
  minify: false,
  logLevel: 'warning',
});
// npm keeps the mode of `bin` files: they must be executable in a linked checkout too.
for (const program of ['cli/main.js', 'program/main.js']) chmodSync(`${DIST}${program}`, 0o755);
