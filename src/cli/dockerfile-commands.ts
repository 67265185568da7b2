// The commands of the Dockerfile way.

import { type Command, SELECTION } from './command.ts';
import type { Options } from './options.ts';

/** Of what selects packages, what the Poetry in a Dockerfile knows as well. */
const DOCKERFILE_SELECTION: Options = Object.fromEntries(
  ['only', 'with', 'without', 'extras', 'all-extras', 'no-root', 'poetry'].flatMap((name) => {
    const option = SELECTION[name];
    return option === undefined ? [] : [[name, option]];
  }),
);

export const DOCKERFILE_COMMANDS: Readonly<Record<'dockerfile' | 'lint', Command>> = {
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
};
