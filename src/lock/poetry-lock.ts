// `poetry.lock` to a `Lock`: lock-versions none and 1.0, 1.1, 2.0 and 2.1, as Poetry's `Locker` reads them.

import {
  booleanOf,
  type Document,
  descend,
  entriesOf,
  failAt,
  isPresent,
  itemsOf,
  member,
  type Node,
  optional,
  rootNode,
  stringOf,
  stringsOf,
} from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import { lineOfKey, parseToml } from '../kernel/toml.ts';
import { type Dependency, decodeClassicDependency, dependencyOf } from '../python/dependency.ts';
import { normalizeName } from '../python/names.ts';
import { platformMarker, pythonMarker } from '../python/nested-marker.ts';
import { parseRequirement } from '../python/requirement.ts';
import { parseVersion } from '../python/version.ts';
import { cutFileLists } from './file-lists.ts';
import type { Lock, LockedPackage, LockVersion } from './lock.ts';
import { decodeFiles } from './locked-files.ts';
import type { LockedFile, Source, SourceKind } from './plan.ts';

const REGENERATE = 'restore the file from version control, or run `poetry lock` to write it anew';

/**
 * @param file the name that messages give
 * @throws BivyError `TOML_SYNTAX`, `LOCK_VERSION`, or `LOCK_INVALID` with the place
 */
export function decodeLock(text: string, file: string): Lock {
  const document: Document = {
    file,
    code: 'LOCK_INVALID',
    hint: REGENERATE,
    lineOf: (path) => lineOfKey(text, path),
  };
  const { tree, lists } = readLock(text, file);
  const root = rootNode(tree, document);
  const metadata = member(root, 'metadata');
  if (!isPresent(metadata))
    failAt(metadata, 'is missing: the file is no lock of Poetry, or it was cut short');
  const declared = optional(member(metadata, 'lock-version'), stringOf);
  const version = knownVersion(declared ?? '1.0', member(metadata, 'lock-version'));
  return {
    file,
    version,
    versioned: declared !== undefined,
    poetry: /^#.*by Poetry (\d\S*)/.exec(text)?.[1] ?? null,
    contentHash: optional(member(metadata, 'content-hash'), stringOf) ?? null,
    pythonVersions: optional(member(metadata, 'python-versions'), stringOf) ?? '*',
    extras: new Map(
      entriesOf(member(root, 'extras')).map(([extra, node]) => [
        normalizeName(extra),
        stringsOf(node).map(normalizeName),
      ]),
    ),
    packages: itemsOf(member(root, 'package')).map((node) => decodePackage(node, metadata, version, lists)),
  };
}

interface LockTree {
  readonly tree: unknown;
  readonly lists: readonly (readonly LockedFile[])[];
}

/** The quick way, and the whole text where that did not account for every list once. */
function readLock(text: string, file: string): LockTree {
  const cut = cutFileLists(text);
  if (cut.lists.length === 0) return { tree: parseLock(text, file), lists: [] };
  const tree = parseLock(cut.text, file);
  const packages = (tree as { package?: unknown }).package;
  const seen = new Set<unknown>();
  for (const entry of Array.isArray(packages) ? packages : []) {
    const files = (entry as { files?: unknown } | null)?.files;
    if (typeof files === 'number') seen.add(files);
  }
  const complete = seen.size === cut.lists.length && cut.lists.every((_, index) => seen.has(index));
  return complete ? { tree, lists: cut.lists } : { tree: parseLock(text, file), lists: [] };
}

function parseLock(text: string, file: string): unknown {
  try {
    return parseToml(text, file);
  } catch (error) {
    if (!(error instanceof BivyError)) throw error;
    const conflict = /^(<{7}|={7}|>{7})( |$)/m.test(text);
    throw new BivyError(error.code, error.message, {
      ...(error.location === undefined ? {} : { location: error.location }),
      hint: conflict
        ? 'the file has marks of a merge conflict: take one side, then run `poetry lock`'
        : REGENERATE,
      cause: error,
    });
  }
}

function knownVersion(text: string, node: Node): LockVersion {
  switch (text) {
    case '1.0':
    case '1.1':
    case '2.0':
    case '2.1':
      return text;
    default: {
      const line = node.document.lineOf?.(['metadata', 'lock-version']);
      throw new BivyError('LOCK_VERSION', `\`${node.document.file}\` has the lock-version \`${text}\``, {
        location: { file: node.document.file, ...(line === undefined ? {} : { line }) },
        hint: 'bivy reads the lock-versions 1.0, 1.1, 2.0 and 2.1: lock again with a Poetry that writes one of those, or upgrade bivy',
      });
    }
  }
}

