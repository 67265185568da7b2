// What a Dockerfile for a project depends on, gathered from its files: nothing is asked of a network, and nothing is run.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProjectFacts } from '../dockerfile/facts.ts';
import { isBefore } from '../dockerfile/poetry.ts';
import { BivyError } from '../kernel/errors.ts';
import type { InstallPlan } from '../lock/plan.ts';
import { findCommand } from '../project/entrypoint.ts';
import type { FileChoice } from '../project/files.ts';
import type { Settings } from '../project/settings.ts';
import type { Libc, Target } from '../python/target.ts';
import type { Decoded } from './decoded.ts';
import { chooseBases, readBase } from './dockerfile-bases.ts';
import { findPaths } from './dockerfile-paths.ts';
import { poetryFacts, privateSources } from './dockerfile-poetry.ts';
import { findSources, hasModule } from './dockerfile-sources.ts';
import { chooseToolchains, type Toolchain } from './dockerfile-toolchain.ts';
import type { Inputs } from './inputs.ts';
import { planPackages } from './plan.ts';

export interface FactsRequest {
  /** Images instead of the official ones. */
  readonly base?: string;
  readonly builderBase?: string;
  /** False: no byte code in the image. */
  readonly byteCode?: boolean;
}

export interface Gathered {
  readonly facts: ProjectFacts;
  /** What the user should know, a sentence each. */
  readonly notes: readonly string[];
}

/** @throws BivyError what the project, its lock and its settings are refused for, with file and remedy */
export async function gatherFacts(
  request: FactsRequest,
  decoded: Decoded,
  inputs: Inputs,
): Promise<Gathered> {
  const { project, settings } = decoded;
  const { directory, selection } = inputs;
  const lock = await decoded.lock();
  const base = readBase({
    setting: settings.base,
    flag: request.base,
    builder: request.builderBase,
  });
  const python = settings.python ?? base.python;
  const toolchains = chooseToolchains(project, lock, {
    ...(selection.poetry === undefined ? {} : { poetry: selection.poetry }),
    ...(python === undefined ? {} : { python }),
  });
  const { toolchain, plans, note } = await choosePlanned(toolchains, async ({ release }) => {
    const targets = targetsOf(settings, release, base.image);
    return Promise.all(targets.map((target) => planPackages(decoded, inputs, target)));
  });
  const packages = plans.flatMap((plan) => plan.packages);
  const git = packages.filter(({ source }) => source.kind === 'git').map(({ source }) => source.url ?? '');
  const ssh = git.some((url) => /^(?:[a-z+]*ssh:\/\/|[^/@:]+@[^/:]+:)/i.test(url));
  const { bases, run } = chooseBases({
    release: toolchain.release,
    base,
    builder: request.builderBase,
    sdists: namesOf(plans, 'NO_WHEEL'),
    buildScript: project.buildScript !== null,
    git: git.length > 0,
    ssh,
  });
  const { paths, path } = findPaths(directory, project, plans, toolchain.poetry);
  const installs =
    selection.root !== false && project.packageMode && hasModule(directory, project, toolchain.poetry);
  const { choice, ...files } = findSources(directory, project, settings, {
    installs,
    poetry: toolchain.poetry,
  });
  const command = findCommand({
    ...(settings.cmd === undefined ? {} : { cmd: settings.cmd }),
    entrypoint: settings.entrypoint,
    project,
    installed: installs,
    files: [...choice.wheel, ...choice.work],
    read: (source) => readFileSync(join(directory, source), 'utf8'),
  });
  const facts: ProjectFacts = {
    name: project.name ?? 'app',
    version: project.version,
    poetry: poetryFacts(project, lock, toolchain),
    python: toolchain.python,
    bases,
    path,
    manifests: [
      'pyproject.toml',
      'poetry.lock',
      ...(existsSync(join(directory, 'poetry.toml')) ? ['poetry.toml'] : []),
    ],
    packageMode: installs,
    saysNoRoot: !installs && project.packageMode,
    buildScript: project.buildScript !== null,
    ...files,
    extras: settings.extras,
    allExtras: settings.allExtras && !isBefore(toolchain.poetry, 1, 2),
    ...(settings.allExtras && isBefore(toolchain.poetry, 1, 2) ? { extras: [...project.extras.keys()] } : {}),
    selection: { only: settings.only, with: settings.with, without: settings.without },
    development: project.groups
      .filter(({ name, optional }) => name !== 'main' && !optional)
      .map(({ spelling }) => spelling),
    paths,
    privateSources: privateSources(project, packages, toolchain.poetry),
    ssh,
    byteCode: request.byteCode !== false,
    platforms: settings.platforms,
    image: {
      workdir: settings.workdir === '/app' ? undefined : settings.workdir,
      user: settings.user ?? '65532:65532',
      env: settings.env,
      labels: settings.labels,
      expose: settings.expose.map((port) => port.replace(/\/tcp$/, '')),
      volumes: settings.volumes,
      writable: settings.writable,
      stopsignal: settings.stopsignal,
      healthcheck: settings.healthcheck,
      init: settings.init,
      entrypoint: settings.entrypoint,
      cmd: command.cmd,
      packages: [...new Set([...settings.packages, ...run])],
    },
  };
  const known = [base.note, note].filter((each) => each !== undefined);
  return { facts, notes: notesOf(facts, known, choice) };
}

