import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { withContext } from '../../src/app/context.ts';
import { type Verified, type VerifyRequest, verifyImage } from '../../src/app/verify.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Event } from '../../src/kernel/events.ts';
import { verifyDocument, verifyLines } from '../../src/report/verify.ts';
import { documentOf } from '../support/images.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry } from '../support/registry.ts';
import { writeTinyBase } from '../support/tiny-base.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

interface Answer {
  readonly verified: Verified;
  readonly events: readonly Event[];
  readonly text: string;
}

async function verify(shop: Workshop, request: Partial<VerifyRequest> = {}): Promise<Answer> {
  const events: Event[] = [];
  const environment = { BIVY_INDEX_URL: shop.index.url, BIVY_BASE: shop.base };
  const verified = await withContext(
    {
      environment,
      emit: (event) => events.push(event),
      signal: new AbortController().signal,
      offline: false,
      cache: new DirectoryCache(shop.cache),
    },
    (context) =>
      verifyImage(
        { image: `oci:${shop.path('out')}`, directory: shop.project, environment, ...request },
        context,
      ),
  );
  return { verified, events, text: verifyLines(verified).join('\n') };
}

async function code(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof BivyError ? error.code : String(error);
}

async function built(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha'), moduleWheel('beta')]);
  await shop.build();
  return shop;
}

describe('an image of these sources', () => {
  it('is made again from what was downloaded, and found to be the same', async () => {
    const shop = await built();
    const asked = shop.index.log.length;
    const { verified, events, text } = await verify(shop);
    expect(verified.equal).toBe(true);
    expect(text).toBe(
      `oci:${shop.path('out')} is what its sources make\n  linux/amd64    same digest: ${verified.digest}`,
    );
    const layers = events.filter((event) => event.type === 'layer');
    expect(layers.filter(({ cached }) => cached)).toEqual([]);
    expect(layers.length).toBeGreaterThan(2);
    expect(shop.index.log.slice(asked).filter(({ path }) => path.startsWith('/files/'))).toEqual([]);
    expect(verifyDocument(verified)).toEqual({
      version: 1,
      image: `oci:${shop.path('out')}`,
      digest: verified.digest,
      equal: true,
      platforms: [
        {
          platform: 'linux/amd64',
          equal: true,
          image: verified.digest,
          rebuilt: verified.digest,
          layer: null,
          config: [],
          manifest: [],
        },
      ],
      skipped: [],
    });
    // A build after it finds what it found before.
    expect((await shop.build()).fresh).toEqual([]);
  });

  it('is the same from an empty cache, and from every kind of file', async () => {
    const shop = await built();
    for (const kind of ['oci-archive', 'docker-archive']) {
      await shop.build({ destinations: [`${kind}:${shop.path('image.tar')}`] });
      rmSync(shop.cache, { recursive: true });
      const { verified } = await verify(shop, { image: `${kind}:${shop.path('image.tar')}` });
      expect([kind, verified.equal]).toEqual([kind, true]);
      rmSync(shop.path('image.tar'));
    }
  });
});

describe('an image of other sources', () => {
  it('differs in a line of code: the layer, the file, the field and the byte are named', async () => {
    const shop = await built();
    appendFileSync(shop.path('project', 'hut', '__main__.py'), '# later\n');
    const { verified, text } = await verify(shop);
    expect(verified.equal).toBe(false);
    const document = verifyDocument(verified);
    const layer = document.platforms[0]?.layer;
    expect(layer).toMatchObject({ what: 'files', kind: 'app', packages: ['hut==1.0.0'] });
    const [size, content] = layer?.files ?? [];
    expect([size?.field, content?.field]).toEqual(['size', 'content']);
    expect(size?.path).toMatch(/hut\/__main__\.py$/);
    expect(content).toMatchObject({ offset: size?.image, image: null, rebuilt: '#'.charCodeAt(0) });
    expect(document.platforms[0]?.config).toEqual([]);
    expect(text).toContain('is not what its sources make');
    expect(text).toMatch(/layer \d \(app hut==1\.0\.0\): sha256:\w+ in the image, sha256:\w+ made anew/);
    expect(text).toMatch(/__main__\.py: byte \d+ of its content is the end in the image, 0x23 made anew/);
  });

  it('differs in a wheel', async () => {
    const shop = await built();
    shop.lay([moduleWheel('alpha'), moduleWheel('beta', '1.1')]);
    const { verified } = await verify(shop);
    expect(verified.platforms[0]?.comparison.layer).toMatchObject({
      what: expect.stringMatching(/files|missing/),
      right: { kind: 'wheels' },
    });
  });

  it('differs in its configuration', async () => {
    const shop = await built();
    appendFileSync(shop.path('project', 'pyproject.toml'), '\n[tool.bivy]\nlabels = { a = "1" }\n');
    const { verified, text } = await verify(shop);
    expect(verified.platforms[0]?.comparison).toMatchObject({ equal: false, layer: null, manifest: [] });
    expect(text).toContain('the configuration:\n      config.Labels.a: nothing in the image, "1" made anew');
  });
});

