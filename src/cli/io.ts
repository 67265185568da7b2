// What a command may touch of the process: its streams, its environment and the signal that ends it.

import type { Emit } from '../kernel/events.ts';

export interface Io {
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly emit: Emit;
  /** Data: ends up on stdout, with a newline. */
  print(text: string): void;
}
