// Makes one layer in this thread. Where wheels become entries and entries become a layer: `layers/` knows no wheels.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { BivyError } from '../kernel/errors.ts';
import type { Part } from '../layers/entry.ts';
import type { JobWheel, LayerJob, LayerResult, WheelsJob } from '../layers/job.ts';
import { overlapsOf, shadowOverlaps, shadowPaths } from '../layers/overlap.ts';
import { matches, wheelFirst } from '../layers/prefetch.ts';
import { type LayerOptions, writeLayer } from '../layers/writer.ts';

/**
 * @throws BivyError `HASH_MISMATCH` where a wheel's bytes are not those of its SHA-256: its cache entry is damaged;
 * and what `openWheel`, `installWheel` and `writeLayer` throw
 */
export async function runLayerJob(job: LayerJob, signal?: AbortSignal): Promise<LayerResult> {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const parts = job.kind === 'wheels' ? await installWheels(job, warn) : job.parts;
  const options: LayerOptions = {
    ...(job.compression === undefined ? {} : { compression: job.compression }),
    isFirst: job.kind === 'wheels' ? wheelFirst(job) : matches(job.prefetch ?? []),
    ...(signal === undefined ? {} : { signal }),
  };
  const summary = await writeLayer(parts, { path: job.output }, options);
  return { ...summary, overlaps: overlapsOf(summary), warnings };
}

async function installWheels(job: WheelsJob, warn: (message: string) => void): Promise<readonly Part[]> {
  const { openWheel } = await import('../wheels/archive.ts');
  const { installWheel } = await import('../wheels/install.ts');
  const { python, prefix, location } = job;
  const parts = job.wheels.map((wheel) => {
    if (wheel.verified !== true) verifyWheel(wheel);
    const archive = openWheel(wheel.path, wheel.fileName);
    const part = installWheel(archive, {
      python,
      prefix,
      warn,
      ...(location === undefined ? {} : { location }),
    });
    return shadowPaths(part, wheel.shadowed ?? []);
  });
  return shadowOverlaps(parts);
}

const PIECE = 1 << 20;

function verifyWheel({ path, fileName, sha256 }: JobWheel): void {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(PIECE);
  const file = fs.openSync(path, 'r');
  try {
    for (let count = 1; count > 0; ) {
      count = fs.readSync(file, piece, 0, PIECE, null);
      hash.update(piece.subarray(0, count));
    }
  } finally {
    fs.closeSync(file);
  }
  const found = hash.digest('hex');
  if (found === sha256) return;
  throw new BivyError('HASH_MISMATCH', `\`${fileName}\` in the cache is not what it was when it was stored`, {
    location: { file: path },
    causes: [`its SHA-256 is ${found}`, `expected ${sha256}`],
    hint: 'run the command again: the damaged file is discarded and fetched anew',
  });
}
