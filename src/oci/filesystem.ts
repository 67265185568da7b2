// The file tree that layers make, one applied over the other: image-spec, layer.md "Applying Changesets", and overlayfs
// where the spec is silent. Metadata only: what a file holds is the business of whoever feeds the entries.

import { BivyError } from '../kernel/errors.ts';
import type { TarEntry } from '../kernel/untar.ts';

/** A file of any kind but directory and symbolic link; hard links share one. */
export interface Inode {
  readonly kind: 'file' | 'character' | 'block' | 'fifo';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** The entry that brought its content. */
  readonly origin: { readonly layer: number; readonly path: string };
  /** What the feeder learnt from the content. */
  note?: unknown;
}

interface FileNode {
  readonly kind: 'file';
  readonly layer: number;
  readonly inode: Inode;
}

interface LinkNode {
  readonly kind: 'symlink';
  readonly layer: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly target: string;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  layer: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  readonly children: Map<string, TreeNode>;
}

export type TreeNode = FileNode | LinkNode | DirectoryNode;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const MAX_LINKS = 40;
const MAX_NODES = 4_000_000;

/** Layers go in one after the other, lowest first: `beginLayer`, then each entry in the tar's order. */
export class FileTree {
  readonly root: DirectoryNode = emptyDirectory(0);
  readonly #name: string;
  #layer = 0;
  #nodes = 0;

  /** @param name of the image, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  /** Layers are counted from 1. */
  beginLayer(): void {
    this.#layer += 1;
  }

