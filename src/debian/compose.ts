// Packages to parts: their files laid into one tree with `/usr` merged, trimmed, completed by what their maintainer
// scripts would have made, and described where scanners look. Pure but for reading contents that the result depends on.

import * as fs from 'node:fs';
import { posix } from 'node:path';
import { BivyError } from '../kernel/errors.ts';
import { fillFrom } from '../kernel/file-system.ts';
import type { Content, Entry, FileEntry, Part } from '../layers/entry.ts';
import type { Architecture } from './architecture.ts';
import type { LaidPackage } from './debs.ts';
import { type ExtractedEntry, type ExtractedFile, mergedPath } from './extract.ts';
import { findLibraries } from './libraries.ts';
import { writeLoaderCache } from './loader-cache.ts';
import type { DebianRelease } from './suite.ts';
import {
  bytesFile,
  COPIES,
  joinCertificates,
  mergedLinks,
  RUN_LINKS,
  systemFiles,
  textFile,
} from './system-files.ts';
import { createTree, parentOf, type Tree } from './tree.ts';
import { isTrimmed } from './trim.ts';

export interface Composition {
  readonly release: DebianRelease;
  readonly architecture: Architecture;
  /** Packages that are not trimmed by rows of their own. */
  readonly whole: readonly string[];
}

/** The part of what no package ships. */
const OWN = 'bivy';

/** @throws BivyError `DEBIAN_PACKAGE` where packages contradict each other */
export function composeTree(laid: readonly LaidPackage[], composition: Composition): readonly Part[] {
  const { release, architecture, whole } = composition;
  const tree = createTree(sameContent);
  const sonames = new Map<string, string>();
  for (const entry of [...mergedLinks(architecture.tuple), ...RUN_LINKS]) tree.add(entry, OWN);

  // `base-files` first: the standing directories get its modes and owners.
  const ordered = [...laid].sort((a, b) => rank(a) - rank(b));
  for (const one of ordered) layPackage(one, tree, sonames);
  const certificates = readCertificates(tree);
  for (const entry of systemFiles(release, certificates)) addMissing(tree, entry);
  for (const { from, to } of COPIES) {
    const source = tree.get(from);
    if (source?.kind === 'file') addMissing(tree, { ...source, path: to });
  }
  addLoaderCache(tree, architecture, sonames);
  trim(tree, whole);
  for (const one of ordered) addStatus(tree, one);
  addParents(tree);
  return toParts(tree, ordered);
}

function rank({ package: { name } }: LaidPackage): number {
  return name === 'base-files' ? 0 : 1;
}

function layPackage(
  { package: { name }, deb, blob }: LaidPackage,
  tree: Tree,
  sonames: Map<string, string>,
): void {
  const content = ({ offset }: ExtractedFile): Content => ({ kind: 'slice', path: blob.path, offset });
  const files = new Map<string, ExtractedFile>();
  for (const entry of deb.entries) {
    if (entry.kind === 'file') {
      const { soname, offset: _, ...common } = entry;
      files.set(entry.path, entry);
      tree.add({ ...common, content: content(entry) }, name);
      if (soname !== undefined) sonames.set(tree.place(entry.path, false), soname);
    } else if (entry.kind === 'hardlink') {
      // Trimming may take a hard link's file away, so each gets the content; the ones that stay are joined again.
      const target = files.get(entry.target);
      if (target === undefined)
        throw new BivyError('ARCHIVE_INVALID', `\`${name}\`: \`/${entry.path}\` is a hard link to nothing`);
      files.set(entry.path, target);
      tree.add(
        {
          kind: 'file',
          path: entry.path,
          mode: target.mode,
          uid: target.uid,
          gid: target.gid,
          size: target.size,
          content: content(target),
        },
        name,
      );
    } else tree.add(moved(entry, tree), name);
  }
}

/** A link that climbs out of the directory from which its package was moved (`lib` to `usr/lib`) is made absolute. */
function moved(entry: Exclude<ExtractedEntry, ExtractedFile>, tree: Tree): Entry {
  const { path, mode, uid, gid, target } = entry;
  if (entry.kind !== 'symlink') return { kind: 'directory', path, mode, uid, gid };
  const place = tree.place(path, false);
  const meant = posix.join('/', parentOf(path), target);
  const found = posix.join('/', parentOf(place), target);
  const kept = target.startsWith('/') || found === meant || found === `/${mergedPath(meant.slice(1))}`;
  return { kind: 'symlink', path, mode, uid, gid, target: kept ? target : meant };
}

function addMissing(tree: Tree, entry: Entry): void {
  if (tree.get(tree.place(entry.path, false)) === undefined) tree.add(entry, OWN);
}

