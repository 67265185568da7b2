import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf, hexOf } from '../../../src/kernel/digest.ts';
import { readTar } from '../../../src/kernel/untar.ts';
import { assembleIndex } from '../../../src/oci/assemble.ts';
import { parseDestination } from '../../../src/oci/destinations/parse.ts';
import { type BuiltImage, localBlob } from '../../../src/oci/image.ts';
import { codeOf, imageOf, layerOf, type Stage, scratch, stage } from '../../support/images.ts';

async function imageSaying(at: Stage, ...words: string[]): Promise<BuiltImage> {
  const layers = [];
  for (const word of words) layers.push(await layerOf(at, [{ path: `app/${word}`, body: word }]));
  return imageOf(layers, { cmd: words });
}

/** Every file below a folder with its bytes, and every other thing with its kind. */
function snapshot(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    if (entry.isDirectory()) Object.assign(found, { [path]: 'directory' }, snapshot(folder, path));
    else found[path] = entry.isFile() ? digestOf(readFileSync(join(folder, path))) : 'other';
  }
  return found;
}

const kinds = ['oci', 'oci-archive', 'docker-archive', 'dir'] as const;

describe.each(kinds)('%s', (kind) => {
  const write = async (at: Stage, image: BuiltImage, tags: string[] = ['a:1'], name = 'out') => {
    const destination = await parseDestination(`${kind}:${join(at.folder, name)}`);
    await destination.check(at.context);
    return destination.write(image, tags, at.context);
  };
  const reads = (at: Stage): number => at.events.filter(({ type }) => type === 'blob-read').length;

  it('is written, and not again', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one', 'two');
    const published = { kind, path: join(at.folder, 'deep/er/out') };
    expect(await write(at, image, ['a:1'], 'deep/er/out')).toEqual({ ...published, changed: true });
    expect(reads(at)).toBe(2);
    const before = snapshot(at.folder);
    expect(await write(at, image, ['a:1'], 'deep/er/out')).toEqual({ ...published, changed: false });
    expect(reads(at)).toBe(2);
    expect(snapshot(at.folder)).toEqual(before);
    expect(readdirSync(join(at.folder, 'deep/er'))).toEqual(['out']);
  });

  it('is replaced by another image, whose old blobs go', async () => {
    const at = stage();
    await write(at, await imageSaying(at, 'one', 'two'));
    const image = await imageSaying(at, 'one', 'three');
    expect(await write(at, image)).toMatchObject({ changed: true });
    const fresh = stage();
    await write(fresh, await imageSaying(fresh, 'one', 'three'));
    if (kind === 'dir') expect(readdirSync(join(at.folder, 'out/app'))).toEqual(['one', 'three']);
    else if (kind !== 'oci')
      expect(readFileSync(join(at.folder, 'out')).equals(readFileSync(join(fresh.folder, 'out')))).toBe(true);
    else expect(snapshot(join(at.folder, 'out'))).toEqual(snapshot(join(fresh.folder, 'out')));
  });

  it('is the same bytes wherever it is written', async () => {
    const [one, two] = [stage(), stage()];
    await write(one, await imageSaying(one, 'one', 'two'));
    const umask = process.umask(0o077);
    try {
      await write(two, await imageSaying(two, 'one', 'two'));
    } finally {
      process.umask(umask);
    }
    const of = ({ folder }: Stage): unknown =>
      kind === 'oci' || kind === 'dir'
        ? snapshot(join(folder, 'out'))
        : digestOf(readFileSync(join(folder, 'out')));
    expect(of(two)).toEqual(of(one));
  });

  it('keeps the old image when a layer is damaged', async () => {
    const at = stage();
    await write(at, await imageSaying(at, 'one'));
    const before = snapshot(at.folder, 'out'.slice(0, kind === 'oci' || kind === 'dir' ? 3 : 0));
    const image = await imageSaying(at, 'one', 'two', 'three');
    const { path } = localBlob(image.layers[1]!);
    const bytes = readFileSync(path);
    bytes[bytes.length - 9]! ^= 1;
    writeFileSync(path, bytes);
    expect(await codeOf(() => write(at, image))).toBe('HASH_MISMATCH');
    for (const [name, digest] of Object.entries(before)) {
      if (name === 'out' || name.startsWith('out/')) expect(snapshot(at.folder)[name]).toBe(digest);
    }
    expect(readdirSync(at.folder).sort()).toEqual(['cache', 'out']);
  });

  it('keeps the old image when a layer is gone or cut off', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one');
    writeFileSync(localBlob(image.layers[0]!).path, 'short');
    expect(await codeOf(() => write(at, image))).toBe('HASH_MISMATCH');
    at.cache.discardBlob(image.layers[0]!.digest);
    expect(await codeOf(() => write(at, image))).toMatch(/HASH_MISMATCH|ENOENT/);
    expect(readdirSync(at.folder)).toEqual(['cache']);
  });

  it('keeps the old image when it is interrupted', async () => {
    const at = stage();
    await write(at, await imageSaying(at, 'one'));
    const before = snapshot(at.folder)['out'];
    const image = await imageSaying(at, 'two', 'three');
    at.controller.abort();
    await expect(write(at, image)).rejects.toThrow(/abort/i);
    expect(snapshot(at.folder)['out']).toBe(before);
    expect(readdirSync(at.folder).sort()).toEqual(['cache', 'out']);
  });

  it('refuses what is not ours, and touches nothing', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one');
    mkdirSync(join(at.folder, 'theirs'));
    writeFileSync(join(at.folder, 'theirs/precious'), 'x');
    writeFileSync(join(at.folder, 'file'), 'precious');
    const before = snapshot(at.folder);
    for (const name of ['theirs', 'file']) {
      expect(await codeOf(() => write(at, image, ['a:1'], name))).toMatch(/^DESTINATION_(NOT_OURS|INVALID)$/);
    }
    expect(snapshot(at.folder)).toEqual(before);
  });

  it('fills an empty directory or file', async () => {
    const at = stage();
    if (kind === 'oci' || kind === 'dir') mkdirSync(join(at.folder, 'out'));
    else writeFileSync(join(at.folder, 'out'), '');
    expect(await write(at, await imageSaying(at, 'one'))).toMatchObject({ changed: true });
  });

  it('follows a link that stands for it, and keeps the link', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one');
    await write(at, image, ['a:1'], 'real');
    symlinkSync('real', join(at.folder, 'link'));
    expect(await write(at, image, ['a:1'], 'link')).toMatchObject({ changed: false });
    expect(await write(at, await imageSaying(at, 'two'), ['a:1'], 'link')).toMatchObject({ changed: true });
    expect(readdirSync(at.folder).sort()).toEqual(['cache', 'link', 'real']);
    expect(await write(at, await imageSaying(at, 'two'), ['a:1'], 'real')).toMatchObject({ changed: false });
  });

  it('sweeps what a killed run left, once it is old', async () => {
    const at = stage();
    const left = ['1', '2'].map((pid) =>
      join(at.folder, `.out.bivy-${pid}-00000000-0000-0000-0000-000000000000`),
    );
    for (const path of left) mkdirSync(path);
    utimesSync(left[0]!, 1, 1);
    await write(at, await imageSaying(at, 'one'));
    expect(left.map((path) => existsSync(path))).toEqual([false, true]);
  });

  it('knows how many platforms it holds', async () => {
    const at = stage();
    const images = [imageOf([], {}, 'linux/amd64'), imageOf([], {}, 'linux/arm64')];
    const index = assembleIndex(images);
    const destination = await parseDestination(`${kind}:${join(at.folder, 'out')}`);
    const done = codeOf(() => destination.write(index, ['a:1'], at.context));
    expect(await done).toBe(kind.startsWith('oci') ? 'none' : 'DESTINATION_INVALID');
    if (kind !== 'oci') return;
    const { manifests } = JSON.parse(readFileSync(join(at.folder, 'out/index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    expect(manifests).toMatchObject([
      { digest: index.indexDigest, mediaType: 'application/vnd.oci.image.index.v1+json' },
    ]);
    expect(readdirSync(join(at.folder, 'out/blobs/sha256'))).toHaveLength(5);
  });
});

