// The text of `bivy.lock`: written, and searched for the line that a message is about. Pure.

import { lineOfKey } from '../kernel/toml.ts';
import type { PinnedBase, PinnedLayer, PinnedPackage, Pins } from './pins.ts';

const HEAD = [
  '# What the images of this project are built on, to the byte. `bivy pin` wrote it; commit it beside `poetry.lock`.',
  '# Builds keep to it and refuse what disagrees; `bivy pin --update` refreshes it and says what changed.',
  '',
  'version = 1',
];

/** The same pins are the same bytes. @param pins sorted, as `Pins` promises */
export function encodePins({ format, bases, layers }: Pins): string {
  return [
    ...HEAD,
    '',
    '[format]',
    ...Object.keys(format)
      .sort()
      .map((name) => `${keyText(name)} = ${format[name]}`),
    ...bases.flatMap((base) => ['', '[[base]]', ...baseLines(base)]),
    ...(layers === undefined ? [] : ['', '[layers]', ...layers.map(layerLine)]),
    '',
  ].join('\n');
}

function baseLines(base: PinnedBase): readonly string[] {
  const place = [`reference = ${quote(base.reference)}`, `platform = ${quote(base.platform)}`];
  if (base.kind === 'image') {
    const { index, manifest, config } = base;
    const digests = Object.entries({ index, manifest, config });
    return [
      ...place,
      ...digests.flatMap(([name, digest]) => (digest === undefined ? [] : `${name} = ${quote(digest)}`)),
    ];
  }
  return [
    ...place,
    `composition = ${quote(base.composition)}`,
    `with = [${base.with.map(quote).join(', ')}]`,
    'packages = [',
    ...base.packages.map((one) => `  ${packageText(one)},`),
    ']',
  ];
}

function packageText({
  name,
  version,
  architecture,
  sha256,
  size,
  archive,
  filename,
}: PinnedPackage): string {
  const texts = Object.entries({ name, version, architecture, sha256 }).map(
    ([key, text]) => `${key} = ${quote(text)}`,
  );
  return `{ ${texts.join(', ')}, size = ${size}, archive = ${quote(archive)}, file = ${quote(filename)} }`;
}

function layerLine({ key, digest, diffId, size, annotations }: PinnedLayer): string {
  const digests = `digest = ${quote(digest)}, diff-id = ${quote(diffId)}, annotations = ${quote(annotations)}`;
  return `${quote(key)} = { ${digests}, size = ${size} }`;
}

function keyText(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : quote(name);
}

/** A basic string of TOML: JSON's escapes are among its own, and DEL alone must be escaped too. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

/** The line, from 1, of a key path of the decoded file, or of what encloses it: packages stand one a line. */
export function lineOfPin(text: string, path: readonly (string | number)[]): number | undefined {
  const inList = path[0] === 'base' && path[2] === 'packages' && typeof path[3] === 'number';
  const line = lineOfKey(text, inList ? path.slice(0, 3) : path);
  if (!inList || line === undefined) return line;
  const inside = line + (path[3] as number) + 1;
  return text.split('\n')[inside - 1]?.trimStart().startsWith('{') === true ? inside : line;
}
