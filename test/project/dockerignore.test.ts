import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ParentMatches, parseDockerignore } from '../../src/project/dockerignore.ts';

interface Row {
  readonly text: string;
  readonly ignored: readonly string[];
  readonly bad?: boolean;
}
const golden = JSON.parse(readFileSync(new URL('fixtures/dockerignore.json', import.meta.url), 'utf8')) as {
  readonly paths: readonly string[];
  readonly rows: readonly Row[];
};

/** As BuildKit asks: each directory before what is in it. */
function ignoredBy(text: string, paths: readonly string[]): readonly string[] {
  const rules = parseDockerignore(text);
  const known = new Map<string, ParentMatches>();
  return [...paths].sort().filter((path) => {
    const parent = path.includes('/') ? known.get(path.slice(0, path.lastIndexOf('/'))) : undefined;
    const { ignored, matches } = rules.match(path, parent);
    known.set(path, matches);
    return ignored;
  });
}

describe('.dockerignore', () => {
  it.each(golden.rows.map((row) => [JSON.stringify(row.text), row] as const))(
    '%s',
    (_, { text, ignored, bad }) => {
      if (bad === true) expect(() => parseDockerignore(text)).toThrow(/pattern that is not valid/);
      else expect([...ignoredBy(text, golden.paths)].sort()).toEqual([...ignored].sort());
    },
  );

  it('names the line of a bad pattern', () => {
    expect(() => parseDockerignore('# one\nok\n[\n')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', location: { file: '.dockerignore', line: 3 } }),
    );
  });

  it.each([
    ['no exception at all', 'a', 'a', false],
    ['an exception below', '*\n!a/b', 'a', true],
    ['an exception elsewhere', '*\n!a/b', 'c', false],
    ['an exception with a wildcard', '*\n!**/x', 'c', true],
    ['the directory itself', '*\n!a/b/**', 'a/b', true],
    ['not a name that only begins alike', '*\n!ab/c', 'a', false],
  ])('says whether something below may return: %s', (_, text, directory, expected) => {
    expect(parseDockerignore(text).mayReturn(directory)).toBe(expected);
  });
});
