import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

async function shopWithTwo(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha'), moduleWheel('beta')], {
    bivy: 'labels = { "org.opencontainers.image.title" = "mine" }',
  });
  return shop;
}

interface Described {
  readonly digest: string;
  readonly mediaType: string;
  readonly platform?: { readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

function blobOf<T>(shop: Workshop, digest: string): T {
  return JSON.parse(readFileSync(shop.path('out', 'blobs', 'sha256', digest.slice(7)), 'utf8')) as T;
}

describe('what is attested of an image', () => {
  it('stands beside it in the index, and changes nothing of it', async () => {
    const shop = await shopWithTwo();
    const plain = await shop.build();
    const attested = await shop.build({ sbom: true, provenance: true });
    expect(attested.made.images[0]?.manifest).toBe(plain.made.digest);
    expect(attested.made.digest).not.toBe(plain.made.digest);
    const { manifests } = blobOf<{ manifests: readonly Described[] }>(shop, attested.made.digest);
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'unknown']);
    expect(manifests[1]?.annotations?.['vnd.docker.reference.digest']).toBe(plain.made.digest);
    const { layers } = blobOf<{ layers: readonly Described[] }>(shop, manifests[1]?.digest ?? '');
    expect(layers.map(({ annotations }) => annotations?.['in-toto.io/predicate-type'])).toEqual([
      'https://spdx.dev/Document',
      'https://cyclonedx.org/bom',
      'https://slsa.dev/provenance/v1',
    ]);
    expect((await shop.build({ sbom: true, provenance: true })).made.digest).toBe(attested.made.digest);
  });

  it('is written as files too, with every wheel by its hash', async () => {
    const shop = await shopWithTwo();
    const plain = await shop.build({ attestations: shop.path('documents') });
    expect(plain.made.digest).toBe(plain.made.images[0]?.manifest);
    const names = readdirSync(shop.path('documents')).sort();
    expect(names).toEqual(['linux-amd64.cdx.json', 'linux-amd64.provenance.json', 'linux-amd64.spdx.json']);
    for (const name of names) {
      const text = readFileSync(join(shop.path('documents'), name), 'utf8');
      for (const module of ['alpha', 'beta']) expect(text).toContain(moduleWheel(module).sha256);
      // Provenance says the flags as they were given.
      if (!name.includes('provenance')) expect(text).not.toContain(shop.folder);
    }
  });

  it('is the same on a machine that has other caches, and says where nothing can be written', async () => {
    const shop = await shopWithTwo();
    const request = { sbom: true, provenance: true };
    const first = await shop.build(request);
    const other = await shop.build(request, { cache: shop.path('other') });
    expect(other.made.digest).toBe(first.made.digest);
    const error = await shop.fails({ attestations: '/proc/nowhere' });
    expect([error.code, error.message]).toEqual([
      'DESTINATION_INVALID',
      expect.stringContaining('/proc/nowhere'),
    ]);
    expect(existsSync('/proc/nowhere')).toBe(false);
  });
});

describe('what an image says of itself', () => {
  it('is in its labels and annotations, where the project’s own labels win', async () => {
    const shop = await shopWithTwo();
    const { made } = await shop.build();
    const manifest = blobOf<{ annotations: Record<string, string>; config: Described }>(shop, made.digest);
    const { config } = blobOf<{ config: { Labels: Record<string, string> } }>(shop, manifest.config.digest);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'mine',
      'org.opencontainers.image.version': '1.0.0',
    });
    expect(manifest.annotations['org.opencontainers.image.version']).toBe('1.0.0');
  });
});
