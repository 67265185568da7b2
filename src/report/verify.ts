// What `bivy verify` found, as the JSON contract has it, and as lines for people.

import type { Verified, VerifiedPlatform } from '../app/verify.ts';
import type { Comparison, LayerDifference } from '../oci/compare.ts';
import type { JsonDifference } from '../oci/compare-json.ts';
import type { FileDifference } from '../oci/compare-tar.ts';

export interface VerifyDocument {
  readonly version: 1;
  readonly image: string;
  readonly digest: string | null;
  readonly equal: boolean;
  readonly platforms: readonly {
    readonly platform: string;
    readonly equal: boolean;
    readonly image: string | null;
    readonly rebuilt: string;
    /** The first layer that differs. */
    readonly layer: {
      readonly index: number;
      readonly what: LayerDifference['what'];
      readonly kind: string | null;
      readonly packages: readonly string[];
      readonly image: LayerDocument | null;
      readonly rebuilt: LayerDocument | null;
      /** All that differs about the first file that does. */
      readonly files: readonly DifferenceDocument[];
      /** Of the compressed blobs, where the tars in them are the same. */
      readonly compressed: Omit<DifferenceDocument, 'path'> | null;
    } | null;
    readonly config: readonly DifferenceDocument[];
    readonly manifest: readonly DifferenceDocument[];
  }[];
  readonly skipped: readonly string[];
}

interface LayerDocument {
  readonly digest: string | null;
  readonly diffId: string;
  readonly size: number;
}

interface DifferenceDocument {
  readonly path: string;
  readonly field?: string;
  readonly image: string | number | null;
  readonly rebuilt: string | number | null;
  readonly offset?: number;
  readonly detail?: string;
}

export function verifyDocument({ image, digest, equal, platforms, skipped }: Verified): VerifyDocument {
  return {
    version: 1,
    image,
    digest,
    equal,
    platforms: platforms.map(({ platform, comparison, ...digests }) => ({
      platform,
      equal: comparison.equal,
      image: digests.image,
      rebuilt: digests.rebuilt,
      layer: comparison.layer === null ? null : layerDocument(comparison.layer),
      config: comparison.config.map(jsonDocument),
      manifest: comparison.manifest.map(jsonDocument),
    })),
    skipped,
  };
}

function layerDocument({
  index,
  what,
  left,
  right,
  files,
  compressed,
}: LayerDifference): VerifyDocument['platforms'][number]['layer'] {
  const name = (side: LayerDifference['left']): LayerDocument | null =>
    side === null ? null : { digest: side.digest, diffId: side.diffId, size: side.size };
  return {
    index,
    what,
    kind: right?.kind ?? left?.kind ?? null,
    packages: right?.packages ?? left?.packages ?? [],
    image: name(left),
    rebuilt: name(right),
    files: files.map(({ left: image, right: rebuilt, ...rest }) => ({ ...rest, image, rebuilt })),
    compressed:
      compressed === null
        ? null
        : { offset: compressed.offset, image: compressed.left, rebuilt: compressed.right },
  };
}

function jsonDocument({ path, left, right }: JsonDifference): DifferenceDocument {
  return { path, image: left, rebuilt: right };
}

const MOST_PLACES = 10;

export function verifyLines({ image, equal, platforms, skipped }: Verified): string[] {
  return [
    `${image} ${equal ? 'is' : 'is not'} what its sources make`,
    ...platforms.flatMap(platformLines),
    ...(skipped.length === 0 ? [] : [`  not asked for: ${skipped.join(', ')}`]),
  ];
}

function platformLines({ platform, image, rebuilt, comparison }: VerifiedPlatform): readonly string[] {
  const row = `  ${platform.padEnd(14)} `;
  if (comparison.equal) {
    return [
      image === null
        ? `${row}same files and configuration; made anew it is ${rebuilt}`
        : `${row}same digest: ${image}`,
    ];
  }
  return [
    `${row}image ${image ?? 'without a manifest'}`,
    `  ${''.padEnd(14)} made anew ${rebuilt}`,
    ...differenceLines(comparison).map((line) => `    ${line}`),
  ];
}

function differenceLines({ layer, config, manifest }: Comparison): readonly string[] {
  return [
    ...(layer === null ? [] : layerLines(layer)),
    ...documentLines('the configuration', config),
    ...documentLines('the manifest', manifest),
  ];
}

function layerLines({ index, what, left, right, files, compressed }: LayerDifference): readonly string[] {
  const { kind = null, packages = [] } = right ?? left ?? {};
  const named = [
    kind,
    ...packages.slice(0, 3),
    ...(packages.length > 3 ? [`and ${packages.length - 3} more`] : []),
  ];
  const text = named.filter((part) => part !== null).join(' ');
  const title = `layer ${index + 1}${text === '' ? '' : ` (${text})`}`;
  if (what === 'missing') {
    return [
      `${title}: only ${left === null ? 'what was made anew' : 'the image'} has it: ${digestOf(left ?? right)}`,
    ];
  }
  const digests = `${digestOf(left)} in the image, ${digestOf(right)} made anew`;
  if (what === 'order') return [`${title}: another order of layers: ${digests}`];
  if (what === 'compression') {
    const at =
      compressed === null ? '' : `: byte ${compressed.offset} is ${bytes(compressed.left, compressed.right)}`;
    return [`${title}: ${digests}`, `  the same files, otherwise compressed${at}`];
  }
  return [`${title}: ${digests}`, ...files.map((file) => `  ${fileLine(file)}`)];
}

function digestOf(layer: LayerDifference['left']): string {
  return layer?.digest ?? layer?.diffId ?? 'nothing';
}

function fileLine({ path, field, left, right, offset = 0, detail = '' }: FileDifference): string {
  const place = `/${path}`;
  switch (field) {
    case 'missing':
      return `${place}: only ${left === null ? 'made anew' : 'in the image'}`;
    case 'order':
      return `/${left} stands where made anew /${right} does: another order`;
    case 'path':
      return `/${left} in the image, /${right} made anew in its place`;
    case 'content':
      return `${place}: byte ${offset} of its content is ${bytes(left, right)}`;
    case 'header':
      return `${path === '' ? 'the end of the archive' : `${place}: its ${detail}`}: byte ${offset} of the archive is ${bytes(left, right)}`;
    case 'mode':
      return `${place}: ${field} ${octal(left)} in the image, ${octal(right)} made anew`;
    default:
      return `${place}: ${field} ${left} in the image, ${right} made anew`;
  }
}

function bytes(left: string | number | null, right: string | number | null): string {
  const spell = (byte: string | number | null): string =>
    typeof byte === 'number' ? `0x${byte.toString(16).padStart(2, '0')}` : 'the end';
  return `${spell(left)} in the image, ${spell(right)} made anew`;
}

function octal(mode: string | number | null): string {
  return typeof mode === 'number' ? mode.toString(8).padStart(4, '0') : String(mode);
}

function documentLines(name: string, differences: readonly JsonDifference[]): readonly string[] {
  if (differences.length === 0) return [];
  const rest = differences.length - MOST_PLACES;
  return [
    `${name}:`,
    ...differences
      .slice(0, MOST_PLACES)
      .map(
        ({ path, left, right }) =>
          `  ${path === '' ? 'the same values in other bytes' : path}: ${left ?? 'nothing'} in the image, ${right ?? 'nothing'} made anew`,
      ),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}
