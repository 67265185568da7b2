// The commands as data: what each is called, takes and prints. The code of a command is loaded when it is run.

import { ENGINE_OPTIONS } from './engine-options.ts';
import type { Io } from './io.ts';
import type { Options, Parsed } from './options.ts';

export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly about: readonly string[];
  readonly options: Options;
  readonly examples: readonly (readonly [string, string])[];
  readonly positionals: number;
  load(): Promise<(parsed: Parsed, io: Io) => Promise<number>>;
}

const SELECTION: Options = {
  only: { type: 'string', multiple: 'list', value: 'GROUPS', help: 'these dependency groups alone' },
  with: {
    type: 'string',
    multiple: 'list',
    value: 'GROUPS',
    help: "Poetry's default groups, and these optional ones",
  },
  without: {
    type: 'string',
    multiple: 'list',
    value: 'GROUPS',
    help: "Poetry's default groups, except these",
  },
  'default-groups': {
    type: 'boolean',
    help: 'what plain `poetry install` takes: every group that is not optional',
  },
  'all-groups': { type: 'boolean', help: 'every group' },
  extras: {
    type: 'string',
    short: 'E',
    multiple: 'list',
    value: 'EXTRAS',
    help: "the project's extras to add",
  },
  'all-extras': { type: 'boolean', help: 'every extra' },
  'no-root': { type: 'boolean', help: 'leave the project itself out' },
  poetry: {
    type: 'string',
    value: 'VERSION',
    help: 'follow this Poetry; default: the one that wrote the lock',
  },
  mode: { type: 'string', value: 'MODE', help: '`lock-markers` or `walk`; default: as that Poetry decides' },
  offline: { type: 'boolean', help: 'ask nothing of any network' },
};

/** Of these, what the Poetry in a Dockerfile knows as well. */
const DOCKERFILE_SELECTION: Options = Object.fromEntries(
  ['only', 'with', 'without', 'extras', 'all-extras', 'no-root', 'poetry'].flatMap((name) => {
    const option = SELECTION[name];
    return option === undefined ? [] : [[name, option]];
  }),
);

const REGISTRIES: Options = {
  'insecure-registry': {
    type: 'string',
    multiple: 'each',
    value: 'HOST',
    help: 'this registry may be asked over plain HTTP, or with a certificate that nobody signed (repeatable)',
  },
};

