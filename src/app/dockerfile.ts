// `bivy dockerfile`: the project's facts, the text, and writing it where nothing of somebody else's is lost.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateDockerignore } from '../dockerfile/dockerignore.ts';
import { MARKER, type ProjectFacts, type Rung } from '../dockerfile/facts.ts';
import { generateDockerfile } from '../dockerfile/generate.ts';
import { BivyError } from '../kernel/errors.ts';
import { followedPoetry } from '../lock/behaviour.ts';
import type { ProjectFiles } from '../project/files.ts';
import { allows, parseConstraint } from '../python/constraint.ts';
import type { Target } from '../python/target.ts';
import { parseVersion } from '../python/version.ts';
import { type Decoded, decodeInputs } from './decoded.ts';
import { type InputRequest, type Inputs, inProject, readInputs } from './inputs.ts';
import { planPackages } from './plan.ts';
import { readSources } from './sources.ts';

export interface DockerfileRequest extends InputRequest {
  /** Absent: the best. */
  readonly rung?: Rung;
  readonly write?: boolean;
}

export interface DockerfileResult {
  readonly dockerfile: string;
  readonly dockerignore: string;
  /** Paths that were written, relative to the project. */
  readonly written: readonly string[];
}

/** @throws BivyError `DOCKERFILE_NOT_OURS` where `write` would go over somebody's file; nothing is written then */
export function makeDockerfile(request: DockerfileRequest): Promise<DockerfileResult> {
  return inProject(request.directory, () => generate(request));
}

async function generate(request: DockerfileRequest): Promise<DockerfileResult> {
  const inputs = readInputs(request);
  const facts = await gatherFacts(await decodeInputs(inputs), inputs);
  const dockerfile = generateDockerfile(facts, request.rung ?? 'best');
  const dockerignore = generateDockerignore(facts);
  if (request.write !== true) return { dockerfile, dockerignore, written: [] };
  const files = [
    ['Dockerfile', dockerfile],
    ['.dockerignore', dockerignore],
  ] as const;
  for (const [name] of files) refuseForeign(inputs.directory, request.directory, name);
  for (const [name, text] of files) replaceFile(join(inputs.directory, name), text);
  return { dockerfile, dockerignore, written: files.map(([name]) => name) };
}

function refuseForeign(directory: string, spelling: string, name: string): void {
  const path = join(directory, name);
  if (!existsSync(path)) return;
  const [first = ''] = readFileSync(path, 'utf8').split('\n', 1);
  if (first.trimEnd() === MARKER) return;
  throw new BivyError('DOCKERFILE_NOT_OURS', `\`${name}\` is there already, and bivy did not write it`, {
    location: { file: join(spelling, name), line: 1 },
    hint: `move it away first, or print bivy's with \`bivy dockerfile\` and take from it what you like`,
  });
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.bivy-${process.pid}`;
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Minor versions of Python that official images exist for, oldest first. */
const PYTHONS = ['3.9', '3.10', '3.11', '3.12', '3.13', '3.14'] as const;

async function gatherFacts(decoded: Decoded, inputs: Inputs): Promise<ProjectFacts> {
  const { project, settings, lock } = decoded;
  const { directory } = inputs;
  const locked = await lock();
  const poetry = locked.poetry ?? followedPoetry(locked, project);
  const python = choosePython(project.pythonVersions, settings.python, project.file);
  const { files, command } = readSources({ directory, project, settings, poetry, root: true });
  const plan = await planPackages(decoded, inputs, targetOf(python));
  return {
    name: project.name ?? 'app',
    poetry,
    python,
    sources: topsOf(project.packageMode ? files.wheel : files.work),
    included: project.packageMode ? topsOf(files.work) : [],
    packageMode: project.packageMode,
    readmes: project.readme?.kind === 'files' ? project.readme.paths : [],
    licences: files.legal.map(({ source }) => source),
    extras: settings.extras,
    selection: { only: settings.only, with: settings.with, without: settings.without },
    hasDevelopment: project.groups.some(({ name }) => name === 'dev'),
    sdists: plan.problems.filter(({ code }) => code === 'NO_WHEEL').map((problem) => problem.package),
    command: [...settings.entrypoint, ...command.cmd],
    expose: settings.expose.map((port) => port.replace(/\/tcp$/, '')),
  };
}

/** What to COPY: the directory of a package where the package stands at the top or under `src`, else the file. */
function topsOf(files: ProjectFiles['wheel']): string[] {
  const tops = files.map(({ source }) => {
    const parts = source.split('/');
    return parts[0] === 'src' && parts.length > 2 ? parts.slice(0, 2).join('/') : (parts[0] ?? source);
  });
  return [...new Set(tops)].sort();
}

function targetOf(python: string): Target {
  return { python: `${python}.0`, platform: 'linux/amd64', libc: { family: 'glibc', major: 2, minor: 36 } };
}

/** The setting, else the oldest that the project allows: what it was written for. */
function choosePython(constraint: string, asked: string | undefined, file: string): string {
  if (asked !== undefined) return asked.split('.').slice(0, 2).join('.');
  const allowed = parseConstraint(constraint);
  const found = PYTHONS.find((minor) => {
    // Any patch release will do: `>=3.11.4` is served by the official image of 3.11.
    const version = parseVersion(`${minor}.99`);
    const first = parseVersion(`${minor}.0`);
    return (
      version !== undefined && first !== undefined && (allows(allowed, version) || allows(allowed, first))
    );
  });
  if (found !== undefined) return found;
  throw new BivyError('PYTHON_UNSUPPORTED', `the project asks for Python \`${constraint}\``, {
    location: { file },
    hint: `official images exist for Python ${PYTHONS.join(', ')}; set \`python\` in \`[tool.bivy]\``,
  });
}
