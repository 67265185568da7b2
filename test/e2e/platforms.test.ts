// Images for other machines, made on this one without emulation; then run once, under qemu's emulator of programs.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findMirror } from '../../src/debian/mirror.ts';
import { hexOf } from '../../src/kernel/digest.ts';
import type { Descriptor } from '../../src/oci/spec.ts';
import type { BuildDocument } from '../../src/report/build.ts';
import { documentOf, isThere, layoutFiles, writeFiles } from '../support/images.ts';
import { scratchFolder, start, succeed } from './support/program.ts';
import { haveProgram } from './support/registries.ts';

const folder = scratchFolder();
const ARM64 = 'qemu-aarch64-static';
const ARM = 'qemu-arm-static';

/** Root is needed to change roots. */
function haveEmulator(name: string): boolean {
  if (!haveProgram(name, '--version')) return false;
  if (process.getuid?.() === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('CI is not root, and runs no image of another machine');
  console.warn('SKIPPED: not root; no image of another machine is run');
  return false;
}

/** Runs the image's Python over its files, by an emulator that knows no other machine than that one. */
function emulate(root: string, emulator: string, program: string): unknown {
  copyFileSync(join('/usr/bin', emulator), join(root, emulator));
  const stdout = execFileSync('chroot', [root, `/${emulator}`, '/app/.venv/bin/python', '-c', program], {
    encoding: 'utf8',
    env: { PATH: '/app/.venv/bin:/usr/sbin:/usr/bin' },
  });
  return JSON.parse(stdout);
}

function buildArguments(example: string, base: string, platforms: string, out: string): readonly string[] {
  return ['build', join('examples', example), '--base', base, '--platform', platforms, '-o', out, '--json'];
}

describe('everest, for amd64 and arm64', () => {
  it('shares every layer that is for any machine', async () => {
    const layout = join(folder, 'everest');
    const { stdout } = await succeed(
      buildArguments('everest', 'debian:12', 'linux/amd64,linux/arm64', `oci:${layout}`),
    );
    const { digest, images } = JSON.parse(stdout) as BuildDocument;
    expect(images.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    const [first, second] = images.map(({ layers }) => new Set(layers.map((layer) => layer.digest)));
    const shared = images[0]?.layers.filter((layer) => second?.has(layer.digest)) ?? [];
    const packages = shared.flatMap((layer) => layer.packages.map((text) => text.split('==')[0]));
    expect(packages).toEqual(expect.arrayContaining(['fastapi', 'pytz', 'tzdata', 'joblib']));
    for (const name of ['numpy', 'pandas', 'scipy', 'pydantic-core']) expect(packages).not.toContain(name);
    expect(shared.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['wheels', 'venv', 'app']));
    // The layout holds what both have once.
    const blobs = readdirSync(join(layout, 'blobs', 'sha256'));
    expect(blobs).toHaveLength(new Set([...(first ?? []), ...(second ?? [])]).size + 5);
    const index = JSON.parse(readFileSync(join(layout, 'blobs', 'sha256', hexOf(digest as never)), 'utf8'));
    expect(index.manifests.map(({ platform }: Descriptor) => platform?.architecture)).toEqual([
      'amd64',
      'arm64',
    ]);
  });

  it.runIf(haveEmulator(ARM64))('runs on arm64', async () => {
    const root = join(folder, 'everest-arm64');
    await succeed(buildArguments('everest', 'debian:12', 'linux/arm64', `dir:${root}`));
    const program = [
      'import json, platform, numpy, fastapi',
      'inverse = numpy.linalg.inv(numpy.array([[4.0, 0.0], [0.0, 0.5]]))',
      'print(json.dumps([platform.machine(), inverse.tolist(), fastapi.FastAPI().title, numpy.__file__]))',
    ].join('\n');
    const file = '/app/.venv/lib/python3.11/site-packages/numpy/__init__.py';
    expect(emulate(root, ARM64, program)).toEqual([
      'aarch64',
      [
        [0.25, 0],
        [0, 2],
      ],
      'FastAPI',
      file,
    ]);
  });
});

/** What a mirror does that serves lists which its signed release does not name: no fault of ours, nor to be passed over. */
const MIRRORS_FAULT = ['HASH_MISMATCH', 'MIRROR_INVALID', 'MIRROR_UNREACHABLE'];

describe('annapurna, for arm/v7', () => {
  it.runIf(haveEmulator(ARM))('runs on a base that Debian, or else debootstrap, composes', async () => {
    const root = join(folder, 'annapurna-arm');
    let made: BuildDocument | undefined;
    for (const base of ['debian:12', 'debian:13', standIn]) {
      const reference = typeof base === 'string' ? base : base();
      if (reference === undefined) break;
      const args = buildArguments('annapurna', reference, 'linux/arm/v7', `dir:${root}`);
      const { status, stdout } = await start(args).ended;
      const document = JSON.parse(stdout);
      if (status === 0) {
        made = document;
        break;
      }
      expect(MIRRORS_FAULT, stdout).toContain(document.error.code);
      console.warn(`NOTE: \`${reference}\` for linux/arm/v7: ${document.error.message}`);
    }
    if (made === undefined) {
      console.warn('SKIPPED: the Debian mirror serves nothing for armhf; no image for linux/arm/v7 is run');
      return;
    }
    expect(made.images.map(({ platform }) => platform)).toEqual(['linux/arm/v7']);
    const program = [
      'import json, platform, annapurna.main, fastapi',
      'print(json.dumps([platform.machine(), fastapi.__file__.split("/site-packages/")[1]]))',
    ].join('\n');
    expect(emulate(root, ARM, program)).toEqual([expect.stringMatching(/^arm/), 'fastapi/__init__.py']);
  });
});

/** A base of Debian's own making, unpacked and not configured: an image as anybody's, with a Python. */
function standIn(): string | undefined {
  if (!isThere('debootstrap', '--version')) return undefined;
  const root = join(folder, 'armhf');
  const suite = ['--variant=minbase', '--include=python3.11', 'bookworm', root];
  try {
    execFileSync('debootstrap', ['--foreign', '--arch=armhf', ...suite, findMirror({}, process.env).main], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  const archives = join(root, 'var/cache/apt/archives');
  for (const name of readdirSync(archives).filter((file) => /^(?:lib|python|zlib|media)/.test(file))) {
    const packed = execFileSync('dpkg-deb', ['--fsys-tarfile', join(archives, name)], { maxBuffer: 1 << 28 });
    execFileSync('tar', ['-x', '--keep-directory-symlink', '-C', root], { input: packed });
  }
  for (const name of ['debootstrap', 'var/cache', 'dev', 'proc', 'sys']) {
    rmSync(join(root, name), { recursive: true, force: true });
  }
  return layoutOf(root);
}

function layoutOf(root: string): string {
  const layout = join(folder, 'armhf-layout');
  mkdirSync(layout);
  const tar = execFileSync('tar', ['-c', '--numeric-owner', '--sort=name', '-C', root, '.'], {
    maxBuffer: 1 << 29,
  });
  const layer = documentOf(tar);
  const config = documentOf({
    architecture: 'arm',
    variant: 'v7',
    os: 'linux',
    config: { Env: ['PATH=/usr/bin'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const descriptor = (document: typeof layer, mediaType: string): object => {
    const { digest, size } = document;
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size };
  };
  const manifest = documentOf({
    schemaVersion: 2,
    config: descriptor(config, 'config.v1+json'),
    layers: [descriptor(layer, 'layer.v1.tar')],
  });
  const index = { schemaVersion: 2, manifests: [descriptor(manifest, 'manifest.v1+json')] };
  writeFiles(layout, layoutFiles(index, [layer, config, manifest]));
  return `oci:${layout}`;
}
