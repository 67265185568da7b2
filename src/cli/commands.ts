// The commands as data: what each is called, takes and prints. The code of a command is loaded when it is run.

import { type Command, IMAGES, REGISTRIES, SELECTION } from './command.ts';
import { DOCKERFILE_COMMANDS } from './dockerfile-commands.ts';
import { ENGINE_OPTIONS } from './engine-options.ts';

export const COMMANDS: Readonly<Record<string, Command>> = {
  build: {
    summary: 'make the image, from the lock, without Docker, Poetry or Python',
    usage: 'bivy build [DIRECTORY] [-t NAME]… [-o DESTINATION]… [--engine buildkit [-f FILE]]',
    about: [
      'Reads `pyproject.toml` and `poetry.lock` in DIRECTORY (default: `.`), and writes a container image.',
      'Prints the digest of the image on stdout; the same commit, platform and base give the same one everywhere.',
      '',
      'Destinations: `registry` (where the tags say), `docker`, `oci:DIR`, `oci-archive:FILE`, `docker-archive:FILE`, `dir:DIR`.',
      'Default: `oci:dist/NAME`, after the project. What bivy wrote there before is replaced whole; anything else is refused.',
    ],
    options: {
      tag: {
        type: 'string',
        short: 't',
        multiple: 'each',
        value: 'NAME',
        help: 'name of the image, like `team/app:1.2` (repeatable)',
      },
      output: {
        type: 'string',
        short: 'o',
        multiple: 'each',
        value: 'DESTINATION',
        help: 'where the image goes (repeatable)',
      },
      base: {
        type: 'string',
        value: 'BASE',
        help: '`debian:12`, `debian:13`, any image like `python:3.13-slim`, `oci:DIR`, `oci-archive:FILE`, `docker-archive:FILE`',
      },
      python: { type: 'string', value: 'X.Y', help: 'the Python to use, where the base has several' },
      platform: {
        type: 'string',
        value: 'PLATFORMS',
        help: "like `linux/amd64,linux/arm64`; default: this machine's, on Linux",
      },
      compression: {
        type: 'string',
        value: 'KIND',
        help: '`gzip` (default), or `estargz`: a container starts before its layers are here, where containerd does that',
      },
      push: { type: 'boolean', help: 'the same as `-o registry`: push to where the tags say' },
      'cache-from': {
        type: 'string',
        multiple: 'each',
        value: 'IMAGE',
        help: 'reuse layers of this image too; whoever may push there is trusted with what is in yours (repeatable)',
      },
      'no-reuse': { type: 'boolean', help: 'make every layer here, whatever the registry has' },
      sbom: { type: 'boolean', help: 'attach bills of materials, in SPDX and CycloneDX' },
      provenance: { type: 'boolean', help: 'attach SLSA provenance: what the image was made from' },
      attestations: {
        type: 'string',
        value: 'DIRECTORY',
        help: 'write these documents there too (both kinds, where neither is attached)',
      },
      ...REGISTRIES,
      ...SELECTION,
      refresh: { type: 'boolean', help: 'ask the Debian mirror for newer packages now, not once a day' },
      workers: {
        type: 'string',
        value: 'N',
        help: 'threads that make layers; default: one a core, at most 4',
      },
      ...ENGINE_OPTIONS,
    },
    examples: [
      ['bivy build -t annapurna:1.0.0 -o docker', 'into the Docker engine, sending what it lacks'],
      ['bivy build -o oci:dist/image', 'as an OCI layout, for skopeo, podman, crane or umoci'],
      [
        'bivy build --platform linux/arm64 -o docker-archive:app.tar',
        'for another machine, without emulation',
      ],
      [
        'bivy build --platform linux/amd64,linux/arm64 -t registry.example/team/app:1.0 --push',
        'for two platforms, sending what the registry lacks',
      ],
      [
        'bivy build --engine buildkit -f Dockerfile -t app:1.0 -o docker',
        'a Dockerfile, with the BuildKit, Docker or podman that is here',
      ],
    ],
    positionals: 1,
    load: async () => (await import('./build.ts')).runBuild,
  },
  plan: {
    summary: 'say which packages and files the image would hold, and why',
    usage: 'bivy plan [DIRECTORY]',
    about: [
      'Selects packages and files as Poetry would for the target, and touches no image.',
      'Exit status 1: something could not be built, for example a package without a wheel for the target.',
    ],
    options: {
      python: { type: 'string', value: 'X.Y.Z', help: 'Python of the target; default: that of the base' },
      platform: {
        type: 'string',
        value: 'PLATFORM',
        help: "like `linux/arm64`; default: this machine's, on Linux",
      },
      libc: { type: 'string', value: 'LIBC', help: '`glibc:2.36` or `musl:1.2`; default: that of the base' },
      base: { type: 'string', value: 'BASE', help: 'the base whose Python and libc to plan for' },
      ...SELECTION,
      'allow-stale': { type: 'boolean', help: 'plan a lock that does not match `pyproject.toml`' },
    },
    examples: [
      ['bivy plan', 'a line for each package: version, file, who asked for it'],
      [
        'bivy plan --json --platform linux/arm64 --python 3.12.8 --libc musl:1.2',
        'for scripts, for another target',
      ],
    ],
    positionals: 1,
    load: async () => (await import('./plan.ts')).runPlan,
  },
  pin: {
    summary: 'write down what images are built on, and keep builds to it',
    usage: 'bivy pin [DIRECTORY] [--update] [--layers]',
    about: [
      'Writes `bivy.lock` beside `pyproject.toml`: the digest of each base and platform, or the Debian packages of a',
      'composed one with their hashes. Commit it: builds take what it says, and refuse what disagrees with it.',
      'What is pinned stays as it is; what is missing is added.',
    ],
    options: {
      update: { type: 'boolean', help: 'take what there is now instead, and say what changed' },
      layers: {
        type: 'boolean',
        help: "build, and pin each layer but the project's own: no other is reused then, from whatever registry",
      },
      ...IMAGES,
    },
    examples: [
      ['bivy pin', 'the base as it is today'],
      ['bivy pin --update', 'security updates, package by package'],
    ],
    positionals: 1,
    load: async () => (await import('./pin.ts')).runPin,
  },
  verify: {
    summary: 'make an image again from its sources, and say whether it is the same',
    usage: 'bivy verify IMAGE [DIRECTORY]',
    about: [
      'Makes every layer anew from the project in DIRECTORY (default: `.`) and compares to the byte: IMAGE is a name in a',
      'registry, `oci:DIR[:TAG]`, `oci-archive:FILE` or `docker-archive:FILE`. Each of its platforms that the settings ask',
      'for is compared; all of them where they ask for none. Exit status 1: it differs; the first layer, file, field and',
      'byte are named. A composed base is made of the packages that `bivy.lock` pins, else of those of today.',
    ],
    options: { ...IMAGES },
    examples: [
      ['bivy verify registry.example/team/app:1.0', 'that what is deployed was made of this commit'],
      ['bivy verify oci:dist/app --json', 'for scripts'],
    ],
    positionals: 2,
    load: async () => (await import('./verify.ts')).runVerify,
  },
  ...DOCKERFILE_COMMANDS,
  cache: {
    summary: 'look at the cache of wheels and layers, or empty it',
    usage: 'bivy cache size | prune | clear',
    about: [
      '`size` says what it takes; `prune` removes what no build used for 30 days; `clear` removes everything.',
      'The cache is in `BIVY_CACHE_DIR`, else `$XDG_CACHE_HOME/bivy`, else `~/.cache/bivy`. Whatever is removed is made again when needed.',
    ],
    options: {},
    examples: [['bivy cache size', 'how many files and bytes, by kind']],
    positionals: 1,
    load: async () => (await import('./cache.ts')).runCache,
  },
};
