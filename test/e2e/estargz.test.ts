// eStargz layers before the library that those use who read them lazily, and before those who know nothing of it.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runLayerJob } from '../../src/app/layer-job.ts';
import type { JobWheel, LayerResult } from '../../src/layers/job.ts';
import { CHUNK } from '../../src/layers/layout.ts';
import { writeLargeWheel } from '../support/large-wheel.ts';
import { type FetchedWheel, fetchExampleWheels } from './support/example-wheels.ts';

const SOURCE = fileURLToPath(new URL('support/estargz-verify', import.meta.url));
const CHILD = fileURLToPath(new URL('support/lazy-layer.mjs', import.meta.url));
const SITE = 'app/.venv/lib/python3.11/site-packages';
const TOC = 'containerd.io/snapshot/stargz/toc.digest';

/** What the reference library found: see support/estargz-verify/main.go. */
interface Report {
  readonly chunks: number;
  readonly largest: number;
  readonly prefetch: number;
  readonly first: readonly string[];
  /** Hexadecimal digits, by path. */
  readonly digests: Readonly<Record<string, string>>;
}

function haveGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('CI has no Go to build the reference library with');
    console.warn('SKIPPED: no Go here; no eStargz layer is opened by the reference library');
    return false;
  }
}

let folder: string;
let verifier: string;
const go = haveGo();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bivy-lazy-'));
  if (!go) return;
  const build = join(folder, 'verifier');
  mkdirSync(build);
  for (const name of ['main.go', 'go.mod']) copyFileSync(join(SOURCE, name), join(build, name));
  verifier = join(build, 'verify');
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
  execFileSync('go', ['build', '-o', verifier, '.'], {
    cwd: build,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function verify(layer: string, made: Pick<LayerResult, 'annotations'>): Report {
  return JSON.parse(run(verifier, layer, made.annotations![TOC]!));
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}

/** What Python's `tarfile` reads, which knows nothing of eStargz: SHA-256 by path. */
function readByPython(layer: string): Readonly<Record<string, string>> {
  const program = `import hashlib, json, sys, tarfile
with tarfile.open(sys.argv[1]) as tar:
    print(json.dumps({m.name: hashlib.sha256(tar.extractfile(m).read()).hexdigest() for m in tar if m.isreg()}))`;
  return JSON.parse(run('python3', '-c', program, layer));
}

async function write(wheels: readonly JobWheel[]): Promise<{ layer: string; made: LayerResult }> {
  const layer = join(mkdtempSync(join(folder, 'layer-')), 'layer.tar.gz');
  const job = { kind: 'wheels', wheels, python: '3.11', prefix: '/app/.venv', output: layer } as const;
  return { layer, made: await runLayerJob({ ...job, compression: 'estargz' }) };
}

function jobWheel({ path, fileName }: FetchedWheel): JobWheel {
  const bytes = readFileSync(path);
  return { path, fileName, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

describe.each(['annapurna', 'everest'])('the wheels of %s', (example) => {
  let wheels: readonly JobWheel[];
  beforeAll(async () => {
    const target = { python: '3.11.2', libc: 'glibc:2.36', platform: 'linux/amd64' };
    wheels = (await fetchExampleWheels(example, target, folder)).map(jobWheel);
    expect(wheels.length).toBeGreaterThan(10);
  });

  it.skipIf(!go)('are layers whose every chunk the reference library accepts', async () => {
    for (const wheel of wheels) {
      const { layer, made } = await write([wheel]);
      const report = verify(layer, made);
      for (const file of made.files) expect(report.digests[file.path], file.path).toBe(file.sha256);
      expect(report.largest).toBeLessThanOrEqual(CHUNK);
      expect(report.chunks).toBeGreaterThan(0);
      // Each wheel has metadata, so each layer has something to fetch first: and no library among it.
      expect(report.prefetch).toBeGreaterThan(0);
      expect(report.first.some((path) => path.endsWith('.dist-info/METADATA'))).toBe(true);
      expect(report.first.filter((path) => /\.so(\.|$)|\/tests?\//.test(path.slice(SITE.length)))).toEqual(
        [],
      );
      rmSync(layer);
    }
  });

  it('are one layer for those who read gzip and tar', async () => {
    const small = wheels.filter(({ size }) => size < 2 << 20);
    const { layer, made } = await write(small);
    const read = readByPython(layer);
    for (const file of made.files) expect(read[file.path], file.path).toBe(file.sha256);
    const others = Object.keys(read).filter((path) => !path.startsWith('app/.venv/'));
    expect(others.sort()).toEqual(['.prefetch.landmark', 'stargz.index.json']);
    const unzipped = (then: string) =>
      run('bash', '-c', `gzip -dc "$0" | ${then}`, layer).split(' ')[0]!.trim();
    expect(`sha256:${unzipped('sha256sum')}`).toBe(made.diffId);
    expect(unzipped('wc -c')).toBe(made.annotations!['io.containers.estargz.uncompressed-size']);
    if (go) verify(layer, made);
  });
});

describe('a wheel with a file of 400 MiB', () => {
  it('is cut into chunks, and not held', () => {
    expect(existsSync(fileURLToPath(new URL('../../dist/', import.meta.url))), '`npm run build` first').toBe(
      true,
    );
    const path = join(folder, 'large.whl');
    const { fileName, sha256, size } = writeLargeWheel(path, 400 << 20, 32 << 20);
    const layer = join(folder, 'large.tar.gz');
    const made = JSON.parse(run(process.execPath, CHILD, path, fileName, sha256, String(size), layer));
    expect(made.memory).toBeLessThan(200e6);
    if (!go) return;
    const report = verify(layer, made);
    expect(report.largest).toBe(CHUNK);
    expect(report.chunks).toBeGreaterThan(108);
  });
});
