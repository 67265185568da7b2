#!/usr/bin/env node
// The executable: streams, signals and the exit status around `run`.

import { setMaxListeners } from 'node:events';
import { run } from './run.ts';

const interruption = new AbortController();
// Every stream and request of a build listens to it at once: that is no leak.
setMaxListeners(0, interruption.signal);
let interrupted = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    interrupted += 1;
    if (interrupted > 1) process.exit(130);
    interruption.abort();
  });
}
// A reader that went away (`bivy plan | head`) is no failure. A result that could not be written (a full disk) is one.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: cannot write the result to standard output\n  caused by: ${error.message}\n`);
  process.exit(2);
});
// Nobody is left to be told: the build goes on, and its status says how it went.
process.stderr.on('error', () => {});

// Until it is known how it went: who stops without a word has failed.
process.exitCode = 2;
// Not awaited: as CommonJS, which npm installs, a module cannot wait.
run(process.argv.slice(2), {
  environment: process.env,
  directory: process.cwd(),
  signal: interruption.signal,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  terminal: process.stderr.isTTY === true,
}).then((status) => {
  process.exitCode = status;
});
