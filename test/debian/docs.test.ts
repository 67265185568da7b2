import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LEFT_OUT } from '../../src/debian/left-out.ts';
import { releaseOf } from '../../src/debian/suite.ts';
import { TRIMS } from '../../src/debian/trim.ts';

const page = readFileSync(new URL('../../docs/debian-base.md', import.meta.url), 'utf8');
const quote = (text: string): string => `\`${text}\``;

describe('docs/debian-base.md', () => {
  it.each(LEFT_OUT)('prints why $dependency is left out', ({ of, dependency, reason }) => {
    expect(page).toContain(
      `| ${quote(dependency)} | ${of === '*' ? 'any package' : quote(of)} | ${reason} |`,
    );
  });

  it.each(TRIMS)('prints what is trimmed: $reason', ({ of, paths, except = [], reason }) => {
    const names = of.map((name) => (name === '*' ? 'any package' : quote(name))).join(', ');
    const kept = except.length === 0 ? '' : ` except ${except.map(quote).join(', ')}`;
    expect(page).toContain(`| ${names} | ${paths.map(quote).join(', ')}${kept} | ${reason} |`);
  });

  it('names every package that is wanted', () => {
    for (const version of ['12', '13']) {
      const { wanted, python } = releaseOf(version);
      for (const name of wanted) expect(page).toContain(quote(name.replace(python, 'X.Y')));
    }
  });
});
