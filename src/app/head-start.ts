// The wheels and their layers, begun while the base is still read: a base's name mostly says which Python it has. What
// was begun is used where it is what the base asks for; a wrong guess costs its downloads, and changes no byte.

import type { Context } from '../kernel/context.ts';
import type { Settings } from '../project/settings.ts';
import type { Target } from '../python/target.ts';
import { findKnownBase } from './known-bases.ts';
import { fetchWheels, placeOf, type WheelSources, wheelsOf } from './planned-wheels.ts';
import { minorOf } from './target.ts';
import { makeWheelLayers, type WheelLayers } from './wheel-layers.ts';
import type { PlannedWheel, WheelPlace } from './wheel-maker.ts';
import type { Workbench } from './workbench.ts';

export interface HeadStart {
  /** The layers, where they were begun for just these wheels at just this place; whatever became of them. */
  take(wheels: readonly PlannedWheel[], place: WheelPlace): Promise<WheelLayers | undefined>;
  /** Ends what was begun; resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
}

interface Begun {
  readonly key: string;
  readonly layers: Promise<WheelLayers>;
}

/** @returns nothing where the base's name says nothing of its Python */
export function beginWheels(
  reference: string,
  platform: string,
  settings: Settings,
  sources: WheelSources,
  bench: Workbench,
  context: Context,
): HeadStart | undefined {
  const guess = guessTarget(reference, platform, settings);
  if (guess === undefined || context.offline) return undefined;
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const begun = begin(guess, sources, bench, { ...context, signal });
  return {
    async take(wheels, place) {
      const found = await begun;
      if (found?.key === identify(wheels, place)) return found.layers;
      stopping.abort();
      await found?.layers.catch(() => undefined);
      return undefined;
    },
    async stop() {
      stopping.abort();
      await (await begun)?.layers.catch(() => undefined);
    },
  };
}

/** Nothing where there is no such plan: whoever plans for the base as it is says why. */
async function begin(
  target: Target,
  sources: WheelSources,
  { decode, plan, pool, reuse, made }: Workbench,
  context: Context,
): Promise<Begun | undefined> {
  // The base is asked for first: planning takes this thread, while an answer takes time on its way.
  await new Promise((resolve) => setImmediate(resolve));
  const decoded = await decode();
  const planned = await plan(target).catch(() => undefined);
  if (planned === undefined || planned.problems.length > 0) return undefined;
  const wheels = wheelsOf(planned);
  const place = placeOf(minorOf(target.python), decoded.settings);
  const layers = makeWheelLayers(
    {
      wheels,
      place,
      most: decoded.settings.layers,
      pool,
      made,
      fetch: (missing, arrived) => fetchWheels(missing, sources, decoded, context, arrived),
      ...(reuse === undefined ? {} : { reuse }),
    },
    context,
  );
  // Met by whoever takes them; until then it must not count as unhandled.
  layers.catch(() => undefined);
  return { key: identify(wheels, place), layers };
}

function identify(wheels: readonly PlannedWheel[], place: WheelPlace): string {
  return JSON.stringify([
    place,
    wheels.map(({ package: { name, version }, sha256 }) => [name, version, sha256]),
  ]);
}

/** What the official image of that name has, wherever it was copied to: `host/library/python:3.11-slim`. */
const OFFICIAL = /(?:^|\/)python:(3\.\d+)(?:\.(\d+))?(?:-slim)?(?:-(?:bookworm|trixie))?(?:@|$)/;

function guessTarget(reference: string, platform: string, settings: Settings): Target | undefined {
  const known = findKnownBase(reference);
  if (known !== undefined) return { ...known, platform };
  const official = OFFICIAL.exec(reference);
  if (official === null) return undefined;
  const [, minor = '', patch = '99'] = official;
  if (settings.python !== undefined && minorOf(settings.python) !== minor) return undefined;
  return { python: `${minor}.${patch}`, platform, libc: { family: 'glibc', major: 2, minor: 36 } };
}