describe('a layout', () => {
  const write = async (at: Stage, image: BuiltImage, tags: string[] = ['a:1']) =>
    (await parseDestination(`oci:${join(at.folder, 'out')}`)).write(image, tags, at.context);

  it('copies only the blobs that it lacks', async () => {
    const at = stage();
    await write(at, await imageSaying(at, 'one', 'two'));
    at.events.length = 0;
    const image = await imageSaying(at, 'one', 'three');
    await write(at, image);
    expect(at.events.filter(({ type }) => type === 'blob-read')).toMatchObject([
      { digest: image.layers[1]!.digest },
    ]);
  });

  it('copies again what a power cut tore', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one', 'two');
    await write(at, image);
    const blob = join(at.folder, 'out/blobs/sha256', hexOf(image.layers[1]!.digest));
    writeFileSync(blob, '');
    expect(await write(at, image)).toMatchObject({ changed: true });
    expect(digestOf(readFileSync(blob))).toBe(image.layers[1]!.digest);
  });

  it('names its image once a tag', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one');
    await write(at, image, ['a:1', 'team/b:1', 'a:2', 'a:1']);
    const { manifests } = JSON.parse(readFileSync(join(at.folder, 'out/index.json'), 'utf8')) as {
      manifests: { annotations: object }[];
    };
    expect(manifests.map(({ annotations }) => annotations)).toEqual([
      { 'io.containerd.image.name': 'docker.io/library/a:1', 'org.opencontainers.image.ref.name': '1' },
      { 'io.containerd.image.name': 'docker.io/team/b:1' },
      { 'io.containerd.image.name': 'docker.io/library/a:2', 'org.opencontainers.image.ref.name': '2' },
    ]);
    expect(await write(at, image, [])).toMatchObject({ changed: true });
    expect(await codeOf(() => write(at, image, ['NOT A NAME']))).toBe('USAGE');
  });

  it('that somebody else changed is no longer ours', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one');
    await write(at, image);
    const path = join(at.folder, 'out/index.json');
    const index = JSON.parse(readFileSync(path, 'utf8')) as { manifests: object[] };
    writeFileSync(path, JSON.stringify({ ...index, manifests: [...index.manifests, index.manifests[0]] }));
    const before = snapshot(at.folder);
    expect(await codeOf(() => write(at, image))).toBe('DESTINATION_NOT_OURS');
    expect(snapshot(at.folder)).toEqual(before);
    // The same index, laid out otherwise, is the same index.
    writeFileSync(path, JSON.stringify(index, null, 2));
    expect(await write(at, image)).toMatchObject({ changed: true });
  });

  it('keeps what is not a blob of an image', async () => {
    const at = stage();
    await write(at, await imageSaying(at, 'one'));
    writeFileSync(join(at.folder, 'out/blobs/sha256/README'), 'x');
    writeFileSync(join(at.folder, 'out/notes'), 'x');
    await write(at, await imageSaying(at, 'two'));
    expect(existsSync(join(at.folder, 'out/blobs/sha256/README'))).toBe(true);
    expect(existsSync(join(at.folder, 'out/notes'))).toBe(true);
  });

  it('that was begun in an empty directory is taken up again', async () => {
    const at = stage();
    mkdirSync(join(at.folder, 'out'));
    const image = await imageSaying(at, 'one', 'two');
    const { path } = localBlob(image.layers[1]!);
    renameSync(path, `${path}.away`);
    expect(await codeOf(() => write(at, image))).toBe('HASH_MISMATCH');
    renameSync(`${path}.away`, path);
    expect(await write(at, image)).toMatchObject({ changed: true });
  });
});

