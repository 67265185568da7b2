// Facts of a project as tests vary them: annapurna's, the article's example.

import type { ProjectFacts } from '../../../src/dockerfile/facts.ts';

export const ANNAPURNA: ProjectFacts = {
  name: 'annapurna',
  version: '1.0.0',
  poetry: {
    version: '1.4.2',
    why: 'wrote poetry.lock',
    plugins: [],
    newestFails: undefined,
    dynamicVersion: false,
  },
  python: '3.11',
  bases: {
    runtime: 'python:3.11.14-slim-bookworm',
    builder: 'python:3.11.14-slim-bookworm',
    fat: 'python:3.11.14-bookworm',
    family: 'debian',
    buildPackages: [],
    buildReasons: [],
  },
  path: '',
  manifests: ['pyproject.toml', 'poetry.lock'],
  packageMode: true,
  saysNoRoot: false,
  buildScript: false,
  sources: [{ path: 'annapurna', directory: true, installed: 'annapurna' }],
  included: [],
  readmes: ['README.md'],
  licences: [],
  extras: [],
  allExtras: false,
  selection: { only: [], with: [], without: [] },
  development: ['dev'],
  paths: [],
  privateSources: [],
  ssh: false,
  byteCode: true,
  platforms: [],
  image: {
    workdir: undefined,
    user: '65532:65532',
    env: new Map(),
    labels: new Map(),
    expose: [],
    volumes: [],
    writable: [],
    stopsignal: undefined,
    healthcheck: undefined,
    init: false,
    entrypoint: [],
    cmd: ['python', '-m', 'annapurna.main'],
    packages: [],
  },
};

/** Annapurna, but for what is named. */
export function facts(
  change: Partial<Omit<ProjectFacts, 'image' | 'poetry' | 'bases'>> & {
    readonly image?: Partial<ProjectFacts['image']>;
    readonly poetry?: Partial<ProjectFacts['poetry']>;
    readonly bases?: Partial<ProjectFacts['bases']>;
  } = {},
): ProjectFacts {
  return {
    ...ANNAPURNA,
    ...change,
    image: { ...ANNAPURNA.image, ...change.image },
    poetry: { ...ANNAPURNA.poetry, ...change.poetry },
    bases: { ...ANNAPURNA.bases, ...change.bases },
  };
}