describe('an image in a registry', () => {
  it('is read as documents alone where it is the same, and one layer where it is not', async () => {
    const shop = await built();
    const registry = await startRegistry();
    try {
      const image = `${registry.domain}/team/hut:1.0`;
      const { made } = await shop.build({ destinations: [], push: true, tags: [image] });
      const before = registry.log.length;
      const { verified } = await verify(shop, { image });
      expect([verified.equal, verified.digest]).toEqual([true, made.digest]);
      const layers = new Set(made.images[0]!.layers.map(({ digest }) => digest));
      const read = (): string[] =>
        registry.log
          .slice(before)
          .flatMap(({ path }) => [...layers].filter((digest) => path.endsWith(digest)));
      expect(read()).toEqual([]);
      appendFileSync(shop.path('project', 'hut', '__main__.py'), '# later\n');
      rmSync(shop.cache, { recursive: true });
      const other = await verify(shop, { image: `${registry.domain}/team/hut@${made.digest}` });
      expect(other.verified.platforms[0]?.comparison.layer?.files[0]?.path).toMatch(/hut\/__main__\.py$/);
      expect(read()).toEqual([made.images[0]!.layers.at(-1)!.digest]);
      expect(await code(verify(shop, { image: `${registry.domain}/team/hut:2.0` }))).toBe('IMAGE_MISSING');
    } finally {
      await registry.close();
    }
  });

  it('is compared for each platform that is asked for', async () => {
    const shop = await built();
    writeTinyBase(shop.path('base'));
    const base = twoPlatforms(shop.path('base'));
    const build = { flags: { base, platforms: ['linux/amd64', 'linux/arm64'] } };
    const { made } = await shop.build(build);
    const all = await verify(shop, { flags: { base } });
    expect(all.verified.platforms.map(({ platform, image }) => [platform, image])).toEqual(
      made.images.map(({ platform, manifest }) => [platform, manifest]),
    );
    expect([all.verified.equal, all.verified.digest, all.verified.skipped]).toEqual([true, made.digest, []]);
    const one = await verify(shop, { flags: { base, platforms: ['linux/arm64', 'linux/s390x'] } });
    expect(one.verified.platforms.map(({ platform }) => platform)).toEqual(['linux/arm64']);
    expect([one.verified.equal, one.verified.skipped]).toEqual([true, ['linux/amd64']]);
    expect(one.text).toContain('not asked for: linux/amd64');
  });
});

/** Gives the base an image for arm64, which is the one that it has in all but the machine of its programs. */
function twoPlatforms(layout: string): string {
  const blob = (digest: string): string => join(layout, 'blobs', 'sha256', digest.slice(7));
  const read = (digest: string): Buffer => readFileSync(blob(digest));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const [first] = index.manifests;
  const manifest = JSON.parse(read(first.digest).toString());
  const config = JSON.parse(read(manifest.config.digest).toString());
  const put = (value: unknown): { digest: string; size: number } => {
    const { bytes, digest, size } = documentOf(value);
    writeFileSync(blob(digest), bytes);
    return { digest, size };
  };
  const tar = gunzipSync(read(manifest.layers[0].digest));
  for (let at = tar.indexOf('\x7fELF'); at >= 0; at = tar.indexOf('\x7fELF', at + 1)) {
    tar.writeUInt16LE(183, at + 18);
  }
  const layer = { ...manifest.layers[0], ...put(gzipSync(tar)) };
  const rootfs = { type: 'layers', diff_ids: [documentOf(tar).digest] };
  const other = { ...manifest.config, ...put({ ...config, architecture: 'arm64', rootfs }) };
  const second = { mediaType: first.mediaType, ...put({ ...manifest, config: other, layers: [layer] }) };
  const manifests = [
    { ...first, platform: { os: 'linux', architecture: 'amd64' } },
    { ...second, platform: { os: 'linux', architecture: 'arm64' } },
  ];
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return `oci:${layout}`;
}

describe('what cannot be compared', () => {
  it('is an image that is not there, or of another platform', async () => {
    const shop = await built();
    expect(await code(verify(shop, { image: `oci:${shop.path('nowhere')}` }))).toBe('IMAGE_MISSING');
    expect(await code(verify(shop, { flags: { platforms: ['linux/s390x'] } }))).toBe('IMAGE_MISSING');
  });

  it('is a layout whose files were damaged, though the digests agree', async () => {
    const shop = await built();
    const blobs = shop.path('out', 'blobs', 'sha256');
    const layer = readdirSync(blobs)
      .map((name) => join(blobs, name))
      .find((path) => readFileSync(path)[0] === 0x1f)!;
    writeFileSync(layer, readFileSync(layer).fill(0, 20, 30));
    expect(await code(verify(shop))).toBe('HASH_MISMATCH');
  });
});
