import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWheel } from '../../src/wheels/archive.ts';
import { type LargeWheel, writeLargeWheel } from '../support/large-wheel.ts';

const SPLICE = fileURLToPath(new URL('../../bench/children/splice.mjs', import.meta.url));
const FILE = 'app/.venv/lib/python3.11/site-packages/large/stored-blocks.bin';
const HOLE = 'app/.venv/lib/python3.11/site-packages/large/zeros.bin';

let folder: string;
let wheel: LargeWheel;
let blob: string;
let taken: {
  memory: number;
  size: number;
  unpacked: number;
  digests: readonly { digest: string; diffId: string }[];
};

function shell(command: string): string {
  const ran = spawnSync('bash', ['-o', 'pipefail', '-c', command], { cwd: folder, encoding: 'utf8' });
  expect(ran.stderr, command).toBe('');
  expect(ran.status, command).toBe(0);
  return ran.stdout.trim();
}

/** The layer as the only one of an image in a layout, for those who unpack such. */
function writeLayout(layer: { digest: string; diffId: string }): void {
  const blobs = join(folder, 'layout', 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  function put(value: unknown): { digest: string; size: number } {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  }
  renameSync(blob, join(blobs, layer.digest.slice(7)));
  const type = 'application/vnd.oci.image';
  const config = put({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [{ created_by: 'test' }],
  });
  const manifest = put({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...config },
    layers: [{ mediaType: `${type}.layer.v1.tar+gzip`, digest: layer.digest, size: taken.size }],
  });
  const named = { 'org.opencontainers.image.ref.name': 'large' };
  const index = { ...manifest, mediaType: `${type}.manifest.v1+json`, annotations: named };
  writeFileSync(
    join(folder, 'layout', 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [index] }),
  );
  writeFileSync(join(folder, 'layout', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

describe('a wheel of over 2 GiB that holds a file of over 2 GiB', () => {
  beforeAll(() => {
    expect(existsSync(fileURLToPath(new URL('../../dist/', import.meta.url))), '`npm run build` first').toBe(
      true,
    );
    folder = mkdtempSync(join(tmpdir(), 'bivy-large-'));
    const path = join(folder, 'large.whl');
    wheel = writeLargeWheel(path);
    const ran = spawnSync(process.execPath, [SPLICE, '2', folder, JSON.stringify([{ path, ...wheel }])], {
      encoding: 'utf8',
    });
    expect(ran.stderr).toBe('');
    taken = JSON.parse(ran.stdout);
    blob = join(folder, `${wheel.fileName}.tar.gz`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is spliced, not held: the whole process stays below 300 MB', () => {
    const members = openWheel(join(folder, 'large.whl'), wheel.fileName).members;
    expect(wheel.size).toBeGreaterThan(2 ** 31);
    expect(members.some(({ size, method }) => size > 2 ** 31 && method === 8)).toBe(true);
    expect(taken.memory).toBeLessThan(300e6);
    expect(taken.unpacked).toBeGreaterThan(members.reduce((sum, { size }) => sum + size, 0) - 1000);
    // Nothing was compressed again, nor were the zeros kept.
    expect(taken.size).toBeGreaterThan(2 ** 31);
    expect(taken.size).toBeLessThan(wheel.size);
    expect(taken.size).toBe(statSync(blob).size);
  });

  it('gives a layer that gzip and tar read, with the digests that were said', () => {
    const { digest, diffId } = taken.digests[0]!;
    // Once over two gigabytes is enough.
    const listed = shell(
      `tee >(sha256sum > blob) < ${blob} | gzip -dc | tee >(sha256sum > diff) | tar --numeric-owner -tvf -`,
    );
    expect(shell('until [ -s blob ] && [ -s diff ]; do sleep 0.05; done; cat blob')).toBe(
      `${digest.slice(7)}  -`,
    );
    expect(shell('cat diff')).toBe(`${diffId.slice(7)}  -`);
    expect(listed).toMatch(new RegExp(`^-rw-r--r-- 0/0 +2164293375 .* ${FILE}$`, 'm'));
    expect(listed).toMatch(new RegExp(`^-rw-r--r-- 0/0 +67173375 .* ${HOLE}$`, 'm'));
  });

  const umoci = spawnSync('umoci', ['--version']).status === 0;
  if (!umoci) console.warn('umoci is not installed: it is not asked to unpack the large layer');
  it.skipIf(!umoci)('is unpacked by umoci, to what Python reads in the wheel', () => {
    writeLayout(taken.digests[0]!);
    shell('umoci raw unpack --rootless --image layout:large rootfs 2>&1');
    const python =
      'import sys,zipfile,shutil; shutil.copyfileobj(zipfile.ZipFile("large.whl").open(sys.argv[1]), sys.stdout.buffer)';
    shell(`cmp rootfs/${FILE} <(python3 -c '${python}' large/stored-blocks.bin)`);
    shell(`cmp rootfs/${HOLE} <(python3 -c '${python}' large/zeros.bin)`);
  });
});
