// `--engine buildkit` with a program that stands in for buildctl: it notes what it is told, and answers with an image that was
// made before. What happens around a build is held here; real builders are in test/e2e/buildkit-*.test.ts.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildWithEngine, type EngineBuildRequest } from '../../src/app/engine-build.ts';
import { assembleIndex } from '../../src/oci/assemble.ts';
import { imageArchive } from '../../src/oci/destinations/archive.ts';
import { ociLayout } from '../../src/oci/destinations/oci-layout.ts';
import type { BuiltImage, ImageIndex } from '../../src/oci/image.ts';
import type { BuildDocument } from '../../src/report/build.ts';
import { readTree } from '../e2e/support/trees.ts';
import { imageOf, layerOf, type Stage, stage } from '../support/images.ts';

const FAILURE =
  '{"vertexes":[{"digest":"sha256:a","name":"[2/2] RUN false","started":"2026-01-01T00:00:00Z"}]}';

interface Site {
  readonly at: Stage;
  readonly project: string;
  /** What the program was told, an argument a line. */
  told(): readonly string[];
  build(more?: Partial<EngineBuildRequest>): Promise<BuildDocument>;
}

/** A project without dependencies, and a `buildctl` that copies the image; absent: it fails. */
async function site(image?: BuiltImage | ImageIndex, at: Stage = stage()): Promise<Site> {
  const programs = join(at.folder, 'programs');
  const project = join(at.folder, 'project');
  mkdirSync(programs);
  mkdirSync(join(project, 'app'), { recursive: true });
  writeFileSync(
    join(project, 'pyproject.toml'),
    '[tool.poetry]\nname = "app"\nversion = "1.2.3"\ndescription = ""\nauthors = []\n[tool.poetry.dependencies]\npython = "^3.11"\n',
  );
  writeFileSync(
    join(project, 'poetry.lock'),
    'package = []\n[metadata]\nlock-version = "2.0"\npython-versions = "^3.11"\ncontent-hash = ""\n',
  );
  writeFileSync(join(project, 'Dockerfile'), 'FROM base\nRUN false\n');
  const archive = join(at.folder, 'answer.tar');
  if (image !== undefined) await imageArchive('oci-archive', archive).write(image, [], at.context);
  const notes = join(at.folder, 'notes');
  const answer =
    image === undefined
      ? `echo '${FAILURE}' >&2; echo 'error: failed to solve: exit code: 1' >&2; exit 1`
      : `for a; do case "$a" in --output=*) cp ${archive} "\${a#*dest=}";; esac; done`;
  const script = `#!/bin/sh\n[ "$1" = debug ] && exit 0\nprintf '%s\\n' "$@" > ${notes}\n${answer}\n`;
  writeFileSync(join(programs, 'buildctl'), script);
  chmodSync(join(programs, 'buildctl'), 0o755);
  return {
    at,
    project,
    told: () => readFileSync(notes, 'utf8').trimEnd().split('\n'),
    build: (more = {}) =>
      buildWithEngine(
        {
          directory: project,
          file: join(project, 'Dockerfile'),
          environment: { PATH: `${programs}:${process.env['PATH'] ?? ''}`, BUILDKIT_HOST: 'tcp://h:1' },
          destinations: [`oci:${join(at.folder, 'layout')}`],
          ...more,
        },
        at.context,
      ),
  };
}

async function someImage(at: Stage, platform?: string): Promise<BuiltImage> {
  const layers = [await layerOf(at, [{ path: 'etc/' }, { path: 'etc/x', body: 'one' }])];
  return imageOf(layers, { cmd: ['/x'] }, platform);
}

