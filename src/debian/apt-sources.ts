// This host's apt sources, read and not judged: the one-line style of `sources.list` and the paragraphs of `*.sources`.
// sources.list(5).

import * as fs from 'node:fs';
import { join } from 'node:path';
import { parseParagraphs } from './control.ts';

export interface AptSource {
  /** Without a slash at the end. */
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Paths, fingerprints or a key itself, where it is said. */
  readonly signedBy: string | undefined;
}

/** The sources of binary packages, in apt's order. Files that cannot be read are passed over: nobody asked for them. */
export function readAptSources(root: string): readonly AptSource[] {
  const apt = join(root, 'etc/apt');
  const parts = join(apt, 'sources.list.d');
  const files = [
    join(apt, 'sources.list'),
    ...list(parts)
      .sort()
      .map((name) => join(parts, name)),
  ];
  return files.flatMap((file) => {
    const text = read(file);
    if (file.endsWith('.list')) return parseLines(text);
    return file.endsWith('.sources') ? parseSources(text) : [];
  });
}

function parseLines(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+([^#]+)/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', rest = ''] = match;
    const [suite = '', ...components] = rest.trim().split(/\s+/);
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uri: trimmed(uri), suites: [suite], components, signedBy }];
  });
}

function parseSources(text: string): readonly AptSource[] {
  return parseParagraphs(text).flatMap((fields) => {
    const words = (name: string): readonly string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || /^(?:no|false|0)$/i.test(fields.get('enabled') ?? '')) return [];
    return words('uris').map((uri) => ({
      uri: trimmed(uri),
      suites: words('suites'),
      components: words('components'),
      signedBy: fields.get('signed-by'),
    }));
  });
}

function trimmed(uri: string): string {
  return uri.replace(/\/+$/, '');
}

function list(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
