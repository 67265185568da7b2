// npm keeps the mode of `bin` files: the compiled entry point must be executable in a linked checkout too.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
