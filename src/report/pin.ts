// What `bivy pin` wrote, as the JSON contract has it, and as lines for people.

import type { Pinned } from '../app/pin.ts';

type Change = Pinned['change'];

export interface PinDocument {
  readonly version: 1;
  readonly file: string;
  /** False where the file said the same already. */
  readonly written: boolean;
  /** All that is pinned now. */
  readonly bases: readonly {
    readonly reference: string;
    readonly platform: string;
    readonly index: string | null;
    readonly manifest: string | null;
    readonly config: string | null;
    /** Of a composed base. */
    readonly composition: string | null;
    readonly packages: readonly { readonly name: string; readonly version: string }[];
  }[];
  /** Layers that are pinned. */
  readonly layers: number;
  readonly change: Change;
}

export function pinDocument({ file, written, pins, change }: Pinned): PinDocument {
  return {
    version: 1,
    file,
    written,
    bases: pins.bases.map((base) => {
      const { reference, platform } = base;
      if (base.kind === 'image') {
        const { index = null, manifest = null, config = null } = base;
        return { reference, platform, index, manifest, config, composition: null, packages: [] };
      }
      const packages = base.packages.map(({ name, version }) => ({ name, version }));
      const { composition } = base;
      return { reference, platform, index: null, manifest: null, config: null, composition, packages };
    }),
    layers: pins.layers?.length ?? 0,
    change,
  };
}

export function pinLines({ file, written, pins, change }: Pinned): string[] {
  if (!written) return [`${file} is up to date`];
  const { added, removed, changed } = change.layers;
  const layers = [
    ...(added > 0 ? [`${added} more`] : []),
    ...(removed > 0 ? [`${removed} fewer`] : []),
    ...(changed > 0 ? [`${changed} of other bytes`] : []),
  ];
  return [
    `wrote ${file}`,
    ...change.format.map(({ name, from, to }) => `  ${name} ${from ?? 'unpinned'} -> ${to ?? 'unpinned'}`),
    ...change.bases.flatMap((base) => baseLines(base, pins)),
    ...(layers.length === 0 ? [] : [`  layers: ${layers.join(', ')}`]),
  ];
}

function baseLines(
  { reference, platform, what, from, to, packages }: Change['bases'][number],
  pins: Pinned['pins'],
): readonly string[] {
  const title = `  ${reference} ${platform}`;
  if (what === 'removed') return [`${title}: no longer pinned`];
  if (what === 'added') {
    const base = pins.bases.find((one) => one.reference === reference && one.platform === platform);
    return [`${title}: ${base?.kind === 'debian' ? `${base.packages.length} packages` : to}`];
  }
  const rows = packages.map((one) => {
    if (one.from === null) return `    + ${one.name} ${one.to}`;
    if (one.to === null) return `    - ${one.name} ${one.from}`;
    return `      ${one.name} ${one.from} -> ${one.to}${one.from === one.to ? ' (other bytes)' : ''}`;
  });
  return packages.length === 0 ? [`${title}:`, `      ${from} -> ${to}`] : [`${title}:`, ...rows];
}
