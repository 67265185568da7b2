// Layers and settings to an image value: configuration, manifest, digests. Pure.

import { digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { type ImageSettings, imageConfig, imageIndex, imageManifest } from './config.ts';
import type { BuiltImage, ImageIndex, ImageLayer } from './image.ts';
import { parsePlatform } from './platform.ts';
import { type ImageConfig, MANIFEST } from './spec.ts';

/** More do not load into Docker's classic store: moby, layer/layer_store.go, `maxLayerDepth`. */
const MAX_LAYERS = 125;

export interface AssembleOptions {
  readonly platform: string;
  /** The image below; a base that is made of layers of bivy's own has no configuration and counts among `layers`. */
  readonly base?: { readonly config: ImageConfig; readonly layers: readonly ImageLayer[] };
  /** Above the base, lowest first. */
  readonly layers: readonly ImageLayer[];
  readonly settings: ImageSettings;
  /** Seconds since 1970 for every `created`; 0 where left out. */
  readonly epoch?: number;
  /** Of the whole image: see `unpackedSize`. */
  readonly unpacked: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Members of the configuration beside those of the specification. */
  readonly members?: Readonly<Record<string, string>>;
}

/** @throws BivyError `BASE_UNSUPPORTED` where there are more layers than engines take */
export function assembleImage(options: AssembleOptions): BuiltImage {
  const { platform, base, settings, unpacked, epoch, annotations, members } = options;
  const layers = [...(base?.layers ?? []), ...options.layers];
  if (layers.length > MAX_LAYERS) {
    throw new BivyError('BASE_UNSUPPORTED', `the image would have ${layers.length} layers`, {
      causes: [`the base has ${base?.layers.length ?? 0}; Docker takes at most ${MAX_LAYERS}`],
      hint: 'lower `layers` in `[tool.bivy]`, or take a base with fewer layers',
    });
  }
  const config = imageConfig({
    platform,
    layers: options.layers,
    settings,
    ...(base === undefined ? {} : { base: base.config }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(members === undefined ? {} : { members }),
  });
  const configDigest = digestOf(config);
  const manifest = imageManifest({
    config: { digest: configDigest, size: config.length },
    layers,
    ...(annotations === undefined ? {} : { annotations }),
  });
  return {
    platform,
    manifest,
    manifestDigest: digestOf(manifest),
    config,
    configDigest,
    layers,
    unpacked,
  };
}

/** Several platforms' images under one digest, in the order given. */
export function assembleIndex(images: readonly BuiltImage[]): ImageIndex {
  const index = imageIndex(
    images.map((image) => ({
      mediaType: MANIFEST,
      digest: image.manifestDigest,
      size: image.manifest.length,
      platform: parsePlatform(image.platform),
    })),
  );
  return { index, indexDigest: digestOf(index), images };
}