describe('an image that an engine built', () => {
  it('goes to every destination as it is, and the document says what built it', async () => {
    const at = stage();
    const image = await someImage(at);
    const { build, project } = await site(image, at);
    const before = readTree(project);
    const tree = join(at.folder, 'tree');
    const destinations = [`oci:${join(at.folder, 'layout')}`, `dir:${tree}`];
    const made = await build({ destinations, tags: ['team/app:1'] });
    expect(made).toMatchObject({
      version: 1,
      engine: 'buildctl',
      digest: image.manifestDigest,
      tags: ['team/app:1'],
      destinations: [{ kind: 'oci' }, { kind: 'dir' }],
      images: [{ platform: 'linux/amd64', unpacked: 3, layers: [{ kind: 'dockerfile', unpacked: 3 }] }],
    });
    expect(readFileSync(join(tree, 'etc', 'x'), 'utf8')).toBe('one');
    expect(at.events).toContainEqual({ type: 'engine', name: 'buildctl', detail: 'buildkitd at tcp://h:1' });
    expect(readTree(project)).toEqual(before);
    expect(readdirSync(join(at.cache.root, 'tmp'))).toEqual([]);
    // Without a name and a place of its own: those of the project.
    expect((await build()).tags).toEqual(['app:1.2.3']);
  });

  it('may be several, whose index stays as it is', async () => {
    const at = stage();
    const index = assembleIndex([await someImage(at), await someImage(at, 'linux/arm64')]);
    const { build } = await site(index, at);
    const flags = { platforms: ['linux/amd64', 'linux/arm64'] };
    expect((await build({ flags })).digest).toBe(index.indexDigest);
  });

  it('is refused where it is for another platform than was asked for', async () => {
    const at = stage();
    const { build } = await site(await someImage(at), at);
    await expect(build({ flags: { platforms: ['linux/arm64'] } })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      causes: ['asked: linux/arm64', 'built: linux/amd64'],
    });
    expect(existsSync(join(at.folder, 'layout'))).toBe(false);
  });
});

describe('what the builder is given', () => {
  it('the user’s file where it stands', async () => {
    const at = stage();
    const { build, told, project } = await site(await someImage(at), at);
    await build();
    expect(told()).toEqual(
      expect.arrayContaining([
        `--local=context=${project}`,
        `--local=dockerfile=${project}`,
        '--opt=filename=Dockerfile',
      ]),
    );
  });

  it.each(['oci', 'oci-archive', 'docker-archive'] as const)('a base of this disk: %s', async (kind) => {
    const at = stage();
    const image = await someImage(at);
    const { build, told } = await site(image, at);
    // Words that builders would split.
    const place = join(at.folder, 'a:b@c,d');
    const destination = kind === 'oci' ? ociLayout(place) : imageArchive(kind, place);
    await destination.write(image, ['x:1'], at.context);
    await build({ base: `${kind}:${place}` });
    const context = told().find((word) => word.startsWith('--opt=context:'));
    expect(context).toMatch(
      /^--opt=context:localhost\/bivy-base:[0-9a-f]{12}=oci-layout:\/\/base0@sha256:[0-9a-f]{64}$/,
    );
    if (kind !== 'docker-archive') expect(context).toContain(image.manifestDigest);
    const layout = told().find((word) => word.startsWith('--oci-layout=base0='));
    expect(layout).toMatch(/\/base-[0-9a-f]{12}$/);
    expect(told().some((word) => word.includes('a:b@c'))).toBe(false);
  });

  it('a base that is not there is no build', async () => {
    const at = stage();
    const { build } = await site(await someImage(at), at);
    await expect(build({ base: 'oci:/nowhere' })).rejects.toMatchObject({ code: 'BASE_MISSING' });
    await expect(build({ file: '/nowhere/Dockerfile' })).rejects.toMatchObject({
      code: 'DOCKERFILE_MISSING',
    });
    await expect(build({ builderBase: 'x' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('`--builder-base` has nothing to replace'),
    });
    expect(readdirSync(join(at.cache.root, 'tmp'))).toEqual([]);
  });
});

describe('a build that fails', () => {
  it('is told with the lines that ask for it', async () => {
    const { build, at, project } = await site();
    await expect(build()).rejects.toMatchObject({ code: 'BUILD_FAILED', causes: ['exit code: 1'] });
    expect(existsSync(join(at.folder, 'layout'))).toBe(false);
    expect(readdirSync(join(at.cache.root, 'tmp'))).toEqual([]);
    expect(readdirSync(project).sort()).toEqual(['Dockerfile', 'app', 'poetry.lock', 'pyproject.toml']);
  });

  it('is looked at for destinations first', async () => {
    const { build, told } = await site();
    await expect(build({ destinations: ['nowhere:x'] })).rejects.toMatchObject({
      code: 'DESTINATION_INVALID',
    });
    expect(told).toThrow();
  });
});
