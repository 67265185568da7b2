// What bivy writes passes what bivy judges: every generated Dockerfile parses, and misses no technique.

import { describe, expect, it } from 'vitest';
import type { ProjectFacts, Rung } from '../../src/dockerfile/facts.ts';
import { openInput } from '../../src/dockerfile/lint/input.ts';
import type { LintProject } from '../../src/dockerfile/lint/project.ts';
import { judgeTechniques } from '../../src/dockerfile/lint/techniques.ts';
import { parseDockerfile } from '../../src/dockerfile/syntax/parse.ts';
import { dockerfileLines } from '../../src/dockerfile/write/dockerfile.ts';
import { explainedText, plainText } from '../../src/dockerfile/write/line.ts';
import { facts } from '../dockerfile/write/facts.ts';

const PRIVATE = { name: 'acme', variable: 'POETRY_HTTP_BASIC_ACME' };
const LIBRARY = { name: 'lib', path: 'libs/lib', directory: true, develop: true };

/** By what is special. */
const SHAPES: Readonly<Record<string, Parameters<typeof facts>[0]>> = {
  'a package': {},
  'no package': { packageMode: false },
  'no package, before that could be said': { packageMode: false, saysNoRoot: true },
  'groups and extras': { selection: { only: [], with: ['web'], without: ['dev'] }, extras: ['a', 'b c'] },
  'all extras': { allExtras: true },
  'a library beside it': { paths: [LIBRARY] },
  'a library outside': { path: 'services/hut', paths: [{ ...LIBRARY, path: '../../libs/lib' }] },
  'private sources': { privateSources: [PRIVATE] },
  'an ssh agent': { ssh: true, bases: { buildPackages: ['git', 'openssh-client'] } },
  'a build script': { buildScript: true, privateSources: [PRIVATE] },
  'no byte code': { byteCode: false },
  Alpine: {
    bases: { family: 'alpine', runtime: 'python:3.11.14-alpine3.22', builder: 'python:3.11.14-alpine3.22' },
  },
  'a version of Git': { poetry: { dynamicVersion: true } },
  settings: {
    image: {
      env: new Map([['A', 'b "c" $d']]),
      labels: new Map([['x y', 'z']]),
      healthcheck: { test: ['CMD-SHELL', 'curl -f "$URL" || exit 1'], interval: 30e9 },
      volumes: ['/data'],
      writable: ['/app/a b'],
      init: true,
      stopsignal: 'SIGQUIT',
      packages: ['libpq5'],
    },
  },
};

const POETRIES = ['1.0.10', '1.1.15', '1.2.2', '1.4.2', '1.5.1', '1.8.5', '2.1.4', '2.5.1'];
const RUNGS: readonly Rung[] = [0, 1, 2, 3, 4, 5, 'best'];

function shape(name: string, poetry: string): ProjectFacts {
  const change = SHAPES[name] ?? {};
  return facts({ ...change, poetry: { version: poetry, ...change.poetry } });
}

/** What a linter knows of the project: that copies before the install are dependencies. */
function beside({ path, paths, name, packageMode, manifests }: ProjectFacts): LintProject {
  return {
    file: 'pyproject.toml',
    path,
    name,
    packageMode,
    python: '^3.11',
    requiresPoetry: undefined,
    requiredPlugins: [],
    buildBackend: 'poetry.core.masonry.api',
    buildScript: undefined,
    lock: undefined,
    groups: [],
    extras: [],
    readmes: [],
    packages: ['annapurna'],
    paths: paths.map(({ path: at, name: of, develop }) => ({ name: of, path: at, group: 'main', develop })),
    sources: [],
    scripts: [],
    command: undefined,
    poetryToml: new Map(),
    ignore: undefined,
    contextFiles: [],
    files: [...manifests],
  };
}

const cases = Object.keys(SHAPES).flatMap((name) => POETRIES.map((poetry) => [name, poetry] as const));

describe.each(cases)('%s by Poetry %s', (name, poetry) => {
  it('parses on every rung, with its reasons too', () => {
    for (const rung of RUNGS) {
      const lines = dockerfileLines(shape(name, poetry), rung);
      expect(parseDockerfile(plainText(lines)).problems).toEqual([]);
      expect(parseDockerfile(explainedText(lines)).problems).toEqual([]);
    }
  });

  it('misses no technique', () => {
    const text = plainText(dockerfileLines(shape(name, poetry), 'best'));
    const verdicts = judgeTechniques(openInput(text, 'Dockerfile', beside(shape(name, poetry))));
    expect(Object.entries(verdicts).filter(([, verdict]) => verdict === 'missed')).toEqual([]);
  });
});

it('parses where `env` gives a login to a variable with a dot', () => {
  const given = facts({
    privateSources: [{ ...PRIVATE, dotted: 'POETRY_HTTP_BASIC_AC.ME' }],
    poetry: { version: '2.4.1' },
  });
  for (const rung of RUNGS) {
    const text = plainText(dockerfileLines(given, rung));
    expect(parseDockerfile(text).problems).toEqual([]);
    expect(text).toContain('env "POETRY_HTTP_BASIC_AC.ME_USERNAME=$(cat ');
  }
});
