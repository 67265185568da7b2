// Timing whole processes, as pairs in turn, so that a machine that slows down slows both.

import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const BIVY: string = fileURLToPath(new URL('../dist/program/main.cjs', import.meta.url));

export interface Command {
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Before each run, not measured. */
  readonly before?: () => void;
}

/** One run of `node ARGS`: its wall seconds and what it printed. @throws Error where it fails */
export function runNode({ args, env = process.env, before }: Command): {
  readonly seconds: number;
  readonly stdout: string;
} {
  before?.();
  const started = performance.now();
  const ran = spawnSync(process.execPath, args, { env, encoding: 'utf8', maxBuffer: 64 << 20 });
  const seconds = (performance.now() - started) / 1000;
  if (ran.status !== 0) throw new Error(`node ${args.join(' ')}: ${ran.stderr}`);
  return { seconds, stdout: ran.stdout };
}

/** The same, while this process goes on with what it does besides: a proxy, say. @throws Error where it fails */
export async function runAside({ args, env = process.env }: Omit<Command, 'before'>): Promise<{
  readonly seconds: number;
  readonly stdout: string;
}> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | string | null>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? signal));
    }),
  ]);
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${status}: ${stderr}`);
  return { seconds, stdout };
}

/** The median of the ratios a/b, of runs in turn after one warm-up of each. */
export function ratioOf(
  a: () => number,
  b: () => number,
  runs: number,
): { readonly ratio: number; readonly a: number; readonly b: number } {
  a();
  b();
  const pairs = Array.from({ length: runs }, () => {
    const first = a();
    const second = b();
    return { first, second, ratio: first / second };
  });
  return {
    ratio: median(pairs.map((pair) => pair.ratio)),
    a: median(pairs.map((pair) => pair.first)),
    b: median(pairs.map((pair) => pair.second)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
