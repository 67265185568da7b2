// What a command is, as data; and options that several of them take.

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

/** What decides which packages an image has. */
export const SELECTION: Options = {
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

export const REGISTRIES: Options = {
  'insecure-registry': {
    type: 'string',
    multiple: 'each',
    value: 'HOST',
    help: 'this registry may be asked over plain HTTP, or with a certificate that nobody signed (repeatable)',
  },
};

/** What decides which images a project has. */
export const IMAGES: Options = {
  base: { type: 'string', value: 'BASE', help: 'as for `bivy build`' },
  python: { type: 'string', value: 'X.Y', help: 'as for `bivy build`' },
  platform: { type: 'string', value: 'PLATFORMS', help: 'as for `bivy build`' },
  compression: { type: 'string', value: 'KIND', help: 'as for `bivy build`' },
  ...SELECTION,
  ...REGISTRIES,
};
