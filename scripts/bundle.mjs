// The program as npm installs it: the compiled modules of `dist/` in one file, `dist/program/main.cjs`, and the worker's
// beside it. A command loads two hundred modules, and finding and linking them takes longer than running them. As
// CommonJS each still runs when it is first wanted, what it takes from Node and from packages with it, and nothing waits
// for the event loop. Packages stay outside; `dist/` stays as it is for those who import the library.

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
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  define: { 'import.meta.url': 'FILE_URL' },
  banner: { js: "const FILE_URL = require('node:url').pathToFileURL(__filename).href;" },
  // Less to read. Names stay: they stand in stack traces, and messages of errors that nobody expected.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
});
// npm keeps the mode of `bin` files: they must be executable in a linked checkout too.
for (const program of ['cli/main.js', 'program/main.cjs']) chmodSync(`${DIST}${program}`, 0o755);
