// What each builder is told, as a table: one row a wish, one column a builder.

import { describe, expect, it } from 'vitest';
import { buildctlArguments, globalArguments } from '../../../src/engines/builders/buildctl.ts';
import type { BuilderRequest } from '../../../src/engines/builders/builder.ts';
import { buildxArguments, readInspection } from '../../../src/engines/builders/buildx.ts';
import { dockerArguments } from '../../../src/engines/builders/docker-build.ts';
import { archiveOutput, cacheOf, csv } from '../../../src/engines/builders/exporter.ts';
import { podmanArguments } from '../../../src/engines/builders/podman.ts';
import { DIGEST, requestOf } from '../../support/builder-request.ts';

const NAME = 'localhost/bivy-build:0';
const ENVIRONMENT = { FROM_OUTSIDE: 'x' };

function argumentsOf(request: BuilderRequest): Readonly<Record<string, readonly string[]>> {
  return {
    buildx: buildxArguments(request, 'type=oci,dest=/work/image.tar'),
    buildctl: buildctlArguments(request, '/work/image.tar', ENVIRONMENT),
    docker: dockerArguments(request, NAME),
    podman: podmanArguments(request, NAME),
  };
}

describe('a plain build', () => {
  it.each([
    [
      'buildx',
      'buildx build --progress=rawjson --file=/work/dockerfile/Dockerfile --sbom=false --provenance=false --output=type=oci,dest=/work/image.tar -- /project',
    ],
    [
      'buildctl',
      'build --progress=rawjson --frontend=dockerfile.v0 --local=context=/project --local=dockerfile=/work/dockerfile --opt=filename=Dockerfile --output=type=oci,dest=/work/image.tar',
    ],
    ['docker', `build --progress=plain --file=/work/dockerfile/Dockerfile --tag=${NAME} -- /project`],
    ['podman', `build --format=oci --layers --file=/work/dockerfile/Dockerfile --tag=${NAME} -- /project`],
  ])('%s', (builder, expected) => {
    expect(argumentsOf(requestOf())[builder]?.join(' ')).toBe(expected);
  });
});

const BASE = {
  name: 'localhost/bivy-base:abababababab',
  layout: '/work/base-abababababab',
  digest: DIGEST,
  openLayout: () => Promise.resolve(),
  archive: () => Promise.resolve('/work/base.tar'),
};

/** What is added for a wish; `undefined`: nothing, since it is refused before or done otherwise. */
const ROWS: readonly (readonly [
  string,
  Partial<BuilderRequest>,
  Readonly<Record<'buildx' | 'buildctl' | 'docker' | 'podman', readonly string[]>>,
])[] = [
  [
    'one platform',
    { platforms: ['linux/arm64'] },
    {
      buildx: ['--platform=linux/arm64'],
      buildctl: ['--opt=platform=linux/arm64'],
      docker: ['--platform=linux/arm64'],
      podman: ['--platform=linux/arm64'],
    },
  ],
  [
    'a target',
    { target: 'runtime' },
    {
      buildx: ['--target=runtime'],
      buildctl: ['--opt=target=runtime'],
      docker: ['--target=runtime'],
      podman: ['--target=runtime'],
    },
  ],
  [
    'arguments, one of them from the environment, one that is not there',
    { arguments: ['A=b=c', 'FROM_OUTSIDE', 'NOWHERE'] },
    {
      buildx: ['--build-arg=A=b=c', '--build-arg=FROM_OUTSIDE', '--build-arg=NOWHERE'],
      buildctl: ['--opt=build-arg:A=b=c', '--opt=build-arg:FROM_OUTSIDE=x'],
      docker: ['--build-arg=A=b=c', '--build-arg=FROM_OUTSIDE', '--build-arg=NOWHERE'],
      podman: ['--build-arg=A=b=c', '--build-arg=FROM_OUTSIDE', '--build-arg=NOWHERE'],
    },
  ],
  [
    'secrets and agents: names and places, never values',
    { secrets: ['id=a,src=/f', 'id=b,env=FROM_OUTSIDE'], ssh: ['default'] },
    {
      buildx: ['--secret=id=a,src=/f', '--secret=id=b,env=FROM_OUTSIDE', '--ssh=default'],
      buildctl: ['--secret=id=a,src=/f', '--secret=id=b,env=FROM_OUTSIDE', '--ssh=default'],
      docker: ['--secret=id=a,src=/f', '--secret=id=b,env=FROM_OUTSIDE', '--ssh=default'],
      podman: ['--secret=id=a,src=/f', '--secret=id=b,env=FROM_OUTSIDE', '--ssh=default'],
    },
  ],
  [
    'caches: a reference alone is one in a registry',
    { cacheFrom: ['example.org/a:cache'] },
    {
      buildx: ['--cache-from=example.org/a:cache'],
      buildctl: ['--import-cache=type=registry,ref=example.org/a:cache'],
      docker: ['--cache-from=example.org/a:cache'],
      podman: ['--cache-from=example.org/a:cache'],
    },
  ],
  [
    'caches as BuildKit spells them',
    { cacheFrom: ['type=registry,ref=example.org/a'] },
    {
      buildx: ['--cache-from=type=registry,ref=example.org/a'],
      buildctl: ['--import-cache=type=registry,ref=example.org/a'],
      docker: ['--cache-from=example.org/a'],
      podman: ['--cache-from=example.org/a'],
    },
  ],
  [
    'everything anew, bases too',
    { noCache: true, pull: true },
    {
      buildx: ['--no-cache', '--pull'],
      buildctl: ['--opt=image-resolve-mode=pull', '--no-cache'],
      docker: ['--no-cache', '--pull'],
      podman: ['--no-cache', '--pull=always'],
    },
  ],
  [
    'the network of this machine',
    { network: 'host' },
    {
      buildx: ['--network=host'],
      buildctl: ['--opt=force-network-mode=host', '--allow=network.host'],
      docker: ['--network=host'],
      podman: ['--network=host'],
    },
  ],
  [
    'the usual network',
    { network: 'default' },
    { buildx: ['--network=default'], buildctl: [], docker: ['--network=default'], podman: [] },
  ],
  [
    'a base from this disk: a context, or loaded before',
    { bases: [BASE] },
    {
      buildx: [`--build-context=${BASE.name}=oci-layout://${BASE.layout}@${DIGEST}`],
      buildctl: [
        `--opt=context:${BASE.name}=oci-layout://base0@${DIGEST}`,
        `--oci-layout=base0=${BASE.layout}`,
      ],
      docker: [],
      podman: [],
    },
  ],
  [
    'a base in the store of the engine',
    { bases: [BASE], keepsImages: true },
    {
      buildx: [],
      buildctl: [
        `--opt=context:${BASE.name}=oci-layout://base0@${DIGEST}`,
        `--oci-layout=base0=${BASE.layout}`,
      ],
      docker: [],
      podman: [],
    },
  ],
  [
    'an ignore file elsewhere',
    { ignoreFile: '/work/ignored' },
    { buildx: [], buildctl: [], docker: [], podman: ['--ignorefile=/work/ignored'] },
  ],
];

