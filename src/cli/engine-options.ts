// The options of `bivy build` that are for Dockerfiles, built by an engine.

import type { Options } from './options.ts';

export const ENGINE_OPTIONS: Options = {
  engine: {
    type: 'string',
    value: 'ENGINE',
    help: '`native` (default), or `buildkit`: build the Dockerfile with what is here; `buildkit:NAME`: docs/buildkit.md',
  },
  file: {
    type: 'string',
    short: 'f',
    value: 'FILE',
    help: 'buildkit: this Dockerfile; default: the one that `bivy dockerfile` writes',
  },
  'builder-base': { type: 'string', value: 'BASE', help: 'buildkit: what the stages that build start from' },
  builder: {
    type: 'string',
    value: 'NAME',
    help: "buildkit: a builder of buildx's, or the address of a buildkitd",
  },
  target: { type: 'string', value: 'STAGE', help: 'buildkit: the stage that ships' },
  'build-arg': {
    type: 'string',
    multiple: 'each',
    value: 'NAME=VALUE',
    help: 'buildkit: an ARG (repeatable)',
  },
  secret: {
    type: 'string',
    multiple: 'each',
    value: 'SECRET',
    help: 'buildkit: `id=NAME,src=FILE` or `id=NAME,env=VARIABLE` (repeatable)',
  },
  ssh: {
    type: 'string',
    multiple: 'each',
    value: 'AGENT',
    help: 'buildkit: `default`, or `ID=SOCKET` (repeatable)',
  },
  'cache-to': {
    type: 'string',
    multiple: 'each',
    value: 'CACHE',
    help: 'buildkit: where its cache is written, like `type=registry,ref=IMAGE` (repeatable)',
  },
  'no-cache': { type: 'boolean', help: 'buildkit: run every step anew' },
  pull: { type: 'boolean', help: 'buildkit: ask registries for newer bases' },
  network: {
    type: 'string',
    value: 'MODE',
    help: 'buildkit: of the steps that run: `default`, `none`, `host`',
  },
};
