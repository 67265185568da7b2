// Pushes into a registry on loopback: as fast as crane's of the same layout, and in little memory whatever a layer's size.
// Skipped, and said so, where there is no `docker-registry`, or no Go to build crane with.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Digest, digestOf, hexOf } from '../src/kernel/digest.ts';
import { assembleImage } from '../src/oci/assemble.ts';
import { indexJson, LAYOUT_VERSION } from '../src/oci/destinations/contents.ts';
import type { BuiltImage, ImageLayer } from '../src/oci/image.ts';
import { LAYER } from '../src/oci/spec.ts';
import { goProgram } from '../test/e2e/support/go-programs.ts';
import { haveRegistry, startRealRegistry } from '../test/e2e/support/registries.ts';
import { runNode } from './process.ts';
import type { BenchRow } from './row.ts';

const PUSH = fileURLToPath(new URL('./children/push.mjs', import.meta.url));
const RUNS = 5;
const MB = 1e6;

interface Taken {
  readonly moved: { readonly uploaded: number };
  readonly memory: number;
  readonly seconds: number;
}

export async function run(): Promise<BenchRow[]> {
  const crane = goProgram('crane');
  if (!haveRegistry()) return [];
  const work = mkdtempSync(join(tmpdir(), 'bivy-registry-bench-'));
  try {
    return [
      ...(crane === undefined ? [] : [await measureThroughput(work, crane)]),
      await measureMemory(work),
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A layout of layers that hold nothing but noise: what they are is nobody's business on the way. */
function writeLayout(directory: string, sizes: readonly number[]): BuiltImage {
  const blobs = join(directory, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const layers = sizes.map((size, number): ImageLayer => {
    const { digest, path } = writeNoise(blobs, size, number);
    return {
      kind: 'app',
      mediaType: LAYER,
      digest,
      size,
      diffId: digest,
      unpacked: size,
      packages: [],
      cached: true,
      blob: { path, offset: 0 },
    };
  });
  const unpacked = sizes.reduce((sum, size) => sum + size, 0);
  const image = assembleImage({ platform: 'linux/amd64', layers, settings: { cmd: ['true'] }, unpacked });
  writeFileSync(join(blobs, hexOf(image.manifestDigest)), image.manifest);
  writeFileSync(join(blobs, hexOf(image.configDigest)), image.config);
  writeFileSync(join(directory, 'oci-layout'), LAYOUT_VERSION);
  writeFileSync(join(directory, 'index.json'), indexJson(image, []));
  return image;
}

/** Bytes that no file system and no transport can make smaller, the same in every run. */
function writeNoise(directory: string, size: number, seed: number): { digest: Digest; path: string } {
  const draft = join(directory, 'draft');
  const hash = createHash('sha256');
  const file = openSync(draft, 'w');
  const chunk = Buffer.alloc(1 << 20);
  let state = Buffer.from(digestOf(`noise ${seed}`));
  for (let at = 0; at < chunk.length; at += 32) {
    state = createHash('sha256').update(state).digest();
    state.copy(chunk, at);
  }
  for (let at = 0, block = 0; at < size; at += chunk.length, block += 1) {
    chunk.writeUInt32LE(block, 0);
    const part = chunk.subarray(0, Math.min(chunk.length, size - at));
    hash.update(part);
    writeSync(file, part);
  }
  closeSync(file);
  const digest = `sha256:${hash.digest('hex')}` as Digest;
  const path = join(directory, hexOf(digest));
  renameSync(draft, path);
  return { digest, path };
}

function describe(work: string, image: BuiltImage): string {
  const { manifest, config } = image;
  const path = join(work, `${hexOf(image.manifestDigest)}.json`);
  const text = {
    manifest: Buffer.from(manifest).toString('base64'),
    config: Buffer.from(config).toString('base64'),
  };
  writeFileSync(path, JSON.stringify({ ...image, ...text }));
  return path;
}

/** One push into an empty registry, by a process of its own. */
async function pushed<Result>(push: (domain: string) => Result): Promise<Result> {
  const registry = await startRealRegistry();
  try {
    return push(registry.domain);
  } finally {
    await registry.stop();
  }
}

function ours(work: string, description: string, domain: string): Taken {
  const cache = mkdtempSync(join(work, 'cache-'));
  return JSON.parse(runNode({ args: [PUSH, description, `${domain}/bench/image:1`, cache] }).stdout) as Taken;
}

async function measureThroughput(work: string, crane: string): Promise<BenchRow> {
  const sizes = [240, 200, 160, 130, 100, 70, 50, 30, 15, 5].map((size) => size * MB);
  const layout = join(work, 'layout');
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const image = writeLayout(layout, sizes);
  const description = describe(work, image);
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let run = 0; run < RUNS; run++) {
    await pushed((domain) => {
      const started = performance.now();
      const ran = spawnSync(crane, ['push', layout, `${domain}/bench/image:1`], { encoding: 'utf8' });
      times.theirs.push((performance.now() - started) / 1000);
      if (ran.status !== 0) throw new Error(`crane push: ${ran.stderr}`);
    });
    await pushed((domain) => {
      const { moved, seconds } = ours(work, description, domain);
      times.ours.push(seconds);
      if (moved.uploaded <= total) throw new Error(`only ${moved.uploaded} bytes were sent`);
    });
  }
  // The best of each: what else this machine does can only slow a run down.
  const best = { ours: Math.min(...times.ours), theirs: Math.min(...times.theirs) };
  const rate = (seconds: number): string => `${(total / MB / seconds).toFixed(0)} MB/s`;
  return {
    name: 'a push of ten layers, 1 GB, over loopback',
    figure: best.theirs / best.ours,
    limit: 0.8,
    unit: 'of the throughput of `crane push`',
    better: 'higher',
    detail: `${rate(best.ours)} against ${rate(best.theirs)} of the same layout into an empty Distribution 2.8; from the first question to the last answer, crane's whole process, best of ${RUNS} in turn`,
  };
}

async function measureMemory(work: string): Promise<BenchRow> {
  const description = describe(work, writeLayout(join(work, 'large'), [1000 * MB]));
  const { memory, seconds } = await pushed((domain) => ours(work, description, domain));
  return {
    name: 'a push of a layer of 1 GB, peak memory',
    figure: memory / MB,
    limit: 200,
    unit: 'MB',
    better: 'lower',
    detail: `resident set of the whole process; ${seconds.toFixed(1)} s`,
  };
}
