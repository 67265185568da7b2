// What docs/ci.md shows of the recipes stands in them; `test/e2e/recipes.test.ts` runs them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = join('docs', 'recipes');
const text = readFileSync(join('docs', 'ci.md'), 'utf8');
const recipes = readdirSync(FOLDER);

/** The section of `docs/ci.md` that links to the recipe: its YAML, without what it leaves out. */
function shownOf(recipe: string): readonly string[] {
  const section = text.split(/^## /m).find((part) => part.includes(`(recipes/${recipe})`)) ?? '';
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  return yaml.split('\n').filter((line) => line !== '' && line !== '…');
}

describe.each(recipes)('docs/recipes/%s', (recipe) => {
  const lines = readFileSync(join(FOLDER, recipe), 'utf8').split('\n');

  it('is YAML, and has no cache', () => {
    const document = JSON.stringify(parse(lines.join('\n')));
    expect(document).toContain('bivy@');
    expect(document).not.toMatch(/"cache"|actions\/cache|docker:|services/);
  });

  it('is shown as it is', () => {
    const shown = shownOf(recipe);
    expect(shown.length).toBeGreaterThan(5);
    for (const line of shown) expect(lines).toContain(line);
  });

  it('names the version that this is', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(lines.join('\n')).toContain(`npx --yes bivy@${version} build --push`);
  });
});
