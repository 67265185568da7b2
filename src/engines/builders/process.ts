// Running a builder's program: the one place where processes are started. A program that is told to end takes its
// children with it; nothing of its output is kept whole, and no secret of it is passed on.

import { type ChildProcess, spawn } from 'node:child_process';
import { BivyError } from '../../kernel/errors.ts';
import type { BuilderContext } from './builder.ts';
import { type Descendant, descendantsOf, endDescendants } from './descendants.ts';

/** What is kept of a program's streams. */
const KEPT = 64 << 10;
/** A program that was asked to end and has not: it is ended. */
const GRACE_MS = 10_000;
const MAX_LINE = 1 << 20;

export interface Ran {
  readonly status: number;
  /** The first 64 KiB. */
  readonly stdout: string;
  /** The last 64 KiB, secrets taken out. */
  readonly stderr: string;
}

export interface RunOptions {
  /** Is given each line of both streams as it is; nothing is kept then. */
  readonly line?: (text: string) => void;
  /** Set on top of the environment; absent: taken out of it. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which it is ended; it may last as long as it likes where left out. */
  readonly limit?: number;
  /** For what must be done although the build was told to end. */
  readonly despiteSignal?: boolean;
}

/**
 * Runs a program to its end.
 * @returns nothing where there is no such program
 * @throws BivyError `INTERRUPTED` once it has ended, where the signal asked for that
 */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  { environment, signal, redact }: BuilderContext,
  { line, variables = {}, limit, despiteSignal = false }: RunOptions = {},
): Promise<Ran | undefined> {
  if (!despiteSignal) signal.throwIfAborted();
  const child = spawn(program, parameters, {
    env: { ...environment, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches it once, through the signal, and its plugins with it.
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  const reading = [
    readLines(child.stdout, (text) => {
      if (line !== undefined) line(text);
      else if (stdout.length < KEPT) stdout += `${text}\n`;
    }),
    readLines(child.stderr, (text) => {
      if (line !== undefined) line(text);
      else stderr = `${stderr}${redact(text)}\n`.slice(-KEPT);
    }),
  ];
  const timers: NodeJS.Timeout[] = [];
  const below: Descendant[] = [];
  // They may hold its streams open.
  child.once('exit', () => endDescendants(below));
  const stop = (): void => {
    if (child.pid !== undefined) below.push(...descendantsOf(child.pid));
    endGroup(child, 'SIGTERM');
    timers.push(setTimeout(() => endGroup(child, 'SIGKILL'), GRACE_MS));
  };
  if (limit !== undefined) timers.push(setTimeout(stop, limit));
  if (!despiteSignal) signal.addEventListener('abort', stop, { once: true });
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') resolve(undefined);
        else reject(error);
      });
      child.once('close', (code) => resolve(code ?? 128));
    });
    if (status === undefined) return undefined;
    await Promise.all(reading);
    if (!despiteSignal && signal.aborted) throw new BivyError('INTERRUPTED', 'interrupted');
    return { status, stdout, stderr };
  } finally {
    signal.removeEventListener('abort', stop);
    for (const timer of timers) clearTimeout(timer);
  }
}

/** The group, which the program leads; it may be gone already. */
function endGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone.
  }
}

/** What has no end of a line for a long time is cut. */
function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) take(line.replace(/\r$/, ''));
  });
  return new Promise((resolve) => {
    stream.once('close', () => {
      if (rest !== '') take(rest);
      rest = '';
      resolve();
    });
    stream.once('error', () => resolve());
  });
}

/** @throws BivyError `ENGINE_FAILED` where it did not end well; what it said last is the cause */
export async function expectProgram(
  what: string,
  program: string,
  parameters: readonly string[],
  context: BuilderContext,
  options: RunOptions = {},
): Promise<Ran> {
  const ran = await runProgram(program, parameters, context, options);
  if (ran?.status === 0) return ran;
  throw new BivyError('ENGINE_FAILED', `\`${program}\` could not ${what}`, {
    causes: ran === undefined ? ['there is no such program'] : lastLines(ran.stderr, 5),
    hint: `see that \`${program}\` works by itself`,
  });
}

export function lastLines(text: string, count: number): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count);
}
