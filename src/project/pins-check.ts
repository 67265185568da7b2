// A build held against its `bivy.lock`: what it would take otherwise is refused, never taken in silence. Pure.

import { BivyError } from '../kernel/errors.ts';
import { PINS_FILE, type PinnedBase, type PinnedLayer, type Pins } from './pins.ts';

export interface WantedBase {
  /** As the settings have it, or as bivy chooses where they say nothing. */
  readonly reference: string;
  readonly platform: string;
  /** Debian packages that are asked for, `tini` for `init` among them. */
  readonly packages: readonly string[];
}

const LOCATION = { file: PINS_FILE } as const;

/**
 * @param format the numbers of this bivy (`formatOf`); names that only one side has are of no concern
 * @throws BivyError `PINS_DISAGREE` where the file was written by a bivy that makes other bytes
 */
export function checkFormat({ format }: Pins, current: Readonly<Record<string, string | number>>): void {
  const other = Object.keys(format)
    .sort()
    .filter((name) => typeof current[name] === 'number' && current[name] !== format[name]);
  if (other.length === 0) return;
  throw new BivyError('PINS_DISAGREE', `\`${PINS_FILE}\` was written by a bivy that makes other bytes`, {
    causes: other.map(
      (name) => `${name} ${format[name]} is pinned, and this bivy has ${name} ${current[name]}`,
    ),
    hint: 'use the bivy that wrote it, or run `bivy pin --update`',
    location: LOCATION,
  });
}

/**
 * What a base is pinned to.
 * @throws BivyError `PINS_DISAGREE` where it is not pinned for that platform, or for other Debian packages
 */
export function findPin(pins: Pins, wanted: WantedBase): PinnedBase {
  const { reference, platform, packages } = wanted;
  const found = pins.bases.find((base) => base.reference === reference && base.platform === platform);
  if (found === undefined) throw unpinned(pins, wanted);
  const pinned = found.kind === 'debian' ? found.with : [];
  const asked = [...new Set(packages)].sort();
  const added = asked.filter((name) => !pinned.includes(name));
  const gone = pinned.filter((name) => !asked.includes(name));
  if (added.length + gone.length === 0) return found;
  throw new BivyError(
    'PINS_DISAGREE',
    `\`${PINS_FILE}\` pins \`${reference}\` for \`${platform}\` with other packages than the settings ask for`,
    {
      causes: [
        ...added.map((name) => `\`${name}\` is asked for, and not pinned`),
        ...gone.map((name) => `\`${name}\` is pinned, and no longer asked for`),
      ],
      hint: 'run `bivy pin --update` and commit the result',
      location: LOCATION,
    },
  );
}

/** Whether a pin says what is wanted, for those who would rather pin anew. */
export function isPinned(pins: Pins, wanted: WantedBase): boolean {
  try {
    findPin(pins, wanted);
    return true;
  } catch (error) {
    if (error instanceof BivyError && error.code === 'PINS_DISAGREE') return false;
    throw error;
  }
}

/**
 * Whether a layer is pinned: what an image says of a layer of that key may then be believed.
 * @throws BivyError `PINS_DISAGREE` where another digest, diffID, size or description is pinned for the key
 */
export function isPinnedLayer({ layers = [] }: Pins, layer: PinnedLayer): boolean {
  const pinned = layers.find(({ key }) => key === layer.key);
  if (pinned === undefined) return false;
  const other = (['digest', 'diffId', 'size', 'annotations'] as const).filter(
    (name) => pinned[name] !== layer[name],
  );
  if (other.length === 0) return true;
  throw new BivyError(
    'PINS_DISAGREE',
    `the layer \`${layer.digest}\` is not the one that \`${PINS_FILE}\` pins`,
    {
      causes: other.map((name) => `its ${NAMES[name]} is ${layer[name]}, and ${pinned[name]} is pinned`),
      hint: 'whoever wrote that layer made it of something else: do not use it before you know why',
      location: LOCATION,
    },
  );
}

const NAMES = {
  digest: 'digest',
  diffId: 'diffID',
  size: 'size',
  annotations: 'annotations’ digest',
} as const;

function unpinned({ bases }: Pins, { reference, platform }: WantedBase): BivyError {
  const platforms = bases.filter((base) => base.reference === reference).map((base) => base.platform);
  const pinned = [...new Set(bases.map((base) => base.reference))].sort();
  return new BivyError(
    'PINS_DISAGREE',
    `\`${PINS_FILE}\` does not pin the base \`${reference}\` for \`${platform}\``,
    {
      causes: [
        platforms.length > 0
          ? `it pins \`${reference}\` for ${platforms.map((one) => `\`${one}\``).join(', ')}`
          : pinned.length > 0
            ? `it pins ${pinned.map((one) => `\`${one}\``).join(', ')}`
            : 'it pins no base',
      ],
      hint: 'run `bivy pin` to add it, or `bivy pin --update` to write the file anew',
      location: LOCATION,
    },
  );
}
