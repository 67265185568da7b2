// `bivy dockerfile`: the project's facts, the texts, and writing or comparing them.

import { join, relative, resolve } from 'node:path';
import type { ProjectFacts, Rung } from '../dockerfile/facts.ts';
import { generateBake } from '../dockerfile/write/bake.ts';
import { generateCompose } from '../dockerfile/write/compose.ts';
import { dockerfileLines } from '../dockerfile/write/dockerfile.ts';
import { generateDockerignore } from '../dockerfile/write/dockerignore.ts';
import { explainedText, type Line, plainText } from '../dockerfile/write/line.ts';
import { BivyError } from '../kernel/errors.ts';
import { decodeInputs } from './decoded.ts';
import { type FactsRequest, gatherFacts } from './dockerfile-facts.ts';
import { type Difference, differences, type GeneratedFile, writeFiles } from './dockerfile-files.ts';
import { findProjects } from './dockerfile-projects.ts';
import { type InputRequest, inProject, readInputs } from './inputs.ts';

export interface DockerfileRequest extends InputRequest, FactsRequest {
  /** Absent: the best. */
  readonly rung?: Rung;
  readonly write?: boolean;
  /** Write over files that are not bivy's too. */
  readonly force?: boolean;
  /** Compare with what is there, and write nothing. */
  readonly check?: boolean;
  /** A bake file too; for every project below the directory. */
  readonly bake?: boolean;
  /** A Compose file too. */
  readonly compose?: boolean;
}

/** What a build of the Dockerfile needs to be told. */
export interface BuildNeeds {
  /** From the project's directory to the build context, and from there to the Dockerfile. */
  readonly context: string;
  readonly dockerfile: string;
  /** Identifiers of the secrets that it can take: variables that Poetry reads. */
  readonly secrets: readonly string[];
  /** It asks the ssh agent of whoever builds. */
  readonly ssh: boolean;
}

export interface DockerfileResult {
  readonly dockerfile: string;
  readonly dockerignore: string;
  /** The Dockerfile, each line with its reason. */
  readonly lines: readonly Line[];
  /** The Dockerfile with those reasons as comments. */
  readonly explained: string;
  /** All that `write` writes, relative to the directory: of other projects too where a bake file was asked for. */
  readonly files: readonly GeneratedFile[];
  readonly build: BuildNeeds;
  /** What the user should know, a sentence each. */
  readonly notes: readonly string[];
  /** Paths that were written, relative to the directory. */
  readonly written: readonly string[];
  /** With `check`: what is not as it would be written. */
  readonly drift: readonly Difference[];
}

/** @throws BivyError `DOCKERFILE_NOT_OURS` where `write` would go over somebody's file; nothing is written then */
export async function makeDockerfile(request: DockerfileRequest): Promise<DockerfileResult> {
  const { directory, write = false, check = false, force = false } = request;
  if (write && check) {
    throw new BivyError('USAGE', '`--write` and `--check` exclude each other', {
      hint: '`--check` says what `--write` would change',
    });
  }
  const made = request.bake === true ? await makeBake(request) : await makeOne(request);
  const result = { ...made, written: [], drift: [] };
  if (check) return { ...result, drift: differences(directory, made.files) };
  return write ? { ...result, written: writeFiles(directory, made.files, force) } : result;
}

type Made = Omit<DockerfileResult, 'written' | 'drift'>;

async function makeOne(request: DockerfileRequest): Promise<Made> {
  return (await generate(request, request.directory)).made;
}

interface Generated {
  readonly made: Made;
  readonly facts: ProjectFacts;
}

function generate(request: DockerfileRequest, directory: string): Promise<Generated> {
  return inProject(directory, async () => {
    const inputs = readInputs({ ...request, directory });
    const { facts, notes } = await gatherFacts(request, await decodeInputs(inputs), inputs);
    const rung = request.rung ?? 'best';
    const lines = dockerfileLines(facts, rung);
    const [dockerfile, dockerignore] = [plainText(lines), generateDockerignore(facts, rung)];
    const context = facts.path === '' ? '.' : facts.path.replace(/[^/]+/g, '..');
    const files = [
      { path: 'Dockerfile', text: dockerfile },
      // Beside a context that is not the project's own directory, the file is looked for under the Dockerfile's name.
      { path: facts.path === '' ? '.dockerignore' : 'Dockerfile.dockerignore', text: dockerignore },
      ...(request.compose === true ? [{ path: 'compose.yaml', text: generateCompose(facts, context) }] : []),
    ];
    const secrets = facts.privateSources.flatMap(({ variable }) => [
      `${variable}_USERNAME`,
      `${variable}_PASSWORD`,
    ]);
    const build = {
      context,
      dockerfile: facts.path === '' ? 'Dockerfile' : `${facts.path}/Dockerfile`,
      secrets,
      ssh: facts.ssh,
    };
    return {
      facts,
      made: { dockerfile, dockerignore, lines, explained: explainedText(lines), files, build, notes },
    };
  });
}

/** Every project below the directory, with its files, and the bake file over them all. */
async function makeBake(request: DockerfileRequest): Promise<Made> {
  const { directory } = request;
  const notes: string[] = [];
  const all: (Generated & { readonly place: string })[] = [];
  const places = findProjects(directory);
  for (const place of places) {
    try {
      all.push({ ...(await generate(request, join(directory, place))), place });
    } catch (error) {
      // A library, which nobody starts: others build it in. Alone, it is what was asked for.
      if (!(error instanceof BivyError) || error.code !== 'ENTRYPOINT_UNKNOWN' || places.length === 1)
        throw error;
      notes.push(`\`${place === '' ? '.' : place}\` is left out: nothing in it says how it is started`);
    }
  }
  const [first] = all;
  if (first === undefined) {
    throw new BivyError(
      'PROJECT_MISSING',
      `there is no Poetry project in or below \`${directory}\` that an image could be made of`,
      {
        hint: 'name a directory that has projects with `pyproject.toml` and `poetry.lock`',
        location: { file: directory },
      },
    );
  }
  const root = resolve(directory);
  const bake = generateBake(
    all.map(({ facts, made, place }) => ({
      facts,
      context: relative(root, resolve(root, place, made.build.context)).replaceAll('\\', '/') || '.',
    })),
  );
  const single = all.length === 1 && first.place === '';
  return {
    ...first.made,
    notes: [
      ...notes,
      ...all.flatMap(({ made, place }) =>
        made.notes.map((note) => (single ? note : `${place || '.'}: ${note}`)),
      ),
    ],
    files: [
      ...all.flatMap(({ made, place }) =>
        made.files.map((file) => ({ ...file, path: join(place, file.path) })),
      ),
      { path: 'docker-bake.hcl', text: bake },
    ],
  };
}
