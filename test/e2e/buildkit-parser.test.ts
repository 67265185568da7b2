// Our parser of Dockerfiles before BuildKit's own, compiled: on files that show every trap, and on what chance makes of them.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../src/dockerfile/syntax/parse.ts';
import { buildKitParser, findDifferences, readByBuildKit } from './support/buildkit-trees.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/dockerfiles', import.meta.url));
const SEED = 20_261_122;
const PARTS = [
  ...[
    '\\',
    '\\\n',
    '\\ \n',
    '\\\\\n',
    '\n',
    '\r\n',
    '\t',
    '  ',
    '#',
    '# x\n',
    '"',
    "'",
    '`',
    '$',
    '${',
    '}',
    ':-',
  ],
  ...[
    '<<',
    '<<EOF',
    '<<-EOF',
    '<<"E"',
    'EOF\n',
    '<<<',
    '1<<',
    '--',
    '--from=',
    '=',
    '[',
    ']',
    '["a", "b"]',
    ',',
  ],
  ...[
    'ENV a b',
    'ARG X=',
    'LABEL a=b',
    'COPY ',
    'FROM ',
    'ONBUILD RUN ',
    'HEALTHCHECK CMD ',
    'RUN ',
    'SHELL ',
  ],
  ...[
    '# escape=`\n',
    '# syntax=x\n',
    ' AS ',
    'a',
    '$((1<<2))',
    '\x24{x@Q}',
    '\x24{x:0:3}',
    '\x24{x/a/b}',
    '\x24{x%y}',
  ],
];
const program = buildKitParser();
const folder = mkdtempSync(join(tmpdir(), 'bivy-syntax-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A line for each file that the two do not agree on. */
function compare(parser: string, paths: readonly string[]): readonly string[] {
  const trees = readByBuildKit(parser, paths);
  return paths.flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const tree = trees.get(path);
    if (tree === undefined) return [`${path}: not read there`];
    return findDifferences(parseDockerfile(text), tree).map((line) => `${JSON.stringify(text)}: ${line}`);
  });
}

describe.skipIf(program === undefined)("BuildKit's parser", () => {
  const names = readdirSync(FIXTURES);
  it(`reads ${names.length} files as we do`, () => {
    expect(names.length).toBeGreaterThan(40);
    expect(
      compare(
        program!,
        names.map((name) => join(FIXTURES, name)),
      ),
    ).toEqual([]);
  });

  it('reads what chance makes of them as we do', () => {
    const lines = names.flatMap((name) => readFileSync(join(FIXTURES, name), 'utf8').split('\n'));
    // White space beyond ASCII parts BuildKit's flags in the middle of characters.
    const plain = lines.filter((line) => /^[\x20-\x7e\t\r]*$/.test(line));
    const text = fc
      .array(fc.oneof(fc.constantFrom(...plain), fc.constantFrom(...PARTS)), { minLength: 1, maxLength: 25 })
      .chain((parts) =>
        fc
          .array(fc.constantFrom('\n', '\n', '', ' '), { minLength: parts.length, maxLength: parts.length })
          .map((ends) => `FROM x\n${parts.map((part, index) => part + ends[index]).join('')}`),
      );
    const paths = fc.sample(text, { numRuns: 2_000, seed: SEED }).map((content, index) => {
      const path = join(folder, String(index));
      writeFileSync(path, content);
      return path;
    });
    expect(compare(program!, paths)).toEqual([]);
  });
});
