// Learning what a base image holds: reads its layers, proves that they are what they are called, and works out the facts.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { readTar } from '../kernel/untar.ts';
import { type BlobPlace, decompress, layerCompression, layerMediaType, meter, streamBlob } from './blob.ts';
import { parseEnv } from './config.ts';
import type { BaseFacts, PathFact } from './facts.ts';
import { FileTree, type Inode, type TreeNode } from './filesystem.ts';
import type { FoundImage, LocalLayer, RemoteLayer } from './found.ts';
import type { Inspection, LayerFact } from './inspect.ts';
import { spellPlatform } from './platform.ts';
import { type Learnt, probeFor } from './probe.ts';
import { findLibc, findPythons } from './pythons.ts';
import type { ImageConfig } from './spec.ts';

/** Bytes that one layer may unpack to: what is larger is a bomb, not an image. */
const MAX_LAYER = 256 * 2 ** 30;

/**
 * Reads all layers of a base, from the lowest.
 * @param imageName for messages
 * @param watched directories whose files are listed
 * @throws BivyError `BASE_INVALID` (a layer is not what it is called), `BASE_UNSUPPORTED`
 */
export async function learnBase(
  image: FoundImage<LocalLayer | RemoteLayer>,
  imageName: string,
  watched: readonly string[],
  context: Context,
): Promise<Inspection> {
  const tree = new FileTree(imageName);
  const layers: LayerFact[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const { digest } = layer;
    const name = `layer ${index + 1} of ${imageName}`;
    const place = await placeOf(layer);
    const compression = layerCompression(place, name);
    const mediaType = layerMediaType(compression);
    context.emit({ type: 'blob-read', digest: digest ?? name, why: 'what the base holds' });
    const packed = meter(streamBlob(place, context.signal));
    const plain = meter(decompress(packed.stream, compression, name));
    const unpacked = await applyLayer(tree, plain.stream, name);
    const diffId = plain.digest();
    const actual = packed.digest();
    expectDigest(name, actual, digest);
    expectDigest(`${name}, unpacked,`, diffId, image.config.rootfs.diff_ids[index]);
    layers.push({ digest: actual, diffId, size: place.size, mediaType, unpacked });
  }
  await probeLinked(tree, image, imageName, context);
  return { facts: factsOf(tree, image.config, watched), layers };
}

async function placeOf(layer: LocalLayer | RemoteLayer): Promise<BlobPlace> {
  return 'place' in layer ? layer.place : layer.open();
}

async function applyLayer(tree: FileTree, source: AsyncIterable<Uint8Array>, name: string): Promise<number> {
  tree.beginLayer();
  let unpacked = 0;
  for await (const entry of readTar(source, { name, total: MAX_LAYER })) {
    const inode = tree.apply(entry);
    unpacked += entry.size;
    const probe = inode === undefined ? undefined : probeFor(entry.path, entry.size);
    if (inode === undefined || probe === undefined) continue;
    for await (const chunk of entry.content) probe.feed(chunk);
    inode.note = probe.finish();
  }
  return unpacked;
}

/**
 * A telling file may have come under another of its names, as `bin/python3.6m` with `bin/python3.6` a hard link to it:
 * then its layer is read again.
 */
async function probeLinked(
  tree: FileTree,
  image: FoundImage<LocalLayer | RemoteLayer>,
  name: string,
  context: Context,
): Promise<void> {
  const missing = new Map<string, { readonly inode: Inode; readonly path: string }>();
  for (const [path, node] of tree.nodes()) {
    if (node.kind !== 'file') continue;
    const { inode } = node;
    if (inode.kind !== 'file' || inode.note !== undefined || inode.origin.path === path) continue;
    if (probeFor(path, inode.size) === undefined) continue;
    missing.set(`${inode.origin.layer} ${inode.origin.path}`, { inode, path });
  }
  for (const layer of new Set([...missing.values()].map(({ inode }) => inode.origin.layer))) {
    const place = await placeOf(image.layers[layer - 1]!);
    const plain = decompress(streamBlob(place, context.signal), layerCompression(place, name), name);
    for await (const entry of readTar(plain, { name, total: MAX_LAYER })) {
      const wanted = entry.kind === 'file' ? missing.get(`${layer} ${entry.path}`) : undefined;
      const probe = wanted === undefined ? undefined : probeFor(wanted.path, entry.size);
      if (wanted === undefined || probe === undefined) continue;
      for await (const chunk of entry.content) probe.feed(chunk);
      wanted.inode.note = probe.finish();
    }
  }
}

function expectDigest(name: string, actual: Digest, expected: Digest | undefined): void {
  if (expected === undefined || actual === expected) return;
  throw new BivyError('BASE_INVALID', `${name} is not what it is called`, {
    causes: [`its bytes are \`${actual}\``, `expected \`${expected}\``],
    hint: 'copy or save the image again',
  });
}

function factsOf(tree: FileTree, config: ImageConfig, watched: readonly string[]): BaseFacts {
  const { root } = tree;
  const paths: [string, PathFact][] = [['', [root.mode, root.uid, root.gid]]];
  const files: [string, Inode][] = [];
  const names = new Map<Inode, number>();
  let unpacked = 0;
  for (const [path, node] of tree.nodes()) {
    if (node.kind === 'directory') paths.push([path, [node.mode, node.uid, node.gid]]);
    else if (node.kind === 'symlink') paths.push([path, [node.mode, node.uid, node.gid, node.target]]);
    else {
      const count = names.get(node.inode) ?? 0;
      names.set(node.inode, count + 1);
      if (count === 0) unpacked += node.inode.size;
      if (watched.some((directory) => path.startsWith(`${directory}/`))) files.push([path, node.inode]);
    }
  }
  const env = parseEnv(config.config?.Env ?? []);
  const pythons = findPythons(tree, config.architecture, env);
  const libc = findLibc(tree, config.architecture, pythons);
  const passwd = textAt(tree, 'etc/passwd');
  const group = textAt(tree, 'etc/group');
  return {
    platform: spellPlatform(config),
    pythons,
    ...(libc === undefined ? {} : { libc }),
    ...(passwd === undefined ? {} : { passwd }),
    ...(group === undefined ? {} : { group }),
    env: Object.fromEntries(env),
    user: config.config?.User ?? '',
    workdir: config.config?.WorkingDir ?? '',
    paths: Object.fromEntries(paths),
    // A file that has other names stays when one of them goes.
    files: Object.fromEntries(files.map(([path, inode]) => [path, names.get(inode) === 1 ? inode.size : 0])),
    unpacked,
  };
}

function textAt(tree: FileTree, path: string): string | undefined {
  const learnt = learntOf(tree.lookup(path)?.node);
  return learnt?.kind === 'text' ? learnt.text : undefined;
}

function learntOf(node: TreeNode | undefined): Learnt | undefined {
  return node?.kind === 'file' ? (node.inode.note as Learnt | undefined) : undefined;
}
