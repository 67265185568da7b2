// `oci:DIR`: an OCI layout in a directory (image-spec, image-layout.md). A directory that bivy wrote is brought up to
// date: new blobs by rename, then `index.json` by rename, then what it no longer names goes. Killed anywhere, it holds
// the old image or the new one, whole. Nothing is flushed: a file that a power cut tore has not its size, and is copied
// again.

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { hexOf } from '../../kernel/digest.ts';
import { BivyError } from '../../kernel/errors.ts';
import { makeDirectory } from '../../kernel/file-system.ts';
import type { Destination, Published } from '../destination.ts';
import type { BuiltImage, ImageIndex } from '../image.ts';
import { blobsOf, emptyIndex, indexJson, isOurs, LAYOUT_VERSION, type PublishedBlob } from './contents.ts';
import { copyPublished } from './copy.ts';
import { insideOf, siblingOf, sweep } from './sibling.ts';

const MAX_INDEX = 4 << 20;

/** @param path of the directory: absent, empty, or written by bivy */
export function ociLayout(path: string): Destination {
  return {
    async check(): Promise<void> {
      stateOf(resolve(path), path);
    },
    write: (image, tags, context) => writeLayout(resolve(path), path, image, tags, context),
  };
}

async function writeLayout(
  directory: string,
  path: string,
  image: BuiltImage | ImageIndex,
  tags: readonly string[],
  context: Context,
): Promise<Published> {
  const blobs = blobsOf(image);
  const index = indexJson(image, tags);
  const current = stateOf(directory, path);
  const name = `oci:${path}`;
  if (current === undefined && !existsSync(directory)) {
    const draft = siblingOf(directory);
    try {
      makeDirectory(join(draft, 'blobs', 'sha256'));
      await addBlobs(draft, blobs, name, context);
      writeFileSync(join(draft, 'oci-layout'), LAYOUT_VERSION);
      writeFileSync(join(draft, 'index.json'), index);
      renameSync(draft, directory);
      return { kind: 'oci', path, changed: true };
    } catch (error) {
      // Another build was first: what it wrote is brought up to date.
      if (!isTaken(error)) throw error;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    return writeLayout(directory, path, image, tags, context);
  }
  // An empty directory may be a mount, which cannot be replaced: it becomes a layout without images first.
  if (current === undefined) replaceFile(directory, 'index.json', emptyIndex());
  const missing = blobs.filter((blob) => !isPresent(directory, blob));
  if (missing.length === 0 && current?.equals(index) === true) return { kind: 'oci', path, changed: false };
  sweep(directory);
  makeDirectory(join(directory, 'blobs', 'sha256'));
  try {
    await addBlobs(directory, missing, name, context);
    replaceFile(directory, 'oci-layout', LAYOUT_VERSION);
    replaceFile(directory, 'index.json', index);
  } catch (error) {
    // As it was: nothing names what was added.
    for (const blob of missing) rmSync(blobPath(directory, blob), { force: true });
    throw error;
  }
  removeOthers(directory, blobs, index);
  // Another build into the same directory may have removed what its own image does not name.
  const lost = blobs.filter((blob) => !isPresent(directory, blob));
  if (lost.length > 0) await addBlobs(directory, lost, name, context);
  return { kind: 'oci', path, changed: true };
}

function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}

/** The `index.json` of a layout of ours; nothing where there is nothing. @throws BivyError `DESTINATION_NOT_OURS` */
function stateOf(directory: string, path: string): Buffer | undefined {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isDirectory()) throw notOurs(path, 'it is no directory');
  const index = join(directory, 'index.json');
  const size = statSync(index, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    if (readdirSync(directory).length === 0) return undefined;
    throw notOurs(path, 'it holds files and no image of bivy');
  }
  const bytes = size > MAX_INDEX ? undefined : readFileSync(index);
  if (bytes !== undefined && isOurs(bytes)) return bytes;
  throw notOurs(path, 'its `index.json` was written or changed by something else');
}

function notOurs(path: string, cause: string): BivyError {
  return new BivyError('DESTINATION_NOT_OURS', `\`oci:${path}\` would overwrite what bivy did not write`, {
    causes: [cause],
    hint: 'choose a directory that is empty or not there, or remove this one yourself',
  });
}

function blobPath(directory: string, { digest }: PublishedBlob): string {
  return join(directory, 'blobs', 'sha256', hexOf(digest));
}

function isPresent(directory: string, blob: PublishedBlob): boolean {
  return statSync(blobPath(directory, blob), { throwIfNoEntry: false })?.size === blob.size;
}

async function addBlobs(
  directory: string,
  blobs: readonly PublishedBlob[],
  name: string,
  context: Context,
): Promise<void> {
  for (const blob of blobs) {
    context.signal.throwIfAborted();
    const temporary = insideOf(directory);
    try {
      await copyPublished(blob, temporary, name, context);
      renameSync(temporary, blobPath(directory, blob));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }
}

function replaceFile(directory: string, file: string, bytes: Uint8Array): void {
  const temporary = insideOf(directory);
  try {
    writeFileSync(temporary, bytes, { flag: 'wx' });
    renameSync(temporary, join(directory, file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Removes blobs that the index does not name, unless it is another build's by now: then they may be that one's. */
function removeOthers(directory: string, blobs: readonly PublishedBlob[], index: Uint8Array): void {
  if (!readFileSync(join(directory, 'index.json')).equals(index)) return;
  const named = new Set(blobs.map((blob) => hexOf(blob.digest)));
  for (const hex of readdirSync(join(directory, 'blobs', 'sha256'))) {
    if (/^[0-9a-f]{64}$/.test(hex) && !named.has(hex)) {
      rmSync(join(directory, 'blobs', 'sha256', hex), { force: true });
    }
  }
}