/** What decides which images a project has. */
const IMAGES: Options = {
  base: { type: 'string', value: 'BASE', help: 'as for `bivy build`' },
  python: { type: 'string', value: 'X.Y', help: 'as for `bivy build`' },
  platform: { type: 'string', value: 'PLATFORMS', help: 'as for `bivy build`' },
  compression: { type: 'string', value: 'KIND', help: 'as for `bivy build`' },
  ...SELECTION,
  ...REGISTRIES,
};

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
  dockerfile: {
    summary: 'write the Dockerfile that an expert would write for this project',
    usage: 'bivy dockerfile [DIRECTORY] [--write | --check | --explain] [--rung 0..5] [--bake] [--compose]',
    about: [
      'Prints the Dockerfile for the project in DIRECTORY (default: `.`) and for the Poetry that wrote its lock.',
      '`--write` writes it and what belongs to it, all or nothing, and never over a file that is not bivy’s.',
      'Exit status 1: with `--check`, what is there is not what would be written; stdout has the difference.',
    ],
    options: {
      write: { type: 'boolean', help: 'write `Dockerfile` and `.dockerignore` into DIRECTORY' },
      force: { type: 'boolean', help: 'with `--write`: over files that are not bivy’s too' },
      check: { type: 'boolean', help: 'compare with what is there, and write nothing' },
      explain: { type: 'boolean', help: 'print it with the reason of each line' },
      rung: {
        type: 'string',
        value: '0..5',
        help: 'a rung of the climb: 0 naive, 1 pinned, 2 clean, 3 deps first, 4 multi-stage, 5 cache mounts',
      },
      bake: {
        type: 'boolean',
        help: '`docker-bake.hcl` too, for this project and every other one below DIRECTORY',
      },
      compose: { type: 'boolean', help: '`compose.yaml` too, with `watch`' },
      base: {
        type: 'string',
        value: 'IMAGE',
        help: 'what the image stands on; default: `python:X.Y.Z-slim-bookworm`',
      },
      'builder-base': {
        type: 'string',
        value: 'IMAGE',
        help: 'what the builder stands on, taken as it is; the same Python at the same path',
      },
      python: {
        type: 'string',
        value: 'X.Y',
        help: 'default: the oldest maintained one that the project allows',
      },
      platform: { type: 'string', value: 'PLATFORMS', help: 'plan for these, and bake these' },
      'no-byte-code': { type: 'boolean', help: 'a smaller image that starts slower' },
      ...DOCKERFILE_SELECTION,
    },
    examples: [
      ['bivy dockerfile --write && DOCKER_BUILDKIT=1 docker build -t app .', 'the Dockerfile way'],
      ['bivy dockerfile --check', 'in CI: that the file still fits the project'],
      ['bivy dockerfile --explain', 'what each line is for'],
      ['bivy dockerfile --write --bake services', 'every project of a monorepo, and `docker buildx bake`'],
      ['bivy dockerfile --rung 0', 'where everybody starts'],
    ],
    positionals: 1,
    load: async () => (await import('./dockerfile.ts')).runDockerfile,
  },
  lint: {
    summary: 'judge Dockerfiles, with the project beside them, and repair them',
    usage: 'bivy lint [FILE | DIRECTORY | -]…',
    about: [
      'Reads Dockerfiles (default: `Dockerfile` here; those found in a DIRECTORY; `-`: standard input) and the Poetry project beside',
      'each: in the directory of the Dockerfile, or above it up to the repository. Exit status 1: findings as severe as `--fail-on` says.',
      '',
      'Rules are named by id (`BV103`), beginning (`BV1`) or technique (`T3`). A comment silences a rule in the instruction that',
      'it stands before or in: `# bivy ignore=BV103 reason`. docs/lint.md has formats, settings and hooks.',
    ],
    options: {
      fix: { type: 'boolean', help: 'repair what can be repaired without changing what the image is for' },
      'unsafe-fixes': { type: 'boolean', help: 'with `--fix` or `--diff`: also where the image may change' },
      diff: {
        type: 'boolean',
        help: 'print what `--fix` would change, and write nothing; exit status 1: it would',
      },
      select: { type: 'string', multiple: 'list', value: 'RULES', help: 'these rules alone' },
      ignore: { type: 'string', multiple: 'list', value: 'RULES', help: 'not these rules' },
      format: { type: 'string', value: 'FORMAT', help: '`text` (default), `json`, `sarif` or `github`' },
      'fail-on': {
        type: 'string',
        value: 'LEVEL',
        help: '`error`, `warning` (default), `info` or `never`: from where on the exit status is 1',
      },
      project: { type: 'string', value: 'DIRECTORY', help: 'the project that the Dockerfiles are for' },
      'no-project': { type: 'boolean', help: 'judge the Dockerfile alone' },
      explain: { type: 'string', value: 'RULE', help: "print a rule's page" },
      list: { type: 'boolean', help: 'print every rule: technique, severity, fixes, title' },
    },
    examples: [
      ['bivy lint', 'the Dockerfile here'],
      ['bivy lint --diff --unsafe-fixes', 'what bivy would change in it'],
      ['bivy lint --fix services', 'every Dockerfile below a directory, repaired'],
      ['bivy lint --format sarif > bivy.sarif', 'for code scanning'],
    ],
    positionals: Number.POSITIVE_INFINITY,
    load: async () => (await import('./lint.ts')).runLint,
  },
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
