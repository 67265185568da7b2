// The compiled program as users run it.

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { BuildDocument } from '../../../src/report/build.ts';
import { ROOT, sharedCache } from './shared-folders.ts';

export const PROGRAM: string = join(ROOT, 'dist', 'program', 'main.cjs');

/** A folder that goes with the test file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bivy-e2e-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const LIMIT_MS = 180_000;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Instead of this Node and the program in this checkout. */
  readonly command?: readonly string[];
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the program; the shared cache unless the environment names another. */
export function start(args: readonly string[], { cwd, environment = {}, command }: RunOptions = {}): Running {
  const [file = process.execPath, ...first] = command ?? [process.execPath, PROGRAM];
  const child = spawn(file, [...first, ...args], {
    cwd: cwd ?? ROOT,
    env: { ...process.env, BIVY_CACHE_DIR: sharedCache(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A build that hangs is a fault like any other, and must be told with what it said last.
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(limit);
      resolve({ status, signal, stdout, stderr });
    });
  });
  return { child, ended };
}

/** Runs the program to its end, which must be a good one. @returns what it printed on stdout */
export async function succeed(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const ended = await start(args, options).ended;
  if (ended.status !== 0) {
    throw new Error(
      `bivy ${args.join(' ')}: status ${ended.status} ${ended.signal ?? ''}\n${ended.stderr}${ended.stdout}`,
    );
  }
  return ended;
}

/** The digest that a build prints. */
export async function digestOfBuild(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout } = await succeed(['build', ...args], options);
  if (!/^sha256:[0-9a-f]{64}\n$/.test(stdout)) throw new Error(`no digest: ${stdout}`);
  return stdout.trim();
}

/** The digest of a build that had to make every layer. */
export async function digestOfNewLayers(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const made = JSON.parse((await succeed(['build', '--json', ...args], options)).stdout) as BuildDocument;
  const cached = made.images.flatMap((image) => image.layers.filter((layer) => layer.cached));
  if (cached.length > 0) throw new Error(`layers from the cache: ${JSON.stringify(cached)}`);
  return made.digest;
}

/** Copies the program with what it needs, for users out of whose sight the checkout is. @returns its main file */
export function copyProgram(folder: string): string {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const needed = [...packagesBelow(Object.keys(dependencies))].map((name) => join('node_modules', name));
  for (const path of ['dist', 'package.json', ...needed]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  return join(folder, 'dist', 'cli', 'main.js');
}

function packagesBelow(names: readonly string[], seen: Set<string> = new Set()): ReadonlySet<string> {
  for (const name of names) {
    const manifest = join(ROOT, 'node_modules', name, 'package.json');
    if (seen.has(name) || !existsSync(manifest)) continue;
    seen.add(name);
    packagesBelow(Object.keys(JSON.parse(readFileSync(manifest, 'utf8')).dependencies ?? {}), seen);
  }
  return seen;
}
