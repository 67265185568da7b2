// A merged tree of values to files on this disk: owners where this user may set them, modes whatever the umask, times.

import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../kernel/context.ts';
import type { DirectoryNode, FileTree, Inode } from '../filesystem.ts';

/**
 * Lays a tree out under `root`, which must not exist. What this user may not do (owners, devices) is said once.
 * @param contentOf the file that holds a regular file's content, by its inode's note; it is moved from there
 */
export function layTree(
  tree: FileTree,
  root: string,
  contentOf: (note: unknown) => string,
  { emit, signal }: Context,
): void {
  const user = process.geteuid?.();
  const owner = user === 0;
  const directories: (readonly [string, DirectoryNode])[] = [[root, tree.root]];
  const placed = new Map<Inode, string>();
  let foreign = 0;
  let devices = 0;
  mkdirSync(root, 0o700);
  for (const [name, node] of tree.nodes()) {
    signal.throwIfAborted();
    const path = join(root, name);
    if (node.kind === 'directory') {
      mkdirSync(path, 0o700);
      directories.push([path, node]);
    } else if (node.kind === 'symlink') {
      symlinkSync(node.target, path);
      if (owner) lchownSync(path, node.uid, node.gid);
      lutimesSync(path, node.mtime, node.mtime);
    } else if (node.inode.kind !== 'file') {
      devices += 1;
    } else {
      const { inode } = node;
      const first = placed.get(inode);
      if (first !== undefined) {
        linkSync(first, path);
        continue;
      }
      placed.set(inode, path);
      renameSync(contentOf(inode.note), path);
      if (owner) chownSync(path, inode.uid, inode.gid);
      else if (inode.uid !== user) foreign += 1;
      chmodSync(path, inode.mode);
      utimesSync(path, inode.mtime, inode.mtime);
    }
  }
  // Once they are full: a directory that may not be written to would refuse its files, and each of them sets its time.
  for (const [path, node] of directories.reverse()) {
    if (owner) chownSync(path, node.uid, node.gid);
    chmodSync(path, node.mode);
    utimesSync(path, node.mtime, node.mtime);
  }
  if (foreign > 0) {
    emit({
      type: 'note',
      message: `${foreign} files belong to you and not to the image's users: only root may give files away`,
    });
  }
  if (devices > 0) emit({ type: 'note', message: `${devices} devices of the image were left out` });
}

/** Removes a tree, also one whose directories may not be written to. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOTEMPTY') throw error;
    openDirectories(path);
    rmSync(path, { recursive: true, force: true });
  }
}

function openDirectories(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path)) openDirectories(join(path, name));
}