function readCertificates(tree: Tree): Buffer {
  const root = 'usr/share/ca-certificates';
  const found: [string, Buffer][] = [];
  for (const directory of tree.list(root)) {
    for (const name of tree.list(`${root}/${directory}`)) {
      const path = `${root}/${directory}/${name}`;
      const entry = tree.get(path);
      if (entry?.kind === 'file' && name.endsWith('.crt')) found.push([path, read(entry)]);
    }
  }
  return joinCertificates(found);
}

function addLoaderCache(tree: Tree, architecture: Architecture, sonames: ReadonlyMap<string, string>): void {
  const directory = 'etc/ld.so.conf.d';
  const configured = tree
    .list(directory)
    .filter((name) => name.endsWith('.conf'))
    .flatMap((name) => {
      const entry = tree.get(`${directory}/${name}`);
      return entry?.kind === 'file' ? read(entry).toString('utf8').split('\n') : [];
    })
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line.startsWith('/'));
  const { libraries, links } = findLibraries(tree, architecture, configured, (path) => sonames.get(path));
  for (const link of links) tree.add(link, OWN);
  tree.add(bytesFile('etc/ld.so.cache', writeLoaderCache(libraries, architecture)), OWN);
}

/** Takes away what `TRIMS` names, and the directories that hold nothing any more by that. */
function trim(tree: Tree, whole: readonly string[]): void {
  // Backwards, so that a directory comes after what it holds.
  for (const [owner, { path, kind }] of [...tree.all()].reverse()) {
    const of = whole.includes(owner) ? '*' : owner;
    const isOver = (inside: string): boolean => isTrimmed(inside, of) || isTrimmed(inside, '*');
    if (kind !== 'directory') {
      if (isTrimmed(path, of)) tree.remove(path);
    } else if (tree.list(path).length === 0 && isOver(`${path}/x`)) tree.remove(path);
  }
}

/** The package's own description, and the digests of those of its files that are there: where scanners look. */
function addStatus(tree: Tree, { package: { name }, deb }: LaidPackage): void {
  const directory = 'var/lib/dpkg/status.d';
  tree.add(textFile(`${directory}/${name}`, deb.control), OWN);
  const kept = deb.md5sums
    .split('\n')
    .filter((line) => tree.get(tree.place(line.slice(34), false)) !== undefined)
    .map((line) => `${line}\n`)
    .join('');
  if (kept !== '') tree.add(textFile(`${directory}/${name}.md5sums`, kept), OWN);
}

function addParents(tree: Tree): void {
  for (const [, { path }] of tree.all()) {
    for (
      let parent = parentOf(path);
      parent !== '' && tree.get(parent) === undefined;
      parent = parentOf(parent)
    ) {
      tree.add({ kind: 'directory', path: parent, mode: 0o755 }, OWN);
    }
  }
}

function toParts(tree: Tree, ordered: readonly LaidPackage[]): readonly Part[] {
  const parts = new Map<string, Entry[]>([
    [OWN, []],
    ...ordered.map((one): [string, Entry[]] => [one.package.name, []]),
  ]);
  const contents = new Map<string, string>();
  for (const [owner, entry] of tree.all()) {
    const entries = parts.get(owner)!;
    // Names of one content in one package were hard links.
    if (entry.kind === 'file' && entry.content.kind === 'slice' && entry.size > 0) {
      const key = `${owner}\0${entry.content.path}\0${entry.content.offset}`;
      const first = contents.get(key);
      if (first !== undefined) {
        const { path, mode, uid = 0, gid = 0 } = entry;
        entries.push({ kind: 'hardlink', path, mode, uid, gid, target: first });
        continue;
      }
      contents.set(key, entry.path);
    }
    entries.push(entry);
  }
  return [...parts].map(([name, entries]) => ({ name, entries }));
}

function sameContent(one: Content, other: Content, size: number): boolean {
  const entry = (content: Content): FileEntry => ({ kind: 'file', path: '', mode: 0, size, content });
  return read(entry(one)).equals(read(entry(other)));
}

function read({ content, size }: FileEntry): Buffer {
  if (content.kind === 'bytes') return Buffer.from(content.bytes);
  if (content.kind !== 'slice')
    throw new TypeError(`contents of the kind \`${content.kind}\` are not read here`);
  const bytes = Buffer.alloc(size);
  const file = fs.openSync(content.path, 'r');
  try {
    if (fillFrom(file, bytes, content.offset) < size) {
      throw new BivyError('INTERNAL', `\`${content.path}\` ends before byte ${content.offset + size}`, {
        hint: 'run the command again',
      });
    }
  } finally {
    fs.closeSync(file);
  }
  return bytes;
}
