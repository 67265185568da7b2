// The plan of a build, and the use case of `bivy plan`: which packages and files, for which target, and why.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { InstallPlan } from '../lock/plan.ts';
import { planInstall } from '../lock/plan-install.ts';
import { parseLibc } from '../python/environment.ts';
import type { Libc, Target } from '../python/target.ts';
import { choosePython, resolveBase } from './base.ts';
import { findBase } from './chosen-base.ts';
import { type Decoded, decodeInputs, openPins, warnOfIgnored } from './decoded.ts';
import { type InputRequest, type Inputs, inProject, readInputs } from './inputs.ts';
import { findKnownBase } from './known-bases.ts';
import { openRegistry } from './registries.ts';
import { choosePlatforms } from './target.ts';

/** The plan as the flags and settings select it. @throws BivyError what Poetry would refuse, and a stale lock */
export async function planPackages(
  { project, settings, lock }: Decoded,
  { selection }: Inputs,
  target: Target,
  allowStale = false,
): Promise<InstallPlan> {
  return planInstall(project, await lock(), target, {
    only: settings.only,
    with: settings.with,
    without: settings.without,
    extras: settings.extras,
    allExtras: settings.allExtras,
    defaultGroups: selection.defaultGroups === true,
    allGroups: selection.allGroups === true,
    root: selection.root !== false,
    allowStale,
    ...(selection.poetry === undefined ? {} : { poetry: selection.poetry }),
    ...(selection.mode === undefined ? {} : { mode: selection.mode }),
  });
}

export interface PlanRequest extends InputRequest {
  /** `3.11.11`; absent: the base's. */
  readonly python?: string;
  /** `glibc:2.36`; absent: the base's. */
  readonly libc?: string;
  readonly allowStale?: boolean;
}

/** Of `debian:12`: for a target of which only the Python is said. */
const USUAL_LIBC: Libc = { family: 'glibc', major: 2, minor: 36 };

/** A target needs no base where Python and libc are said, and none that is here where the base is one of bivy's own. */
export function planProject(request: PlanRequest, context: Context): Promise<InstallPlan> {
  return inProject(request.directory, () => planTarget(request, context));
}

async function planTarget(request: PlanRequest, context: Context): Promise<InstallPlan> {
  const inputs = readInputs(request);
  const decoded = await decodeInputs(inputs);
  await warnOfIgnored(decoded, inputs, context.emit);
  return planPackages(
    decoded,
    inputs,
    await chooseTarget(request, inputs, decoded, context),
    request.allowStale === true,
  );
}

async function chooseTarget(
  request: PlanRequest,
  inputs: Inputs,
  decoded: Decoded,
  context: Context,
): Promise<Target> {
  const { settings } = decoded;
  const platforms = choosePlatforms(settings);
  const [platform = ''] = platforms;
  if (platforms.length > 1) {
    context.emit({
      type: 'note',
      message: `planned for ${platform}; \`--platform\` names another of ${platforms.join(', ')}`,
    });
  }
  const { python } = request;
  const libc = request.libc === undefined ? undefined : parseLibc(request.libc);
  if (python !== undefined && (libc !== undefined || settings.base === undefined)) {
    return { python, platform, libc: libc ?? USUAL_LIBC };
  }
  const { reference } = await findBase(
    platforms,
    {
      inputs,
      decode: async () => decoded,
      plan: (target) => planPackages(decoded, inputs, target, request.allowStale === true),
    },
    context,
  );
  const own = findKnownBase(reference);
  if (own !== undefined) return { python: python ?? own.python, platform, libc: libc ?? own.libc };
  const pins = await openPins(inputs, settings);
  const base = await resolveBase(
    {
      reference,
      platform,
      settings,
      environment: request.environment ?? {},
      refresh: false,
      pool: () => Promise.reject(new Error('an image needs no layer to be made')),
      registry: () => openRegistry(request, settings, [], context),
      ...(pins === undefined ? {} : { pins }),
    },
    context,
  );
  const found = libc ?? base.facts.libc ?? USUAL_LIBC;
  return {
    python: python ?? choosePython(base.name, base.facts.pythons, settings.python).version,
    platform,
    libc: found,
  };
}

/** @throws BivyError `NO_WHEEL` (or the only code there is) with all packages that cannot be installed */
export function refuseProblems(plan: InstallPlan): void {
  const [first] = plan.problems;
  if (first === undefined) return;
  const { python, platform, libc } = plan.target;
  const target = `python ${python} on ${platform} with ${libc.family} ${libc.major}.${libc.minor}`;
  const count = plan.problems.length;
  const code = plan.problems.every((problem) => problem.code === 'SOURCE_UNSUPPORTED')
    ? 'SOURCE_UNSUPPORTED'
    : 'NO_WHEEL';
  throw new BivyError(code, `${count} package${count === 1 ? '' : 's'} cannot be installed for ${target}`, {
    causes: plan.problems.map((problem) => problem.message),
    hint: first.hint,
    location: { file: 'poetry.lock' },
  });
}
