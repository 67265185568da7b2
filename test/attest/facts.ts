import { type ContentsOptions, type ImageContents, imageContents } from '../../src/attest/contents.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import type { PlannedPackage } from '../../src/lock/plan.ts';

export const DIGEST: Digest = `sha256:${'0123456789abcdef'.repeat(4)}` as Digest;

function planned(
  name: string,
  version: string,
  why: readonly string[],
  more: Partial<PlannedPackage> = {},
): PlannedPackage {
  return {
    name,
    version,
    source: { kind: 'index' },
    groups: ['main'],
    files: [],
    file: {
      name: `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`,
      sha256: hex(name),
    },
    why,
    ...more,
  };
}

export function hex(text: string): string {
  return Buffer.from(text.padEnd(32, '.')).toString('hex').slice(0, 64);
}

const PACKAGES: readonly PlannedPackage[] = [
  planned('starlette', '0.26.1', ['annapurna', 'fastapi', 'starlette']),
  planned('fastapi', '0.95.1', ['annapurna', 'fastapi']),
  planned('inner', '1.0+cpu', ['annapurna', 'fastapi', 'inner'], {
    source: { kind: 'legacy', url: 'https://user:secret@packages.example/simple?token=secret' },
  }),
  planned('direct', '2.0', ['annapurna', 'direct'], {
    source: { kind: 'url', url: 'https://user:secret@files.example/direct-2.0-py3-none-any.whl?sig=secret' },
  }),
  planned('refused', '1.0', ['annapurna', 'refused'], { file: null }),
];

/** On Debian packages. */
export function contentsOf(more: Partial<ContentsOptions> = {}): ImageContents {
  return imageContents({
    project: { name: 'Annapurna', version: '1.0.0' },
    description: 'Climbs "quickly" – é',
    license: 'MIT OR Apache-2.0',
    platform: 'linux/amd64',
    digest: DIGEST,
    python: '3.11.2',
    plan: { packages: PACKAGES, root: { name: 'annapurna', version: '1.0.0' } },
    debian: {
      release: '12',
      packages: [
        {
          name: 'libstdc++6',
          version: '12.2.0-14+deb12u1',
          architecture: 'amd64',
          source: { name: 'gcc-12', version: '12.2.0-14+deb12u1' },
          sha256: hex('libstdc'),
        },
        { name: 'ca-certificates', version: '20230311', architecture: 'all', sha256: hex('ca') },
        { name: 'python3.11', version: '1:3.11.2-6', architecture: 'amd64', sha256: hex('py') },
      ],
    },
    ...more,
  });
}

/** On an image that was pulled, for another platform, without the project itself. */
export function pulledContents(): ImageContents {
  const { debian: _, root: __, ...contents } = contentsOf();
  return {
    ...contents,
    platform: 'linux/arm64',
    base: { reference: 'docker.io/library/python:3.11-slim', digest: DIGEST },
  };
}