function decodePackage(
  node: Node,
  metadata: Node,
  lockVersion: LockVersion,
  lists: LockTree['lists'],
): LockedPackage {
  const spelling = stringOf(member(node, 'name'));
  const lockedVersion = stringOf(member(node, 'version'));
  const version = parseVersion(lockedVersion);
  if (version === undefined) failAt(member(node, 'version'), `is no version: \`${lockedVersion}\``);
  const name = normalizeName(spelling);
  const source = decodeSource(node);
  return {
    name,
    version,
    lockedVersion,
    source,
    optional: optional(member(node, 'optional'), booleanOf) ?? false,
    pythonVersions: optional(member(node, 'python-versions'), stringOf) ?? '*',
    ...decodeFiles(node, metadata, { name, spelling, source, lists }),
    dependencies: entriesOf(member(node, 'dependencies')).flatMap(([key, value]) =>
      decodeClassicDependency(key, value),
    ),
    dependenciesOfExtra: extrasReader(member(node, 'extras')),
    marker: lockVersion === '2.1' ? null : packageMarker(node),
    groups: lockVersion === '2.1' ? decodeGroups(node) : null,
  };
}

/** Lock 1.0 says for which environments a package is; Poetry 0.12 said it with `requirements`. */
function packageMarker(node: Node): string | null {
  const marker = optional(member(node, 'marker'), stringOf);
  if (marker !== undefined) return marker;
  const python = optional(descend(node, 'requirements', 'python'), stringOf);
  const platform = optional(descend(node, 'requirements', 'platform'), stringOf);
  const parts = [
    python === undefined ? '' : pythonMarker(python),
    platform === undefined ? '' : platformMarker(platform),
  ].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.map((part) => `(${part})`).join(' and ');
}

function decodeGroups(node: Node): ReadonlyMap<string, string> {
  const groups = member(node, 'groups');
  if (!isPresent(groups)) failAt(groups, 'is missing; locks of version 2.1 say which groups want a package');
  const markers = member(node, 'markers');
  const common = typeof markers.value === 'string' ? markers.value : undefined;
  return new Map(
    itemsOf(groups).map((item) => {
      const spelling = stringOf(item);
      const marker =
        common ?? (isPresent(markers) ? optional(member(markers, spelling), stringOf) : undefined);
      return [normalizeName(spelling), marker === undefined || marker === '*' ? '' : marker];
    }),
  );
}

const KINDS: readonly SourceKind[] = ['legacy', 'git', 'url', 'file', 'directory'];

function decodeSource(node: Node): Source {
  const table = member(node, 'source');
  if (!isPresent(table)) return { kind: 'index' };
  const text = (key: string): string | undefined => optional(member(table, key), stringOf) || undefined;
  const type = text('type') ?? 'legacy';
  const kind = KINDS.find((known) => known === type);
  if (kind === undefined) failAt(member(table, 'type'), `is unknown: \`${type}\``);
  const url = text('url');
  const reference = text('reference');
  const resolvedReference = text('resolved_reference');
  const subdirectory = text('subdirectory');
  const develop = optional(member(node, 'develop'), booleanOf);
  if (url === undefined && kind !== 'legacy') failAt(member(table, 'url'), 'is missing');
  return {
    kind,
    ...(url === undefined ? {} : { url }),
    ...(reference === undefined ? {} : { reference }),
    ...(resolvedReference === undefined ? {} : { resolvedReference }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
    ...(develop === undefined ? {} : { develop }),
  };
}

/** Most packages have extras and next to none is asked for: they are read then. */
function extrasReader(node: Node): LockedPackage['dependenciesOfExtra'] {
  const read = new Map<string, readonly Dependency[]>();
  return (extra) => {
    let dependencies = read.get(extra);
    if (dependencies === undefined) {
      dependencies = entriesOf(node)
        .filter(([spelling]) => normalizeName(spelling) === extra)
        .flatMap(([, list]) => itemsOf(list).map(decodeExtraDependency));
      read.set(extra, dependencies);
    }
    return dependencies;
  };
}

const LOOSE = /^(.+?)(?:\[(.+?)\])?(?:\s+\((.+)\))?$/;

/** Old locks hold extras that PEP 508 does not allow (`pytest (>=3.5,<3.7.3 || >3.7.3)`). */
function decodeExtraDependency(node: Node): Dependency {
  const text = stringOf(node);
  const strict = parseRequirement(text);
  if (strict !== undefined) return dependencyOf(strict);
  const loose = LOOSE.exec(text.trim());
  if (loose === null) return failAt(node, `is no requirement: \`${text}\``);
  return dependencyOf({
    name: loose[1]!,
    extras: (loose[2] ?? '')
      .split(',')
      .map((extra) => normalizeName(extra.trim()))
      .filter((extra) => extra !== ''),
    constraint: loose[3] ?? '*',
  });
}
