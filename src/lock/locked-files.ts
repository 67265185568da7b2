// Which files a lock names for a package: in the package (2.0 and later), under `[metadata.files]` by name (1.x, shared by
// all versions of that name: `filesOfVersion` divides them), or as mere hashes under `[metadata.hashes]` (Poetry 0.12).

import { failAt, isPresent, itemsOf, member, type Node, stringOf } from '../kernel/decode.ts';
import { compareVersions, formatVersion, parseVersion } from '../python/version.ts';
import { versionInFileName } from '../python/wheel-name.ts';
import type { LockedPackage } from './lock.ts';
import type { LockedFile, Source } from './plan.ts';

interface Owner {
  readonly name: string;
  readonly spelling: string;
  readonly source: Source;
  /** Lists that were read beforehand (`cutFileLists`); a package names its list by number. */
  readonly lists: readonly (readonly LockedFile[])[];
}

/** @throws BivyError with the document's code */
export function decodeFiles(
  node: Node,
  metadata: Node,
  owner: Owner,
): Pick<LockedPackage, 'files' | 'namelessHashes'> {
  const own = member(node, 'files');
  const list = typeof own.value === 'number' ? owner.lists[own.value] : undefined;
  if (list !== undefined) return { files: list, namelessHashes: [] };
  if (isPresent(own)) return { files: decodeFileList(own), namelessHashes: [] };
  const hashes = member(metadata, 'hashes');
  if (isPresent(hashes)) {
    const listed = itemsOf(memberOf(hashes, owner)).map((hash) => `sha256:${stringOf(hash)}`);
    return { files: [], namelessHashes: listed };
  }
  const { kind, url = '' } = owner.source;
  if (kind === 'git' || kind === 'directory' || kind === 'url') return { files: [], namelessHashes: [] };
  const files = decodeFileList(memberOf(member(metadata, 'files'), owner));
  const base = url.split('/').at(-1);
  return { files: kind === 'file' ? files.filter((file) => file.name === base) : files, namelessHashes: [] };
}

function memberOf(table: Node, { name, spelling }: Owner): Node {
  const node = member(table, spelling);
  const found = isPresent(node) ? node : member(table, name);
  if (!isPresent(found)) failAt(node, `is missing, though \`${spelling}\` is locked`);
  return found;
}

/** Thousands of them in a lock: nodes, which make messages, are made for those only that are wrong. */
function decodeFileList(node: Node): readonly LockedFile[] {
  if (!Array.isArray(node.value)) return itemsOf(node).map(decodeFile);
  return node.value.map((value: { file?: unknown; hash?: unknown } | null, key) => {
    const { file, hash } = value ?? {};
    if (typeof file === 'string' && typeof hash === 'string') return { name: file, hash };
    return decodeFile({ value, document: node.document, parent: node, key });
  });
}

function decodeFile(node: Node): LockedFile {
  return { name: stringOf(member(node, 'file')), hash: stringOf(member(node, 'hash')) };
}

/** Without those that are of another version; a name that tells no version stays. */
export function filesOfVersion({ name, version, source, files }: LockedPackage): readonly LockedFile[] {
  if (source.kind !== 'index' && source.kind !== 'legacy') return files;
  const usual = `-${formatVersion(version)}`;
  return files.filter((file) => {
    const wheel = file.name.endsWith('.whl');
    // The common case first: reading every name would take longer than all the rest.
    if (wheel && file.name.indexOf(`${usual}-`) === file.name.indexOf('-')) return true;
    const text = versionInFileName(file.name, name);
    const found = text === undefined ? undefined : parseVersion(text);
    return found === undefined || compareVersions(found, version) === 0;
  });
}
