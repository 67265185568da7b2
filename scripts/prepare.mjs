// Builds what npm installs straight from Git, as pre-commit does: there is no `dist` in the repository. npm says so by a
// variable of pacote's, and under `--global` forgets the development dependencies that the build needs.

import { spawnSync } from 'node:child_process';

if (process.env._PACOTE_NO_PREPARE_ !== undefined) {
  run([
    'install',
    '--global=false',
    '--include=dev',
    '--ignore-scripts',
    '--no-save',
    '--no-audit',
    '--no-fund',
  ]);
  run(['run', 'build', '--global=false']);
}

function run(args) {
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
