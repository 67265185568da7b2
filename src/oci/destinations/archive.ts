// `oci-archive:FILE` and `docker-archive:FILE`: an OCI layout in one tar; the second has Docker's `manifest.json` as
// well, so that Docker's classic store, podman and containerd all load it. What says which image it is stands first:
// whether anything changed is seen without reading a layer.

import { closeSync, fstatSync, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import { BivyError } from '../../kernel/errors.ts';
import { fillFrom } from '../../kernel/file-system.ts';
import { decodeHeader } from '../../kernel/untar-header.ts';
import type { Destination, Published } from '../destination.ts';
import type { BuiltImage, ImageIndex } from '../image.ts';
import { blobsOf, imagesOf, indexJson, isOurs, LAYOUT_VERSION } from './contents.ts';
import { readPublished, writeAll } from './copy.ts';
import {
  ARCHIVE_END,
  blobName,
  dockerManifest,
  memberHeader,
  memberOf,
  memberPadding,
  memberSize,
} from './members.ts';
import { plainBlobs } from './plain.ts';
import { siblingOf } from './sibling.ts';

type Kind = 'oci-archive' | 'docker-archive';

const BLOCK = 512;
const MAX_INDEX = 4 << 20;

/** @param path of the file: absent, empty, or written by bivy */
export function imageArchive(kind: Kind, path: string): Destination {
  return {
    async check(): Promise<void> {
      refuseForeign(kind, path, targetOf(kind, path));
    },
    write: (image, tags, context) => writeArchive(kind, path, image, tags, context),
  };
}

async function writeArchive(
  kind: Kind,
  path: string,
  image: BuiltImage | ImageIndex,
  tags: readonly string[],
  context: Context,
): Promise<Published> {
  const target = targetOf(kind, path);
  refuseForeign(kind, path, target);
  // Docker's archives are of one image, and of nothing that speaks about it.
  const only = kind === 'docker-archive' ? onlyImage(path, image) : undefined;
  const content = only ?? image;
  const head = headOf(content, only, tags);
  const plain = only === undefined ? [] : await plainBlobs(only.layers, `${kind}:${path}`, context);
  const blobs = [...blobsOf(content), ...plain];
  const size = blobs.reduce((sum, blob) => sum + memberSize(blob.size), head.length);
  if (isSame(target, head, size + ARCHIVE_END.length)) return { kind, path, changed: false };

  const draft = siblingOf(target);
  try {
    const file = await open(draft, 'wx', 0o644);
    try {
      await writeAll(file, head);
      for (const blob of blobs) {
        await writeAll(file, memberHeader(blobName(blob), blob.size));
        for await (const chunk of readPublished(blob, `${kind}:${path}`, context)) {
          await writeAll(file, chunk);
        }
        await writeAll(file, memberPadding(blob.size));
      }
      await writeAll(file, ARCHIVE_END);
    } finally {
      await file.close();
    }
    renameSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
  return { kind, path, changed: true };
}

/** @throws BivyError `DESTINATION_INVALID` */
function onlyImage(path: string, image: BuiltImage | ImageIndex): BuiltImage {
  const [only, ...others] = imagesOf(image);
  if (only !== undefined && others.length === 0) return only;
  throw new BivyError(
    'DESTINATION_INVALID',
    `\`docker-archive:${path}\` holds one platform, not ${others.length + 1}`,
    {
      hint: 'use `oci-archive:FILE` for several platforms, or ask for one with `--platform`',
    },
  );
}

/**
 * The members before the blobs.
 * @param docker the image that Docker's own manifest names, if there is to be one
 */
function headOf(
  image: BuiltImage | ImageIndex,
  docker: BuiltImage | undefined,
  tags: readonly string[],
): Buffer {
  const members: (readonly [string, Uint8Array])[] = [
    ['oci-layout', LAYOUT_VERSION],
    ['index.json', indexJson(image, tags)],
  ];
  if (docker !== undefined) members.push(['manifest.json', dockerManifest(docker, tags)]);
  return Buffer.concat(members.map(([name, bytes]) => memberOf(name, bytes)));
}

/** The file itself, where the path is a link to it. @throws BivyError `DESTINATION_INVALID` */
function targetOf(kind: Kind, path: string): string {
  const found = statSync(resolve(path), { throwIfNoEntry: false });
  if (found === undefined) return resolve(path);
  if (found.isFile()) return realpathSync(resolve(path));
  throw new BivyError('DESTINATION_INVALID', `\`${kind}:${path}\` is not a file`, {
    hint: found.isDirectory() ? `name a file in it, as in \`${kind}:${path}/image.tar\`` : 'name a file',
  });
}

function refuseForeign(kind: Kind, path: string, target: string): void {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found === undefined || found.size === 0 || isArchiveOfOurs(target)) return;
  throw new BivyError(
    'DESTINATION_NOT_OURS',
    `\`${kind}:${path}\` would overwrite a file that bivy did not write`,
    {
      hint: 'choose another file, or remove this one yourself',
    },
  );
}

/** Whether a tar begins as bivy's do. */
function isArchiveOfOurs(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const first = decodeHeader(readAt(file, 0, BLOCK));
    if (typeof first === 'string' || first.path !== 'oci-layout' || first.size > BLOCK) return false;
    const second = decodeHeader(readAt(file, 2 * BLOCK, BLOCK));
    if (typeof second === 'string' || second.path !== 'index.json' || second.size > MAX_INDEX) return false;
    return isOurs(readAt(file, 3 * BLOCK, second.size));
  } finally {
    closeSync(file);
  }
}

function isSame(path: string, head: Buffer, size: number): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.size !== size) return false;
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).size === size && readAt(file, 0, head.length).equals(head);
  } finally {
    closeSync(file);
  }
}

/** Zeros where the file ends before. */
function readAt(file: number, at: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  fillFrom(file, bytes, at);
  return bytes;
}
