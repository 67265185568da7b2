// Which builder is taken, where programs answer as they please: small scripts stand in for them.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BuilderName, Wish } from '../../../src/engines/builders/builder.ts';
import { builderOrder, findBuilder, parseBuilder } from '../../../src/engines/builders/find.ts';
import { listen } from '../../support/builder-request.ts';
import { codeOf, scratch } from '../../support/images.ts';

const DOCKER = {
  version: '20.10.24 20.10.24',
  buildx: '',
  inspect: '',
  status: '[["Backing Filesystem","extfs"]]',
};

function docker({ version, buildx, inspect, status }: typeof DOCKER): string {
  return [
    'case "$1 $2" in',
    `  "version --format") ${version === '' ? 'echo Cannot connect >&2; exit 1' : `echo "${version}"`};;`,
    `  "buildx version") ${buildx === '' ? 'echo unknown command >&2; exit 1' : `echo "${buildx}"`};;`,
    `  "buildx inspect") ${inspect === '' ? 'echo "ERROR: no builder \\"$3\\" found" >&2; exit 1' : `printf "${inspect}"`};;`,
    `  "info --format") echo '${status}';;`,
    '  *) exit 9;;',
    'esac',
  ].join('\n');
}

function machine(programs: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const folder = scratch();
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: folder };
}

async function find(
  environment: NodeJS.ProcessEnv,
  { named, instance, wishes = [] }: { named?: BuilderName; instance?: string; wishes?: readonly Wish[] } = {},
): Promise<string> {
  const { context } = listen(environment);
  const { builder, found } = await findBuilder(named, instance, wishes, context);
  return `${builder.name}: ${found.detail}${found.keepsImages ? ', saved from its store' : ''}`;
}

const BUILDX = {
  ...DOCKER,
  buildx: 'github.com/docker/buildx v0.20.1 abc',
  inspect: 'Name: default\\nDriver: docker\\n',
};
const PODMAN = 'case "$1" in info) ;; --version) echo podman version 4.3.1;; esac';

describe('the order', () => {
  it.each([
    [{}, undefined, 'buildx docker podman buildah'],
    [{ BUILDKIT_HOST: 'tcp://h:1' }, undefined, 'buildctl buildx docker podman buildah'],
    [{ BUILDKIT_HOST: '' }, undefined, 'buildx docker podman buildah'],
    [{ BUILDKIT_HOST: 'tcp://h:1' }, 'team', 'buildx docker podman buildah'],
    [{}, 'tcp://h:1', 'buildctl'],
    [{}, 'kube-pod://buildkitd', 'buildctl'],
  ])('%j, --builder %s: %s', (environment, instance, expected) => {
    expect(builderOrder(environment, instance).join(' ')).toBe(expected);
  });
});

describe('what is found', () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'buildx before docker',
      { docker: docker(BUILDX), podman: PODMAN },
      'buildx: builder default, driver docker, saved from its store',
    ],
    [
      'an engine with containerd’s store exports by itself',
      { docker: docker({ ...BUILDX, status: '[["driver-type","io.containerd.snapshotter.v1"]]' }) },
      'buildx: builder default, driver docker',
    ],
    [
      'a builder in a container',
      { docker: docker({ ...BUILDX, inspect: 'Name: b\\nDriver: docker-container\\n' }) },
      'buildx: builder b, driver docker-container',
    ],
    [
      'the BuildKit of an old client',
      { docker: docker(DOCKER) },
      'docker: engine 20.10.24, saved from its store',
    ],
    [
      'a buildx that is too old',
      { docker: docker({ ...BUILDX, buildx: 'github.com/docker/buildx v0.11.2 abc' }) },
      'docker: engine 20.10.24, saved from its store',
    ],
    [
      'a new client without buildx cannot',
      { docker: docker({ ...DOCKER, version: '28.2.2 28.2.2' }), podman: PODMAN },
      'podman: 4.3.1, saved from its store',
    ],
    [
      'an engine that does not run',
      { docker: docker({ ...DOCKER, version: '' }), podman: PODMAN },
      'podman: 4.3.1, saved from its store',
    ],
    ['podman alone', { podman: PODMAN }, 'podman: 4.3.1, saved from its store'],
    [
      'buildah alone',
      { buildah: PODMAN.replace('podman', 'buildah') },
      'buildah: 4.3.1, saved from its store',
    ],
  ])('%s', async (_, programs, expected) => {
    expect(await find(machine(programs))).toBe(expected);
  });

  it('buildctl where somebody says where', async () => {
    const programs = machine({
      buildctl: '[ "$1 $2" = "debug workers" ] || [ "$1" = --addr ]',
      docker: docker(BUILDX),
    });
    expect(await find({ ...programs, BUILDKIT_HOST: 'tcp://h:1' })).toBe('buildctl: buildkitd at tcp://h:1');
    expect(await find(programs, { instance: 'tcp://i:2' })).toBe('buildctl: buildkitd at tcp://i:2');
    expect(await find(programs, { named: 'buildctl' })).toBe('buildctl: buildkitd at the default address');
    expect(await find(programs)).toMatch(/^buildx/);
  });

  it('one that can do what is asked, though another stands before it', async () => {
    const programs = machine({ docker: docker(DOCKER), podman: PODMAN });
    expect(await find(programs, { wishes: ['platforms'] })).toBe('podman: 4.3.1, saved from its store');
  });
});

describe('what is refused', () => {
  it('nothing is here: each with its reason', async () => {
    const work = find(machine({ docker: docker({ ...DOCKER, version: '' }) }));
    await expect(work).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      causes: [
        'docker buildx: the plugin buildx of docker is not installed',
        'docker build: Cannot connect',
        'podman: there is no program `podman`',
        'buildah: there is no program `buildah`',
      ],
    });
  });

  it.each<[BuilderName, Wish, RegExp]>([
    ['docker', 'platforms', /^`--platform`: it builds for one/],
    ['docker', 'cache-to', /^`--cache-to`: it writes no cache/],
    ['docker', 'sbom', /^`--sbom`: .*buildx/],
    ['docker', 'builder', /^`--builder`: /],
    ['podman', 'provenance', /^`--provenance`: .*BuildKit/],
    ['buildah', 'compression', /^`--compression`: .*BuildKit/],
  ])('%s cannot %s, and says so before it is looked for', async (named, wish, expected) => {
    const work = find({ PATH: '/nowhere' }, { named, wishes: [wish] });
    await expect(work).rejects.toMatchObject({ code: 'USAGE', causes: [expect.stringMatching(expected)] });
  });

  it('nobody who is here can', async () => {
    const work = find(machine({ docker: docker(DOCKER), podman: PODMAN }), { wishes: ['sbom'] });
    await expect(work).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('no builder'),
    });
  });

  it('a builder of buildx’s that there is not', async () => {
    const work = find(machine({ docker: docker({ ...BUILDX, inspect: '' }) }), {
      named: 'buildx',
      instance: 'team',
    });
    await expect(work).rejects.toMatchObject({ causes: ['docker buildx: no builder "team" found'] });
  });

  it('names that are none', async () => {
    expect(parseBuilder('buildah', '`--engine`')).toBe('buildah');
    expect(await codeOf(() => parseBuilder('podmen', '`--engine`'))).toBe('USAGE');
  });
});
