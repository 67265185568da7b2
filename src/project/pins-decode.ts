// `bivy.lock` to values. The file is in a repository that many write to: whatever is not understood is refused. Pure.

import {
  entriesOf,
  failAt,
  integerOf,
  isPresent,
  itemsOf,
  member,
  type Node,
  optional,
  refuse,
  rootNode,
  stringOf,
  stringsOf,
} from '../kernel/decode.ts';
import { type Digest, isDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { parseToml } from '../kernel/toml.ts';
import {
  PINS_FILE,
  type PinnedBase,
  type PinnedLayer,
  type PinnedPackage,
  type Pins,
  sortBases,
  sortLayers,
  sortPackages,
} from './pins.ts';
import { lineOfPin } from './pins-text.ts';

const VERSION = 1;
const ANEW = 'correct it, or write it anew with `bivy pin --update`';

/** @throws BivyError `PINS_INVALID` with the line */
export function decodePins(text: string, file: string = PINS_FILE): Pins {
  const root = rootNode(parse(text, file), {
    file,
    code: 'PINS_INVALID',
    hint: ANEW,
    lineOf: (path) => lineOfPin(text, path),
  });
  const version = member(root, 'version');
  if (integerOf(version) !== VERSION) {
    failAt(
      version,
      `is \`${version.value}\`, and this bivy reads version ${VERSION} alone`,
      'use the bivy that wrote it, or write it anew with `bivy pin --update`',
    );
  }
  only(root, ['version', 'format', 'base', 'layers']);
  const layers = member(root, 'layers');
  return {
    format: Object.fromEntries(
      entriesOf(member(root, 'format')).map(([name, node]) => [name, integerOf(node)]),
    ),
    bases: sortBases(decodeBases(member(root, 'base'))),
    ...(isPresent(layers) ? { layers: sortLayers(entriesOf(layers).map(decodeLayer)) } : {}),
  };
}

function parse(text: string, file: string): unknown {
  try {
    return parseToml(text, file);
  } catch (error) {
    if (!(error instanceof BivyError)) throw error;
    const { message, location } = error;
    throw new BivyError('PINS_INVALID', message, {
      hint: ANEW,
      ...(location === undefined ? {} : { location }),
    });
  }
}

function decodeBases(node: Node): readonly PinnedBase[] {
  const seen = new Set<string>();
  return itemsOf(node).map((item) => {
    const base = decodeBase(item);
    const place = `${base.reference}\n${base.platform}`;
    if (seen.has(place)) failAt(item, `pins \`${base.reference}\` for \`${base.platform}\` a second time`);
    seen.add(place);
    return base;
  });
}

function decodeBase(node: Node): PinnedBase {
  const place = {
    reference: textOf(member(node, 'reference'), /./, 'the name of a base'),
    platform: textOf(member(node, 'platform'), /^[a-z0-9]+(?:\/[a-z0-9_]+)+$/, 'a platform'),
  };
  if (!isPresent(member(node, 'packages'))) {
    only(node, ['reference', 'platform', 'index', 'manifest', 'config']);
    const digests = ['index', 'manifest', 'config'].flatMap((name) => {
      const digest = optional(member(node, name), digestIn);
      return digest === undefined ? [] : [[name, digest] as const];
    });
    if (digests.length === 0) failAt(node, 'pins nothing: it has neither `manifest` nor `packages`');
    return { kind: 'image', ...place, ...Object.fromEntries(digests) };
  }
  only(node, ['reference', 'platform', 'composition', 'with', 'packages']);
  const packages = itemsOf(member(node, 'packages')).map(decodePackage);
  return {
    kind: 'debian',
    ...place,
    composition: digestIn(member(node, 'composition')),
    with: stringsOf(member(node, 'with')),
    packages: sortPackages(packages),
  };
}

function decodePackage(node: Node): PinnedPackage {
  only(node, ['name', 'version', 'architecture', 'sha256', 'size', 'archive', 'file']);
  const text = (name: string, pattern: RegExp, what: string): string =>
    textOf(member(node, name), pattern, what);
  const filename = text('file', /^(?!\/)[^\0\s\\]+\.deb$/, 'the path of a package on a mirror');
  if (filename.split('/').includes('..')) refuse(member(node, 'file'), 'a path below the mirror');
  const archive = member(node, 'archive');
  if (archive.value !== 'main' && archive.value !== 'security') refuse(archive, '`main` or `security`');
  return {
    name: text('name', /^[a-z0-9][a-z0-9+.-]+$/, "a package's name"),
    version: text('version', /^[A-Za-z0-9.+~:-]+$/, "a package's version"),
    architecture: text('architecture', /^[a-z0-9-]+$/, "a port's name"),
    sha256: text('sha256', /^[0-9a-f]{64}$/, '64 hexadecimal digits'),
    size: sizeOf(member(node, 'size')),
    archive: archive.value as PinnedPackage['archive'],
    filename,
  };
}

function decodeLayer([key, node]: readonly [string, Node]): PinnedLayer {
  if (!isDigest(key)) failAt(node, 'is no key of a layer');
  only(node, ['digest', 'diff-id', 'size', 'annotations']);
  return {
    key: key as Digest,
    digest: digestIn(member(node, 'digest')),
    diffId: digestIn(member(node, 'diff-id')),
    size: sizeOf(member(node, 'size')),
    annotations: digestIn(member(node, 'annotations')),
  };
}

/** What is not understood is refused: it may be a word that was meant to hold. */
function only(node: Node, names: readonly string[]): void {
  for (const [name, found] of entriesOf(node)) {
    if (!names.includes(name)) failAt(found, 'is nothing that bivy knows');
  }
}

function textOf(node: Node, pattern: RegExp, what: string): string {
  const text = stringOf(node);
  return pattern.test(text) ? text : refuse(node, what);
}

function digestIn(node: Node): Digest {
  const text = stringOf(node);
  return isDigest(text) ? text : refuse(node, 'a digest: `sha256:` and 64 hexadecimal digits');
}

function sizeOf(node: Node): number {
  const size = integerOf(node);
  return size < 0 ? refuse(node, 'a size') : size;
}
