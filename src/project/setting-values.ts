// The types that settings have: each function turns an untyped value into its exact form, or refuses it with the remedy.

import {
  booleanOf,
  entriesOf,
  failAt,
  integerOf,
  itemsOf,
  type Node,
  nearest,
  pathOf,
  stringOf,
  stringsOf,
} from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';

/** A string that is not empty and holds no control character. */
export function word(node: Node): string {
  if (typeof node.value === 'number' || typeof node.value === 'bigint') {
    return failAt(node, 'must be a string, not a number', 'write the value in quotes');
  }
  const text = stringOf(node);
  if (text.trim() === '') return failAt(node, 'must not be empty');
  if (hasControl(text)) return failAt(node, 'must not hold control characters');
  return text;
}

export function words(node: Node): readonly string[] {
  return listOf(node).map(word);
}

export function flag(node: Node): boolean {
  return booleanOf(node);
}

/** The boolean that the text of an environment variable means; any other text as it is, to be refused. */
export function flagText(text: string): unknown {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : text;
}

/** The number that the text of an environment variable means; any other text as it is, to be refused. */
export function numberText(text: string): unknown {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

/** `3.11` or `3.11.2`, also of pre-releases. */
export function pythonVersion(node: Node): string {
  const text = word(node);
  if (/^3\.\d{1,3}(\.\d{1,3}((a|b|rc)\d{1,3})?)?$/.test(text)) return text;
  return failAt(node, `is no Python version: \`${text}\``, 'write it like `"3.11"`');
}

export function platforms(node: Node): readonly string[] {
  return listOf(node).map((item) => {
    const text = word(item);
    if (/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/.test(text)) return text;
    return failAt(item, `is no platform: \`${text}\``, 'write it like `"linux/amd64"`');
  });
}

export function debianPackages(node: Node): readonly string[] {
  return listOf(node).map((item) => {
    const text = word(item);
    if (/^[a-z0-9][a-z0-9+.-]+$/.test(text)) return text;
    return failAt(
      item,
      `is no name of a Debian package: \`${text}\``,
      'name it as `apt` does, like `"libpq5"`',
    );
  });
}

/** Arguments in exec form; no shell is ever asked to split them. */
export function command(node: Node): readonly string[] {
  if (typeof node.value === 'string') {
    const guess = node.value
      .trim()
      .split(/\s+/)
      .filter((part) => part !== '');
    const list = /["'$`\\|&;<>*?]/.test(node.value)
      ? '["…", "…"]'
      : JSON.stringify(guess).replaceAll('","', '", "');
    return failAt(
      node,
      'must be a list of strings, not a string',
      `no shell splits it: write \`${String(node.key)} = ${list}\``,
    );
  }
  return stringsOf(node).map((text, index) => {
    if (!text.includes('\0') && (index > 0 || text !== '')) return text;
    return failAt(node, 'holds an empty program or a NUL character');
  });
}

export function environment(node: Node): ReadonlyMap<string, string> {
  return stringMap(node, (name) =>
    /^[^=\0]+$/.test(name) ? undefined : 'an environment variable has a name without `=`',
  );
}

export function labels(node: Node): ReadonlyMap<string, string> {
  return stringMap(node, (name) => (name === '' ? 'a label has a name' : undefined));
}

/** Ports as OCI has them. Elements: `8000`, `"8000"`, `"8000/udp"`. */
export function ports(node: Node): readonly string[] {
  const found = listOf(node).map((item) => {
    const text = typeof item.value === 'string' ? item.value : String(integerOf(item));
    const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text);
    const port = Number(match?.[1]);
    if (match === null || port < 1 || port > 65535) {
      return failAt(item, `is no port: \`${text}\``, 'write `8000` or `"8000/udp"`');
    }
    return { port, protocol: match[2] ?? 'tcp' };
  });
  found.sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  return [...new Set(found.map(({ port, protocol }) => `${port}/${protocol}`))];
}

/** `65532`, `65532:65532`, `app`, `app:staff`. */
export function user(node: Node): string {
  const text = word(node);
  const part = /^(\d{1,10}|[a-z_][a-z0-9_.-]{0,31})$/i;
  const parts = text.split(':');
  const fits =
    parts.length <= 2 &&
    parts.every((each) => part.test(each) && !(/^\d+$/.test(each) && Number(each) > 4294967294));
  return fits
    ? text
    : failAt(node, `is no user: \`${text}\``, 'write `"65532:65532"`, or a name that the base has');
}

/** An absolute path in normal form, without a trailing `/`. */
export function absolutePath(node: Node): string {
  const text = word(node);
  if (!text.startsWith('/'))
    return failAt(node, `must be an absolute path, not \`${text}\``, 'begin it with `/`');
  if (text.split('/').includes('..')) return failAt(node, `must not hold \`..\`: \`${text}\``);
  return resolveUnder('/', text);
}

export function absolutePaths(node: Node): readonly string[] {
  return [...new Set(listOf(node).map(absolutePath))];
}

/** Directories of the image: absolute, or below the working directory (joined later). */
export function directories(node: Node): readonly string[] {
  return listOf(node).map((item) => {
    const text = word(item);
    if (text.split('/').includes('..')) return failAt(item, `must not hold \`..\`: \`${text}\``);
    return text;
  });
}

/** `path`, if relative, below `base`; without empty and `.` components. */
export function resolveUnder(base: string, path: string): string {
  const whole = path.startsWith('/') ? path : `${base}/${path}`;
  return `/${whole
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}

/** Paths and globs below the project, without a leading `./`; a trailing `/` stays. */
export function projectPaths(node: Node): readonly string[] {
  return listOf(node).map((item) => {
    const text = word(item).replace(/^(\.\/+)+/, '');
    if (text.startsWith('/')) return failAt(item, `must be a path below the project, not \`${text}\``);
    if (text.split('/').includes('..')) {
      return failAt(
        item,
        `leaves the project: \`${text}\``,
        'only files of the project can go into the image',
      );
    }
    if (text === '' || text === '.')
      return failAt(item, 'must name a file or directory', 'to take everything, write `"**"`');
    return text;
  });
}