function notesOf(
  { poetry, bases, packageMode, saysNoRoot }: ProjectFacts,
  known: readonly string[],
  { warnings }: FileChoice,
): readonly string[] {
  return [
    ...known,
    ...(poetry.why.startsWith('wrote') ? [] : [`Poetry ${poetry.version} ${poetry.why}`]),
    ...bases.buildReasons,
    ...(poetry.dynamicVersion
      ? ['the version comes from Git, which no build context holds: pass it with `--build-arg VERSION=…`']
      : []),
    ...(!packageMode && saysNoRoot ? ['the project itself is not installed: its code is copied'] : []),
    ...warnings.filter((warning) => !warning.includes('README')),
  ];
}

interface Planned {
  readonly toolchain: Toolchain;
  readonly plans: readonly InstallPlan[];
  /** Why it is not the first that would do. */
  readonly note?: string;
}

/** The first for which nothing must be built, else for which least must: what is locked may have no wheels for a later Python. */
async function choosePlanned(
  toolchains: readonly Toolchain[],
  plan: (toolchain: Toolchain) => Promise<readonly InstallPlan[]>,
): Promise<Planned> {
  let best: (Planned & { readonly built: readonly string[] }) | undefined;
  let first: readonly string[] = [];
  let refusal: unknown;
  for (const toolchain of toolchains) {
    try {
      const plans = await plan(toolchain);
      const built = namesOf(plans, 'NO_WHEEL');
      if (toolchain === toolchains[0]) first = built;
      if (best === undefined || built.length < best.built.length) best = { toolchain, plans, built };
      if (built.length === 0) break;
    } catch (error) {
      if (!(error instanceof BivyError)) throw error;
      refusal ??= error;
    }
  }
  if (best === undefined) throw refusal;
  const { built, ...chosen } = best;
  const gained = first.filter((name) => !built.includes(name));
  return gained.length === 0
    ? chosen
    : {
        ...chosen,
        note: `Python ${chosen.toolchain.python} is the one that has wheels for most of the lock: on ${toolchains[0]?.python ?? ''}, ${gained.join(', ')} would be built from source`,
      };
}

function namesOf(plans: readonly InstallPlan[], code: string): readonly string[] {
  const problems = plans.flatMap((plan) => plan.problems).filter((problem) => problem.code === code);
  return [...new Set(problems.map((problem) => problem.package))].sort();
}

/** One for each platform; musl for Alpine. */
function targetsOf(settings: Settings, python: string, image: string | undefined): readonly Target[] {
  const libc: Libc =
    image !== undefined && /alpine/.test(image)
      ? { family: 'musl', major: 1, minor: 2 }
      : { family: 'glibc', major: 2, minor: 36 };
  const platforms = settings.platforms.length === 0 ? ['linux/amd64'] : settings.platforms;
  const full = python.split('.').length === 2 ? `${python}.0` : python;
  return platforms.map((platform) => ({ python: full, platform, libc }));
}
