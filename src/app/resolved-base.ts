// What an image stands on, as the stages of a build hand it on; and what it takes to find out.

import type { BasePackage } from '../debian/base.ts';
import type { ReleaseTexts } from '../debian/current.ts';
import type { Digest } from '../kernel/digest.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { BaseFacts } from '../oci/facts.ts';
import type { ImageLayer } from '../oci/image.ts';
import type { ImageConfig } from '../oci/spec.ts';
import type { Pins } from '../project/pins.ts';
import type { Settings } from '../project/settings.ts';
import type { Registry } from '../registry/registry.ts';
import type { BaseKnowledge } from './base-knowledge.ts';
import type { FollowedReleases, Reuse } from './reuse.ts';

export interface ResolvedBase {
  readonly name: string;
  /** Of everything about it that an image above depends on. */
  readonly key: Digest;
  readonly facts: BaseFacts;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Absent for a composed base, whose layer counts as bivy's own. */
  readonly config?: ImageConfig;
  /** Variables to set where nothing else does. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Of a composed base. */
  readonly debian?: { readonly release: '12' | '13'; readonly packages: readonly BasePackage[] };
  /** What was learnt of it, for images above it. */
  readonly knowledge?: BaseKnowledge;
  /** Of a composed base: what was asked for, and the signed releases that answered. */
  readonly followed?: FollowedReleases;
  /** Of an image in a registry: its reference with the domain spelled out, and the digest that this leads to. */
  readonly image?: { readonly reference: string; readonly digest: Digest };
}

export interface BaseOptions {
  readonly reference: string;
  readonly platform: string;
  readonly settings: Pick<
    Settings,
    'packages' | 'init' | 'mirror' | 'securityMirror' | 'workdir' | 'compression'
  >;
  readonly environment: NodeJS.ProcessEnv;
  readonly refresh: boolean;
  readonly pool: () => Promise<LayerPool>;
  readonly registry: () => Promise<Registry>;
  readonly reuse?: Reuse;
  /** What `bivy.lock` holds the base to. */
  readonly pins?: Pins;
  readonly ahead?: BaseAhead;
}

/** What was asked for a base while earlier images were read. */
export interface BaseAhead {
  /** Of a composed one. */
  readonly releases?: Promise<ReleaseTexts>;
}