export function signal(node: Node): string {
  const text = word(node);
  if (/^(SIG[A-Z][A-Z0-9]*([+-]\d{1,2})?|\d{1,2})$/.test(text)) return text;
  return failAt(node, `is no signal: \`${text}\``, 'write it like `"SIGTERM"`');
}

export function overlaps(node: Node): 'last' | 'refuse' {
  const text = stringOf(node);
  if (text === 'last' || text === 'refuse') return text;
  return failAt(node, `must be \`last\` or \`refuse\`, not \`${text}\``);
}

export function compression(node: Node): 'gzip' | 'estargz' {
  const text = stringOf(node);
  if (text === 'gzip' || text === 'estargz') return text;
  return failAt(node, `must be \`gzip\` or \`estargz\`, not \`${text}\``);
}

/** Docker applies at most 125 layers; some of them are the base's. */
export function layers(node: Node): number {
  const count = integerOf(node);
  return count >= 2 && count <= 120 ? count : failAt(node, `must be from 2 to 120, not ${count}`);
}

/** `a, b` of an environment variable as a list. */
export function listText(text: string): unknown {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

/** `host`, `host:5000`, `[::1]:5000`: no scheme, no path. */
export function registries(node: Node): readonly string[] {
  return listOf(node).map((item) => {
    const text = word(item);
    if (/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/.test(text))
      return text;
    return failAt(item, `is no host of a registry: \`${text}\``, 'write it like `"registry.example:5000"`');
  });
}

/** `{ "docker.io" = ["mirror.example"] }` */
export function registryMirrors(node: Node): ReadonlyMap<string, readonly string[]> {
  return new Map(entriesOf(node).map(([name, list]) => [name, registries(list)]));
}

export function url(node: Node): string {
  const text = word(node);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return text;
  return failAt(node, `is no URL of a server: \`${text}\``, 'begin it with `https://`');
}

function listOf(node: Node): readonly Node[] {
  if (typeof node.value === 'string') {
    return failAt(
      node,
      'must be a list, not a string',
      `write \`${String(node.key)} = [${JSON.stringify(node.value)}]\``,
    );
  }
  return itemsOf(node);
}

function stringMap(node: Node, complain: (name: string) => string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, inner] of entriesOf(node)) {
    const complaint = complain(name);
    if (complaint !== undefined) return failAt(inner, `is not possible: ${complaint}`);
    if (typeof inner.value !== 'string') {
      return failAt(inner, 'must be a string', 'write the value in quotes');
    }
    if (inner.value.includes('\0')) return failAt(inner, 'must not hold a NUL character');
    found.set(name, inner.value);
  }
  return found;
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** The error for a key that is not known; `place` is its table. */
export function unknownKey(name: string, known: readonly string[], place: string, node: Node): BivyError {
  const close = nearest(name, known);
  const { file, lineOf } = node.document;
  const line = lineOf?.(pathOf(node));
  return new BivyError('CONFIG_UNKNOWN_KEY', `\`${file}\`: \`${place}\` has no key \`${name}\``, {
    hint:
      close === undefined
        ? `known keys are ${known.map((key) => `\`${key}\``).join(', ')}`
        : `did you mean \`${close}\`?`,
    location: { file, ...(line === undefined ? {} : { line }) },
  });
}
