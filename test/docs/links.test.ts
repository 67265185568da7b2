// Links between the documents lead to files, and to headings that are there.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const DOCUMENTS = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

interface Link {
  readonly path: string;
  readonly heading: string | undefined;
}

function linksOf(document: string): readonly Link[] {
  const text = readFileSync(document, 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', heading] = target.split('#');
      return { path: path === '' ? document : relative('.', join(dirname(document), path)), heading };
    });
}

/** As GitHub names headings. */
function headingsOf(document: string): readonly string[] {
  return [...readFileSync(document, 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(DOCUMENTS)('%s', (document) => {
  it('links to what is there', () => {
    const lost = linksOf(document).filter(
      ({ path, heading }) =>
        !existsSync(path) || (heading !== undefined && !headingsOf(path).includes(heading)),
    );
    expect(lost).toEqual([]);
  });
});
