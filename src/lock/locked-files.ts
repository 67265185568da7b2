// Which files a lock names for a package: in the package (2.0 and later), under `[metadata.files]` by name (1.x, shared by
// all versions of that name), or as mere hashes under `[metadata.hashes]` (Poetry 0.12).

import { failAt, isPresent, itemsOf, member, type Node, stringOf } from '../kernel/decode.ts';
import { compareVersions, parseVersion, type Version } from '../python/version.ts';
import { versionInFileName } from '../python/wheel-name.ts';
import type { LockedPackage } from './lock.ts';
import type { LockedFile, Source } from './plan.ts';

interface Owner {
  readonly name: string;
  readonly spelling: string;
  readonly version: Version;
  readonly source: Source;
}

/** @throws BivyError with the document's code */
export function decodeFiles(
  node: Node,
  metadata: Node,
  owner: Owner,
): Pick<LockedPackage, 'files' | 'namelessHashes'> {
  const own = member(node, 'files');
  if (isPresent(own)) return { files: ofVersion(itemsOf(own).map(decodeFile), owner), namelessHashes: [] };
  const hashes = member(metadata, 'hashes');
  if (isPresent(hashes)) {
    const listed = itemsOf(memberOf(hashes, owner)).map((hash) => `sha256:${stringOf(hash)}`);
    return { files: [], namelessHashes: listed };
  }
  const { kind, url = '' } = owner.source;
  if (kind === 'git' || kind === 'directory' || kind === 'url') return { files: [], namelessHashes: [] };
  const shared = itemsOf(memberOf(member(metadata, 'files'), owner)).map(decodeFile);
  const files =
    kind === 'file' ? shared.filter((file) => file.name === url.split('/').at(-1)) : ofVersion(shared, owner);
  return { files, namelessHashes: [] };
}

function memberOf(table: Node, { name, spelling }: Owner): Node {
  const node = member(table, spelling);
  const found = isPresent(node) ? node : member(table, name);
  if (!isPresent(found)) failAt(node, `is missing, though \`${spelling}\` is locked`);
  return found;
}

function decodeFile(node: Node): LockedFile {
  return { name: stringOf(member(node, 'file')), hash: stringOf(member(node, 'hash')) };
}

/** Leaves out what is of another version; a name that tells no version stays. */
function ofVersion(files: readonly LockedFile[], { name, version, source }: Owner): readonly LockedFile[] {
  if (source.kind !== 'index' && source.kind !== 'legacy') return files;
  return files.filter((file) => {
    const text = versionInFileName(file.name, name);
    const found = text === undefined ? undefined : parseVersion(text);
    return found === undefined || compareVersions(found, version) === 0;
  });
}
