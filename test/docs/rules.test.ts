import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type LintedFile, lintDockerfiles } from '../../src/app/lint.ts';
import { RULES } from '../../src/dockerfile/lint/rules/index.ts';

// Each rule has a page, and what the page calls bad and good is so. A fenced block with a second word, as in
// "```toml pyproject.toml", is a file beside the Dockerfiles that follow it in its section.

const PAGES = fileURLToPath(new URL('../../docs/rules/', import.meta.url));
const SECTIONS = ['What', 'Why', 'Bad', 'Good', 'When to ignore'];
const scratch = mkdtempSync(join(tmpdir(), 'bivy-rules-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Example {
  readonly files: ReadonlyMap<string, string>;
  readonly dockerfile: string;
}

function sectionsOf(page: string): ReadonlyMap<string, string> {
  const parts = page.split(/^## (.+)\n/m).slice(1);
  return new Map(parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? '']] : [])));
}

function examplesOf(section: string): readonly Example[] {
  const files = new Map<string, string>();
  const examples: Example[] = [];
  for (const [, language, name, body = ''] of section.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)) {
    if (name !== undefined) files.set(name, body);
    else if (language === 'dockerfile')
      examples.push({ files: new Map(files), dockerfile: body.replaceAll('␀', '\0') });
  }
  return examples;
}

let count = 0;

async function findingsOf(
  { files, dockerfile }: Example,
  fix?: { readonly unsafe: boolean; readonly write: boolean },
): Promise<LintedFile> {
  const folder = join(scratch, String(count++));
  for (const [name, text] of [...files, ['Dockerfile', dockerfile] as const]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const run = await lintDockerfiles(
    { directory: folder, paths: [], ...(fix === undefined ? {} : { fix }) },
    { emit: () => {}, signal: new AbortController().signal },
  );
  const [file] = run.files;
  if (file === undefined) throw new Error('nothing was linted');
  return file;
}

async function rulesFound(example: Example): Promise<readonly string[]> {
  return (await findingsOf(example)).findings.map(({ rule }) => rule);
}

describe.each(RULES)('the page of $id', ({ id, technique, severity, title, fixes }) => {
  const page = readFileSync(join(PAGES, `${id}.md`), 'utf8');
  const sections = sectionsOf(page);

  it('says what the record says, in its sections', () => {
    const fix = fixes.length === 0 ? 'no fix' : fixes.map((safety) => `${safety} fix`).join(', ');
    const facts = [...(technique === null ? [] : [technique]), severity, fix].join(' · ');
    expect(page.split('\n').slice(0, 4)).toEqual([`# ${id}: ${title}`, '', facts, '']);
    expect([...sections.keys()]).toEqual(SECTIONS);
    for (const [name, text] of sections) expect(text.trim(), name).not.toBe('');
  });

  it('has examples that are bad, and others that are good', async () => {
    const bad = examplesOf(sections.get('Bad') ?? '');
    const good = examplesOf(sections.get('Good') ?? '');
    expect(bad.length).toBeGreaterThan(0);
    expect(good.length).toBeGreaterThan(0);
    for (const example of bad) expect(await rulesFound(example), example.dockerfile).toContain(id);
    for (const example of good) expect(await rulesFound(example), example.dockerfile).not.toContain(id);
  });

  it('shows every kind of fix that the rule has, and such a fix leaves nothing to fix', async () => {
    const offered = new Set<string>();
    for (const example of examplesOf(sections.get('Bad') ?? '')) {
      const { findings } = await findingsOf(example);
      for (const { rule, fix } of findings) if (rule === id && fix !== null) offered.add(fix.safety);
      const fixed = await findingsOf(example, { unsafe: true, write: false });
      expect(fixed.dropped, example.dockerfile).toEqual([]);
      const left = fixed.findings.filter(({ rule, fix }) => rule === id && fix !== null);
      expect(left, fixed.after).toEqual([]);
      const again = await findingsOf({ ...example, dockerfile: fixed.after }, { unsafe: true, write: false });
      expect(again.after).toBe(fixed.after);
    }
    expect([...offered].sort()).toEqual([...fixes].sort());
  });
});

describe('the rules', () => {
  it('stand in the order of their ids, each once', () => {
    const ids = RULES.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort());
    for (const id of ids) expect(id).toMatch(/^BV\d{3}$/);
  });

  it('have no pages too many', () => {
    const pages = readdirSync(PAGES).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(RULES.map(({ id }) => `${id}.md`).sort());
  });

  it('stand in the index (`npx vitest run --project unit test/docs/rules.test.ts -u` writes it)', async () => {
    await expect(index()).toMatchFileSnapshot(join(PAGES, 'README.md'));
  });
});

const FAMILIES: Readonly<Record<string, string>> = {
  BV0: 'Syntax, structure and ignores',
  BV1: 'The ten techniques',
  BV2: "Poetry's versions, flags and behaviour",
  BV3: 'What the project beside it says',
  BV4: 'What ships, and how it runs',
  BV5: 'Secrets and private sources',
};

function index(): string {
  const families = Object.entries(FAMILIES).flatMap(([start, family]) => {
    const rules = RULES.filter(({ id }) => id.startsWith(start));
    if (rules.length === 0) return [];
    return [
      '',
      `## ${family}`,
      '',
      '| rule | technique | severity | fix | wants |',
      '| --- | --- | --- | --- | --- |',
      ...rules.map(
        ({ id, technique, severity, fixes, title }) =>
          `| [${id}](${id}.md) | ${technique ?? ''} | ${severity} | ${fixes.join(', ')} | ${title} |`,
      ),
    ];
  });
  return [
    '# Rules',
    '',
    'What `bivy lint` looks for: [docs/lint.md](../lint.md) says how. `bivy lint --explain BV110` prints a page.',
    ...families,
    '',
  ].join('\n');
}