describe('what is added', () => {
  it.each(ROWS)('%s', (_, more, expected) => {
    const plain = argumentsOf(requestOf());
    for (const [builder, parameters] of Object.entries(argumentsOf(requestOf(more)))) {
      const added = parameters.filter((parameter) => !plain[builder]?.includes(parameter));
      expect(added, builder).toEqual(expected[builder as keyof typeof expected]);
    }
  });

  it('several platforms: podman makes a list', () => {
    const made = argumentsOf(requestOf({ platforms: ['linux/amd64', 'linux/arm64'] }));
    expect(made['podman']).toContain(`--manifest=${NAME}`);
    expect(made['podman']).not.toContain(`--tag=${NAME}`);
    expect(made['buildx']).toContain('--platform=linux/amd64,linux/arm64');
    expect(made['buildctl']).toContain('--opt=platform=linux/amd64,linux/arm64');
  });

  it('attestations and a builder', () => {
    const request = requestOf({ sbom: true, provenance: true, builder: 'team', compression: 'estargz' });
    expect(buildxArguments(request, '')).toEqual(
      expect.arrayContaining(['--sbom=true', '--provenance=mode=max', '--builder=team']),
    );
    expect(buildctlArguments(request, '/i.tar', {})).toEqual(
      expect.arrayContaining([
        '--opt=attest:sbom=',
        '--opt=attest:provenance=mode=max',
        '--output=type=oci,dest=/i.tar,compression=estargz,force-compression=true,oci-mediatypes=true',
      ]),
    );
    expect(globalArguments('tcp://h:1', { BIVY_BUILDKIT_TLS_DIR: '/certs' })).toEqual([
      '--addr',
      'tcp://h:1',
      '--tlsdir',
      '/certs',
    ]);
    expect(globalArguments(undefined, {})).toEqual([]);
  });
});

describe('words of BuildKit’s clients', () => {
  it('quotes what has commas', () => {
    expect(csv({ type: 'oci', dest: '/a,b/"c"' })).toBe('type=oci,"dest=/a,b/""c"""');
    expect(archiveOutput('/plain.tar', undefined)).toBe('type=oci,dest=/plain.tar');
    expect(cacheOf('type=gha')).toBe('type=gha');
  });

  it('reads what `docker buildx inspect` prints', () => {
    const text =
      'Name:          team\nDriver:        docker-container\n\nNodes:\nName: team0\nError:  no connection\n';
    expect(readInspection(text)).toEqual({
      name: 'team',
      driver: 'docker-container',
      error: 'no connection',
    });
    expect(readInspection('Name:   default\nDriver: docker\n')).toEqual({
      name: 'default',
      driver: 'docker',
    });
  });
});
