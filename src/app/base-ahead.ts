// A base asked for while earlier images are still read: two registries, or a registry and a mirror, answer at once. What
// comes of it is found by whoever opens the base; what fails, fails there.

import type { DebianRequest } from '../debian/request.ts';
import type { Context } from '../kernel/context.ts';
import { isOfThisDisk } from './base.ts';
import { debianRequest } from './debian-request.ts';
import { findDebianBase } from './known-bases.ts';
import type { BaseAhead } from './resolved-base.ts';
import { choosePlatforms } from './target.ts';
import type { Workbench } from './workbench.ts';

export interface AskedAhead extends BaseAhead {
  /** Resolves when nothing of it is under way any more; what nobody wants by then is ended. */
  stop(): Promise<unknown>;
}

/** @returns nothing where there is nothing to ask, or it is not known yet which base it will be */
export async function askAhead(
  {
    refresh = false,
    environment = {},
  }: { readonly refresh?: boolean; readonly environment?: NodeJS.ProcessEnv },
  { decode, registry, pins }: Pick<Workbench, 'decode' | 'registry' | 'pins'>,
  context: Context,
): Promise<AskedAhead | undefined> {
  const { settings } = await decode();
  const { base: reference } = settings;
  if (reference === undefined || pins !== undefined || context.offline || isOfThisDisk(reference))
    return undefined;
  const platforms = choosePlatforms(settings);
  const debian = findDebianBase(reference);
  if (debian !== undefined) {
    // The mirror has the same releases for all of them.
    const [platform = ''] = platforms;
    return askMirror(debianRequest(debian.release, { platform, settings, environment, refresh }), context);
  }
  const { askForRemoteBase } = await import('../registry/base.ts');
  const opened = await registry();
  const asked = platforms.map((platform) => askForRemoteBase(reference, platform, opened, context));
  const settled = Promise.allSettled(asked);
  return { stop: () => settled };
}

async function askMirror(request: DebianRequest, context: Context): Promise<AskedAhead | undefined> {
  const { rememberedDebian } = await import('../debian/remembered.ts');
  try {
    if (rememberedDebian(request, context) !== undefined) return undefined;
  } catch {
    return undefined; // without a mirror there is nobody to ask, which is said when the base is opened
  }
  const { readReleases } = await import('../debian/current.ts');
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const releases = readReleases(request, { ...context, signal });
  const settled = Promise.allSettled([releases]);
  return {
    releases,
    stop() {
      stopping.abort();
      return settled;
    },
  };
}