  /**
   * @returns the file that the entry's content belongs to, for regular files
   * @throws BivyError `BASE_INVALID`
   */
  apply(entry: Omit<TarEntry, 'content'>): Inode | undefined {
    const { path, kind } = entry;
    if (path === '') {
      Object.assign(this.root, ownership(entry), { layer: this.#layer });
      return undefined;
    }
    if (++this.#nodes > MAX_NODES) throw this.#invalid(`it has more than ${MAX_NODES} entries`);
    const parts = path.split('/');
    const name = parts.pop()!;
    if (name.startsWith(WHITEOUT)) {
      this.#whiteOut(parts, name);
      return undefined;
    }
    const parent = this.#enter(parts);
    const existing = parent.children.get(name);
    if (kind === 'directory') {
      if (existing?.kind === 'directory') Object.assign(existing, ownership(entry), { layer: this.#layer });
      else parent.children.set(name, { ...emptyDirectory(this.#layer), ...ownership(entry) });
      return undefined;
    }
    if (kind === 'symlink') {
      const link: LinkNode = {
        kind,
        layer: this.#layer,
        ...ownership(entry),
        target: entry.target,
      };
      parent.children.set(name, link);
      return undefined;
    }
    if (kind === 'hardlink') {
      const target = this.#child(entry.target);
      if (target?.kind === 'symlink') {
        // GNU tar writes hard links of symbolic links; the second is one like the first.
        parent.children.set(name, { ...target, layer: this.#layer });
        return undefined;
      }
      if (target?.kind !== 'file') {
        throw this.#invalid(`\`${path}\` is a hard link to \`${entry.target}\`, which is not there`);
      }
      parent.children.set(name, { kind: 'file', layer: this.#layer, inode: target.inode });
      return undefined;
    }
    const origin = { layer: this.#layer, path };
    const inode: Inode = { kind, ...ownership(entry), size: entry.size, origin };
    parent.children.set(name, { kind: 'file', layer: this.#layer, inode });
    return kind === 'file' ? inode : undefined;
  }

  /** The node at a path once links are followed, the last one too; as a process in the image would see it. */
  lookup(path: string): { readonly path: string; readonly node: TreeNode } | undefined {
    let left = partsOf(path);
    const trail: { name: string; node: DirectoryNode }[] = [];
    for (let links = 0; ; ) {
      const here = trail.at(-1)?.node ?? this.root;
      const name = left.shift();
      if (name === undefined) return { path: spell(trail), node: here };
      if (name === '..') {
        trail.pop();
        continue;
      }
      const node = here.children.get(name);
      if (node === undefined) return undefined;
      if (node.kind === 'directory') {
        trail.push({ name, node });
      } else if (node.kind === 'symlink') {
        if (++links > MAX_LINKS) return undefined;
        if (node.target.startsWith('/')) trail.length = 0;
        left = [...partsOf(node.target), ...left];
      } else {
        const prefix = spell(trail);
        return left.length > 0 ? undefined : { path: prefix === '' ? name : `${prefix}/${name}`, node };
      }
    }
  }

  /** Every node below the root with its path, directories before what they hold, names in code unit order. */
  *nodes(): Generator<readonly [path: string, node: TreeNode]> {
    const stack: (readonly [string, TreeNode])[] = [['', this.root]];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [path, node] = next;
      if (node !== this.root) yield next;
      if (node.kind !== 'directory') continue;
      const names = [...node.children.keys()].sort();
      for (const name of names.reverse()) {
        stack.push([path === '' ? name : `${path}/${name}`, node.children.get(name)!]);
      }
    }
  }

  /** A whiteout takes away what lower layers have, never what its own layer brings, whatever the order. */
  #whiteOut(parts: readonly string[], name: string): void {
    const parent = this.#descend(parts);
    if (parent === undefined) return;
    if (name === OPAQUE) {
      for (const [key, node] of parent.children) this.#removeLower(parent, key, node);
      return;
    }
    // `.wh..wh.` is what AUFS kept for itself.
    const target = name.slice(WHITEOUT.length);
    if (target.startsWith(WHITEOUT) || target === '') return;
    const node = parent.children.get(target);
    if (node !== undefined) this.#removeLower(parent, target, node);
  }

  #removeLower(parent: DirectoryNode, name: string, node: TreeNode): void {
    if (node.kind === 'directory') {
      for (const [key, child] of node.children) this.#removeLower(node, key, child);
      if (node.children.size > 0 || node.layer === this.#layer) return;
    } else if (node.layer === this.#layer) return;
    parent.children.delete(name);
  }

  /** The directory of an entry, made where it is missing. */
  #enter(parts: readonly string[]): DirectoryNode {
    let left = [...parts];
    const trail: DirectoryNode[] = [];
    for (let links = 0; ; ) {
      const here = trail.at(-1) ?? this.root;
      const name = left.shift();
      if (name === undefined) return here;
      if (name === '..') {
        trail.pop();
        continue;
      }
      let node = here.children.get(name);
      if (node?.kind === 'symlink' && node.layer === this.#layer) {
        if (++links > MAX_LINKS) throw this.#invalid(`links go round in circles at \`${parts.join('/')}\``);
        if (node.target.startsWith('/')) trail.length = 0;
        left = [...partsOf(node.target), ...left];
        continue;
      }
      if (node?.kind !== 'directory') {
        // Over a link or a file of a lower layer, overlayfs shows the directory that the upper layer was unpacked to.
        node = emptyDirectory(this.#layer);
        if (++this.#nodes > MAX_NODES) throw this.#invalid(`it has more than ${MAX_NODES} entries`);
        here.children.set(name, node);
      }
      trail.push(node);
    }
  }

  /** A node by its path as it stands, no links followed. */
  #child(path: string): TreeNode | undefined {
    const parts = path.split('/');
    const name = parts.pop()!;
    return this.#descend(parts)?.children.get(name);
  }

  #descend(parts: readonly string[]): DirectoryNode | undefined {
    let here: DirectoryNode = this.root;
    for (const part of parts) {
      const next = here.children.get(part);
      if (next?.kind !== 'directory') return undefined;
      here = next;
    }
    return here;
  }

  #invalid(fault: string): BivyError {
    return new BivyError('BASE_INVALID', `the layers of ${this.#name} do not fit together: ${fault}`);
  }
}

function emptyDirectory(layer: number): DirectoryNode {
  return { kind: 'directory', layer, mode: 0o755, uid: 0, gid: 0, mtime: 0, children: new Map() };
}

function ownership({ mode, uid, gid, mtime }: Omit<TarEntry, 'content'>): {
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
} {
  return { mode, uid, gid, mtime };
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function spell(trail: readonly { readonly name: string }[]): string {
  return trail.map(({ name }) => name).join('/');
}
