// What stands below the application: the base, and everything that is prepared above it. Where nothing is remembered,
// the index is asked while the base is read.

import type { Context } from '../kernel/context.ts';
import { keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BasePython } from '../oci/facts.ts';
import { choosePython, resolveBase } from './base.ts';
import type { HeadStart } from './head-start.ts';
import type { ImageRequest } from './image.ts';
import { findKnownBase } from './known-bases.ts';
import { type Preparation, type PrepareOptions, prepare } from './prepare.ts';
import type { ResolvedBase } from './resolved-base.ts';
import type { Workbench } from './workbench.ts';

export interface Foundation {
  readonly base: ResolvedBase;
  readonly python: BasePython;
  /** By which it was prepared. */
  readonly options: PrepareOptions;
  readonly preparation: Preparation;
}

export async function layFoundation(
  request: ImageRequest,
  reference: string,
  platform: string,
  bench: Workbench,
  context: Context,
): Promise<Foundation> {
  const { inputs, decode } = bench;
  const { settings } = await decode();
  const key = keyOf({ identity: inputs.identity, reference, platform });
  const isFamiliar = context.cache.readRecord<boolean>('familiar', key) === true;
  if (isFamiliar) return layOn(request, reference, platform, bench, context, undefined);
  await refuseEarly(reference, platform, bench);
  const { beginWheels } = await import('./head-start.ts');
  const sources = { directory: inputs.directory, environment: request.environment ?? {} };
  const begun = beginWheels(reference, platform, settings, sources, bench, context);
  try {
    const foundation = await layOn(request, reference, platform, bench, context, begun);
    context.cache.writeRecord('familiar', key, true);
    return foundation;
  } finally {
    await begun?.stop();
  }
}

async function layOn(
  request: ImageRequest,
  reference: string,
  platform: string,
  { inputs, decode, plan, pool, registry, reuse, pins, ahead, made }: Workbench,
  context: Context,
  begun: HeadStart | undefined,
): Promise<Foundation> {
  const { settings } = await decode();
  const environment = request.environment ?? {};
  const base = await resolveBase(
    {
      reference,
      platform,
      settings,
      environment,
      refresh: request.refresh === true,
      pool,
      registry,
      ...(reuse === undefined ? {} : { reuse }),
      ...(pins === undefined ? {} : { pins }),
      ...(ahead === undefined ? {} : { ahead }),
    },
    context,
  );
  const python = choosePython(base.name, base.facts.pythons, settings.python);
  const options: PrepareOptions = {
    base,
    python,
    identity: inputs.identity,
    directory: inputs.directory,
    environment,
    decode,
    plan: () => plan({ python: python.version, platform, libc: requireLibc(base) }),
    pool,
    made,
    ...(reuse === undefined ? {} : { reuse }),
    ...(begun === undefined ? {} : { begun }),
  };
  return { base, python, options, preparation: await prepare(options, context) };
}

/** A stale lock or a package without a wheel is said before a base is fetched for it, where the base's Python is known. */
async function refuseEarly(
  reference: string,
  platform: string,
  { decode, plan, sources }: Workbench,
): Promise<void> {
  const own = findKnownBase(reference);
  if (own === undefined) return;
  const { settings, lock } = await decode();
  const { python, libc } = own;
  choosePython(reference, [{ version: python, executable: '', ...majorMinor(python) }], settings.python);
  const { refuseProblems } = await import('./plan.ts');
  const planned = await plan({ python, platform, libc });
  refuseProblems(planned);
  // What is wrong with the project's own files is said before anything is fetched for it, too.
  await sources((await lock()).poetry ?? planned.poetry);
}

function majorMinor(version: string): { readonly major: number; readonly minor: number } {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { major, minor };
}

function requireLibc(base: ResolvedBase): NonNullable<ResolvedBase['facts']['libc']> {
  const { libc } = base.facts;
  if (libc !== undefined) return libc;
  throw new BivyError('BASE_UNSUPPORTED', `the base \`${base.name}\` has no C library that bivy knows`, {
    hint: 'wheels are made for glibc or musl; take a base that has one, for example `debian:12`',
  });
}