describe('an archive', () => {
  it('is a layout in a tar, with a manifest for Docker', async () => {
    const at = stage();
    const image = await imageSaying(at, 'one', 'two', 'one');
    const path = join(at.folder, 'out.tar');
    await (await parseDestination(`docker-archive:${path}`)).write(
      image,
      ['a:1', 'a:1', 'example.com/b'],
      at.context,
    );
    const members: string[] = [];
    let manifest = '';
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield readFileSync(path);
    }
    for await (const entry of readTar(bytes())) {
      members.push(entry.path);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry.content) chunks.push(Buffer.from(chunk));
      const content = Buffer.concat(chunks);
      if (entry.path === 'manifest.json') manifest = content.toString();
      if (entry.path.startsWith('blobs/')) expect(digestOf(content)).toBe(`sha256:${entry.path.slice(-64)}`);
      expect(entry).toMatchObject({ mode: 0o644, uid: 0, gid: 0 });
    }
    const blob = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;
    expect(members).toEqual([
      'oci-layout',
      'index.json',
      'manifest.json',
      blob(image.manifestDigest),
      blob(image.configDigest),
      blob(image.layers[0]!.digest),
      blob(image.layers[1]!.digest),
    ]);
    expect(JSON.parse(manifest)).toEqual([
      {
        Config: blob(image.configDigest),
        RepoTags: ['a:1', 'example.com/b:latest'],
        Layers: image.layers.map(({ digest }) => blob(digest)),
      },
    ]);
    expect(statSync(path).size % 512).toBe(0);
  });

  it('is not written over a tar of another tool', async () => {
    const at = stage();
    const path = join(at.folder, 'out.tar');
    const other = await layerOf(
      at,
      [
        { path: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
        { path: 'index.json', body: '{"manifests":[]}' },
      ],
      { compression: 'none' },
    );
    writeFileSync(path, readFileSync(localBlob(other).path));
    const destination = await parseDestination(`oci-archive:${path}`);
    expect(await codeOf(() => destination.check(at.context))).toBe('DESTINATION_NOT_OURS');
    expect(await codeOf(async () => destination.write(await imageSaying(at, 'x'), [], at.context))).toBe(
      'DESTINATION_NOT_OURS',
    );
  });
});

describe('a destination', () => {
  it.each([
    ['ocii:x', /did you mean `oci:x`/],
    ['oci-archve:a:b', /did you mean `oci-archive:a:b`/],
    ['dokcer', /did you mean `docker`/],
    ['regestry', /did you mean `registry`/],
    ['', /write one of/],
    ['oci', /write it as `oci:DIR`/],
    ['dir:', /write it as `dir:DIR`/],
    ['docker:x', /--tag/],
    ['toString:x', /write one of/],
  ])('is not %j', async (text, hint) => {
    await expect(parseDestination(text)).rejects.toMatchObject({
      code: 'DESTINATION_INVALID',
      hint: expect.stringMatching(hint),
    });
  });

  it('may have colons in its path', async () => {
    const at = stage();
    const folder = scratch();
    const image = await imageSaying(at, 'one');
    const path = join(folder, 'a:b c');
    expect(await (await parseDestination(`oci:${path}`)).write(image, [], at.context)).toMatchObject({
      path,
    });
    expect(readdirSync(folder)).toEqual(['a:b c']);
  });
});
