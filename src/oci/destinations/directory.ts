// `dir:DIR`: the merged file tree of an image. Layers are merged as values and their files put aside under numbers; then
// the tree is laid out anew beside its destination, by paths whose parents are directories that were just made: no link
// of an image is ever followed. Two renames publish it; a run that is killed between them is mended by the next.

import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { canonicalJson } from '../../kernel/digest.ts';
import { BivyError } from '../../kernel/errors.ts';
import { makeDirectory } from '../../kernel/file-system.ts';
import { readTar } from '../../kernel/untar.ts';
import { decompress, layerCompression } from '../blob.ts';
import type { Destination, Published } from '../destination.ts';
import { FileTree } from '../filesystem.ts';
import { type BuiltImage, type ImageIndex, localBlob } from '../image.ts';
import { imagesOf } from './contents.ts';
import { readPublished } from './copy.ts';
import { layTree, removeTree } from './file-tree.ts';
import { siblingOf } from './sibling.ts';

/** In the tree's root: which image it is, and that bivy made it. */
const MARKER = '.bivy.json';

/** @param path of the directory: absent, empty, or made by bivy */
export function directory(path: string): Destination {
  return {
    async check(): Promise<void> {
      recover(targetOf(path));
      stateOf(targetOf(path), path);
    },
    write: (image, _tags, context) => writeDirectory(path, image, context),
  };
}

async function writeDirectory(
  path: string,
  image: BuiltImage | ImageIndex,
  context: Context,
): Promise<Published> {
  const [only, ...others] = imagesOf(image);
  if (only === undefined || others.length > 0) {
    throw new BivyError(
      'DESTINATION_INVALID',
      `\`dir:${path}\` holds one platform, not ${others.length + 1}`,
      {
        hint: 'ask for one with `--platform`, or use `oci:DIR`',
      },
    );
  }
  const target = targetOf(path);
  recover(target);
  const marker = canonicalJson({ manifest: only.manifestDigest, version: 1 });
  const state = stateOf(target, path);
  if (state === marker) return { kind: 'dir', path, changed: false };

  const draft = siblingOf(target);
  try {
    makeDirectory(join(draft, 'files'));
    const root = join(draft, 'root');
    const tree = await mergeLayers(only, join(draft, 'files'), `dir:${path}`, context);
    if (tree.root.children.has(MARKER)) {
      throw new BivyError(
        'DESTINATION_INVALID',
        `the image has a file \`/${MARKER}\`, the name of bivy's own mark`,
        {
          hint: 'use `oci:DIR`, which keeps its marks outside of the image',
        },
      );
    }
    layTree(tree, root, (note) => join(draft, 'files', String(note)), context);
    writeFileSync(join(root, MARKER), marker);
    if (state === undefined) renameSync(root, target);
    else swap(root, target);
  } finally {
    removeTree(draft);
  }
  return { kind: 'dir', path, changed: true };
}

/** Each regular file's content goes to a file named by a number, which its inode notes. */
async function mergeLayers(
  image: BuiltImage,
  files: string,
  why: string,
  context: Context,
): Promise<FileTree> {
  const tree = new FileTree('the image');
  let count = 0;
  for (const [index, published] of image.layers.entries()) {
    const { digest, size } = published;
    const layer = { digest, size, ...localBlob(published) };
    const name = `layer ${index + 1}`;
    try {
      const compression = layerCompression(layer, name);
      const packed = readPublished(layer, why, context);
      tree.beginLayer();
      for await (const entry of readTar(decompress(packed, compression, name), { name })) {
        const inode = tree.apply(entry);
        if (inode === undefined) continue;
        inode.note = count++;
        await writeContent(join(files, String(inode.note)), entry.content);
      }
    } catch (error) {
      // A layer that makes no sense may be a damaged file: then that is the fault, and it can be made anew.
      for await (const _ of readPublished(layer, why, context));
      throw error;
    }
  }
  return tree;
}

async function writeContent(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = openSync(path, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
    }
  } finally {
    closeSync(file);
  }
}

/** The marker of a tree of ours, `''` for an empty directory, nothing where there is nothing. */
function stateOf(target: string, path: string): string | undefined {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isDirectory()) {
    const names = readdirSync(target);
    if (names.length === 0) return '';
    if (names.includes(MARKER)) return readFileSync(join(target, MARKER), 'utf8');
  }
  throw new BivyError('DESTINATION_NOT_OURS', `\`dir:${path}\` would replace what bivy did not make`, {
    causes: [found.isDirectory() ? `it has files, and no \`${MARKER}\`` : 'it is no directory'],
    hint: 'choose a directory that is empty or not there, or remove this one yourself',
  });
}

function swap(root: string, target: string): void {
  const previous = previousOf(target);
  removeTree(previous);
  try {
    renameSync(target, previous);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    throw new BivyError('DESTINATION_INVALID', `\`${target}\` cannot be replaced: it is a mount`, {
      hint: `name a directory in it, as in \`dir:${target}/rootfs\``,
    });
  }
  try {
    renameSync(root, target);
  } catch (error) {
    renameSync(previous, target);
    throw error;
  }
  removeTree(previous);
}

/** Puts back what a run that was killed between its two renames had put aside. */
function recover(target: string): void {
  const previous = previousOf(target);
  if (!existsSync(target) && existsSync(join(previous, MARKER))) renameSync(previous, target);
}

function previousOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.bivy-previous`);
}

/** The directory itself, where the path is a link to it. */
function targetOf(path: string): string {
  const target = resolve(path);
  return existsSync(target) ? realpathSync(target) : target;
}
