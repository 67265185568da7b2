// `npm run ladder [ROUNDS]`: builds every rung of the climb, and the Dockerfile that bivy recommends, for annapurna, in an
// engine of its own, and prints the table of the README: sizes, and seconds cold, after a code edit and after a bumped
// dependency. Root and dockerd; the official bases are stood in (test/e2e/support/bases.sh). Measures: leave the machine alone.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDockerfile } from '../src/app/dockerfile.ts';
import type { Rung } from '../src/dockerfile/facts.ts';
import { CLIENT, startEngine } from '../test/e2e/support/engine.ts';
import { median } from './process.ts';

const ANNAPURNA = fileURLToPath(new URL('../examples/annapurna', import.meta.url));
const BASES = fileURLToPath(new URL('../test/e2e/support/bases.sh', import.meta.url));
const TAG = 'bivy-bench/ladder';

const RUNGS: readonly (readonly [rung: Rung, name: string])[] = [
  [0, '0 naive'],
  [1, '1 pinned Poetry, minimal copies, no dev groups'],
  [2, '2 no cache left behind'],
  [3, '3 dependencies before code'],
  [4, '4 multi-stage'],
  [5, '5 cache mounts'],
  ['best', '`bivy dockerfile`'],
];

/** The other release of one dependency of 70 kB. */
const BUMP = [
  ['version = "3.20"', 'version = "3.19"'],
  ['idna-3.20', 'idna-3.19'],
  [
    'ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c',
    '815e7be7a7806d54abb586dc943addc79e8b2ee16915059658cbeff4b1b43bf4',
  ],
  [
    'a7db850025b95ded1eae8a46181a1a6c56c92c96f0e2b005d9ff8dc0210cab44',
    '5e0811a4383b21dc5838069f801c4fb62113b7447663d2530d2bd6e77b49bf15',
  ],
] as const;

interface Measured {
  readonly unpacked: number;
  readonly compressed: number;
  readonly cold: number;
  readonly edit: number;
  readonly bump: number;
}

function engine(args: readonly string[]): string {
  return execFileSync(CLIENT, args, {
    env: { ...process.env, DOCKER_BUILDKIT: '1' },
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function build(directory: string): number {
  const started = performance.now();
  engine(['build', '--network', 'host', '-q', '-t', TAG, directory]);
  return (performance.now() - started) / 1000;
}

/** Bytes of all layers, each through `gzip -6`, as a registry would hold them. */
function compressedSize(work: string): number {
  const folder = join(work, 'saved');
  const script = `mkdir -p "${folder}" && ${CLIENT} save ${TAG} | tar -xf - -C "${folder}" && find "${folder}" -type f -exec gzip -6 -c {} \\; | wc -c; rm -rf "${folder}"`;
  const ran = spawnSync('bash', ['-o', 'pipefail', '-c', script], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`the image could not be saved: ${ran.stderr}`);
  return Number(ran.stdout.trim());
}

async function measure(work: string, rung: Rung, rounds: number): Promise<Measured> {
  const times: { cold: number; edit: number; bump: number }[] = [];
  let sizes = { unpacked: 0, compressed: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const directory = join(work, `rung-${rung}-${round}`);
    cpSync(ANNAPURNA, directory, { recursive: true });
    await makeDockerfile({ directory, write: true, rung });
    engine(['builder', 'prune', '-af']);
    const cold = build(directory);
    if (round === 0) {
      sizes = {
        unpacked: Number(engine(['image', 'inspect', '-f', '{{.Size}}', TAG])),
        compressed: compressedSize(work),
      };
    }
    writeFileSync(join(directory, 'annapurna', 'extra.py'), `ROUND = ${round}\n`);
    const edit = build(directory);
    const lock = join(directory, 'poetry.lock');
    const text = readFileSync(lock, 'utf8');
    const bumped = BUMP.reduce((all, [from, to]) => all.replaceAll(from, to), text);
    if (bumped === text) throw new Error(`${lock} does not have the release that is to be bumped`);
    writeFileSync(lock, bumped);
    times.push({ cold, edit, bump: build(directory) });
    rmSync(directory, { recursive: true });
  }
  const middle = (key: 'cold' | 'edit' | 'bump'): number => median(times.map((time) => time[key]));
  return { ...sizes, cold: middle('cold'), edit: middle('edit'), bump: middle('bump') };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0);
const seconds = (time: number): string => (time < 1 ? time.toFixed(2) : time.toFixed(1));

const rounds = Number(process.argv[2] ?? '3');
const stop = await startEngine();
if (stop === undefined) {
  console.error('The ladder needs an engine of its own: root and dockerd');
  process.exit(1);
}
const work = mkdtempSync(join(tmpdir(), 'bivy-ladder-'));
try {
  execFileSync('bash', [BASES, 'all'], { env: { ...process.env, DOCKER: CLIENT }, stdio: 'inherit' });
  console.log('| rung | unpacked MB | compressed MB | cold s | code edit s | dependency bump s |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [rung, name] of RUNGS) {
    const found = await measure(work, rung, rounds);
    const cells = [
      name,
      megabytes(found.unpacked),
      megabytes(found.compressed),
      seconds(found.cold),
      seconds(found.edit),
      seconds(found.bump),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
  await stop();
}
