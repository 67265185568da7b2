// `bivy pin`: what the project's images are built on now, written into `bivy.lock`. What is pinned stays, unless it is to
// be refreshed.

import { join } from 'node:path';
import type { Context } from '../kernel/context.ts';
import { isDigest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { formatOf } from '../layers/layout.ts';
import { parsePlatform, spellPlatform } from '../oci/platform.ts';
import {
  PINS_FILE,
  type PinnedBase,
  type PinnedLayer,
  type Pins,
  sortBases,
  sortLayers,
} from '../project/pins.ts';
import { comparePins, type PinsChange } from '../project/pins-change.ts';
import { checkFormat, findPin, isPinnedLayer } from '../project/pins-check.ts';
import { readPins, writePins } from '../project/pins-file.ts';
import { findBase } from './chosen-base.ts';
import { wantedPackages } from './debian-request.ts';
import { decodeInputs, once, warnOfIgnored } from './decoded.ts';
import { makeImages } from './images.ts';
import { type InputRequest, inProject, readInputs } from './inputs.ts';
import { KEY_ANNOTATION } from './layers.ts';
import { makePin } from './pin-base.ts';
import { choosePlatforms } from './target.ts';
import { type Workbench, withWorkbench } from './workbench.ts';

export interface PinRequest extends InputRequest {
  /** Ask anew for everything, whatever is pinned. */
  readonly update?: boolean;
  /** Build, and pin each layer but the project's own by its key. Pinned layers are kept up by `update` in any case. */
  readonly layers?: boolean;
  readonly workers?: number;
  /** Domains that may be asked over plain HTTP. */
  readonly insecureRegistries?: readonly string[];
}

export interface Pinned {
  /** Where the file is. */
  readonly file: string;
  /** False where it said the same already. */
  readonly written: boolean;
  readonly pins: Pins;
  readonly change: PinsChange;
}

/** @throws BivyError where a base cannot be resolved; `bivy.lock` is as it was then */
export function pinProject(request: PinRequest, context: Context): Promise<Pinned> {
  return inProject(request.directory, async () => {
    const inputs = readInputs(request);
    const decode = once(() => decodeInputs(inputs));
    await warnOfIgnored(await decode(), inputs, context.emit);
    return withWorkbench(request, { inputs, decode, images: [], files: [] }, context, (bench) =>
      pin(request, bench, context),
    );
  });
}

async function pin(request: PinRequest, bench: Workbench, context: Context): Promise<Pinned> {
  const { directory } = bench.inputs;
  const update = request.update === true;
  const before = readBefore(directory, update);
  const { settings } = await bench.decode();
  const current = formatOf(settings.compression);
  if (before !== undefined && !update) checkFormat(before, current);
  const format = Object.fromEntries(
    Object.entries(current).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
  );
  const bases = await pinBases(request, update ? undefined : before, bench, context);
  const kept = update ? undefined : before?.layers;
  const withoutLayers: Pins = { format, bases };
  const makes = request.layers === true || (update && before?.layers !== undefined);
  const layers = makes ? await pinLayers(request, withoutLayers, kept, bench, context) : kept;
  const pins: Pins = layers === undefined ? withoutLayers : { ...withoutLayers, layers };
  const written = writePins(directory, pins);
  return { file: join(request.directory, PINS_FILE), written, pins, change: comparePins(before, pins) };
}

/** What is to be refreshed need not be sound. */
function readBefore(directory: string, update: boolean): Pins | undefined {
  try {
    return readPins(directory);
  } catch (error) {
    if (update && error instanceof BivyError && error.code === 'PINS_INVALID') return undefined;
    throw error;
  }
}

async function pinBases(
  request: PinRequest,
  before: Pins | undefined,
  bench: Workbench,
  context: Context,
): Promise<readonly PinnedBase[]> {
  const { settings } = await bench.decode();
  const platforms = choosePlatforms(settings).map((platform) => spellPlatform(parsePlatform(platform)));
  const { reference } = await findBase(platforms, bench, context);
  const known = before?.bases ?? [];
  const added: PinnedBase[] = [];
  for (const platform of new Set(platforms)) {
    if (known.some((base) => base.reference === reference && base.platform === platform)) {
      // There, but for other packages: only an update may change what is pinned.
      findPin({ format: {}, bases: known }, { reference, platform, packages: wantedPackages(settings) });
      continue;
    }
    const options = {
      reference,
      platform,
      settings,
      environment: request.environment ?? {},
      registry: bench.registry,
    };
    const made = await makePin(options, context);
    if (made !== undefined) added.push(made);
  }
  return sortBases([...known, ...added]);
}

/** Builds on the pinned bases, reusing nothing of any registry, and says what became of each layer's key. */
async function pinLayers(
  request: PinRequest,
  pins: Pins,
  kept: readonly PinnedLayer[] | undefined,
  bench: Workbench,
  context: Context,
): Promise<readonly PinnedLayer[]> {
  const pinned = { ...bench, pins };
  const { made } = await makeImages(request, pinned, context);
  const layers = new Map<string, PinnedLayer>();
  for (const { kind, digest, diffId, size, annotations } of made.flatMap(({ image }) => image.layers)) {
    const key = annotations?.[KEY_ANNOTATION];
    // The project's own layer changes with each commit.
    if (kind === 'app' || key === undefined || !isDigest(key)) continue;
    const layer = { key, digest, diffId, size, annotations: keyOf(annotations) };
    if (kept !== undefined) isPinnedLayer({ ...pins, layers: kept }, layer);
    layers.set(key, layer);
  }
  return sortLayers([...layers.values()]);
}
