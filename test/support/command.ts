// The command line in this process: arguments in, streams and exit status out.

import { run } from '../../src/cli/run.ts';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  /** Stderr is a terminal. */
  readonly terminal?: boolean;
  readonly signal?: AbortSignal;
}

export async function bivy(args: readonly string[], surroundings: Surroundings = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const status = await run(args, {
    environment: { ...surroundings.environment },
    directory: process.cwd(),
    signal: surroundings.signal ?? new AbortController().signal,
    terminal: surroundings.terminal ?? false,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { status, stdout, stderr };
}
