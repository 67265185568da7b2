import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateDockerignore } from '../../src/dockerfile/dockerignore.ts';
import { MARKER, type ProjectFacts, type Rung } from '../../src/dockerfile/facts.ts';
import { generateDockerfile } from '../../src/dockerfile/generate.ts';
import { poetryRequirements } from '../../src/dockerfile/poetry.ts';

const ANNAPURNA: ProjectFacts = {
  name: 'annapurna',
  poetry: '1.4.2',
  python: '3.11',
  sources: ['annapurna'],
  included: [],
  packageMode: true,
  readmes: ['README.md'],
  licences: [],
  extras: [],
  selection: { only: [], with: [], without: [] },
  hasDevelopment: true,
  sdists: [],
  command: ['python', '-m', 'annapurna.main'],
  expose: [],
};

function linesOf(facts: Partial<ProjectFacts>, rung: Rung = 'best'): string[] {
  // Continuations joined: what BuildKit sees as one instruction.
  return generateDockerfile({ ...ANNAPURNA, ...facts }, rung)
    .replace(/ \\\n +/g, ' ')
    .split('\n');
}

describe('the best Dockerfile', () => {
  it('of annapurna is the one that stands in its directory', () => {
    const written = readFileSync(new URL('../../examples/annapurna/Dockerfile', import.meta.url), 'utf8');
    expect(generateDockerfile(ANNAPURNA, 'best')).toBe(written);
    const ignored = readFileSync(new URL('../../examples/annapurna/.dockerignore', import.meta.url), 'utf8');
    expect(generateDockerignore(ANNAPURNA)).toBe(ignored);
  });

  it('has all seven techniques of the article', () => {
    const lines = linesOf({});
    const place = (part: string): number => lines.findIndex((line) => line.includes(part));
    expect(lines.filter((line) => line.includes('poetry==1.4.2'))).toHaveLength(1); // pinned
    expect(lines.some((line) => /^COPY \. /.test(line))).toBe(false); // minimal copies
    expect(place('--only main --no-root')).toBeGreaterThan(0); // no dev dependencies
    expect(place('--mount=type=cache,target=/tmp/poetry_cache')).toBeGreaterThan(0); // no cache in a layer, and cache mounts
    expect(place('COPY pyproject.toml')).toBeLessThan(place('COPY annapurna')); // dependencies before code
    expect(lines.filter((line) => line.startsWith('FROM '))).toHaveLength(3); // multi-stage
    expect(lines.at(-3)).toBe('USER 65532:65532');
  });

  it('needs a compiler only where a package comes as source', () => {
    expect(linesOf({}).filter((line) => line.startsWith('FROM python'))).toEqual([
      'FROM python:3.11-slim-bookworm AS builder',
      'FROM python:3.11-slim-bookworm AS runtime',
    ]);
    expect(linesOf({ sdists: ['uwsgi'] })).toContain('FROM python:3.11-bookworm AS builder');
  });

  it('copies the code of a project that is no package, and installs none', () => {
    const lines = linesOf({ packageMode: false, sources: ['app', 'manage.py'] });
    expect(lines.some((line) => line.includes('poetry build'))).toBe(false);
    expect(lines.some((line) => line.includes('--no-root'))).toBe(false);
    expect(lines).toContain('COPY manage.py ./manage.py');
    expect(lines.some((line) => line.includes('touch'))).toBe(false);
  });

  it('makes directories for a readme that lies deeper', () => {
    expect(linesOf({ readmes: ['docs/README.md'] })).toContain('RUN mkdir -p docs && touch docs/README.md');
  });

  it.each([
    [{ only: ['main', 'web'], with: [], without: [] }, '--only main,web'],
    [{ only: [], with: ['web'], without: [] }, '--with web'],
    [{ only: [], with: [], without: ['dev'] }, '--without dev'],
  ])('selects the groups that the settings select', (selection, flags) => {
    expect(linesOf({ selection }).some((line) => line.includes(`${flags} --no-root`))).toBe(true);
  });
});

describe('the rungs', () => {
  const rungs = [0, 1, 2, 3, 4, 5] as const;

  it.each(rungs)('%i begins with the marker that lets bivy write over it', (rung) => {
    expect(linesOf({}, rung)[0]).toBe(MARKER);
  });

  it('add one technique each', () => {
    const has = (rung: Rung, part: RegExp): boolean => linesOf({}, rung).some((line) => part.test(line));
    expect(rungs.map((rung) => has(rung, /poetry==1\.4\.2/))).toEqual([false, true, true, true, true, true]);
    expect(rungs.map((rung) => has(rung, /--without dev/))).toEqual([false, true, true, true, true, true]);
    expect(rungs.map((rung) => has(rung, /rm -rf \$POETRY_CACHE_DIR/))).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(rungs.map((rung) => has(rung, /--no-root/))).toEqual([false, false, false, true, true, true]);
    expect(rungs.map((rung) => has(rung, /^FROM .*slim/))).toEqual([false, false, false, false, true, true]);
    expect(rungs.map((rung) => has(rung, /--mount=type=cache/))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});

describe('installing Poetry', () => {
  it.each([
    ['1.1.13', ['poetry==1.1.13', 'virtualenv<20.31', 'poetry-core<1.1']],
    ['1.4.2', ['poetry==1.4.2', 'virtualenv<20.31']],
    ['2.1.4', ['poetry==2.1.4', 'virtualenv<20.33']],
    ['2.5.1', ['poetry==2.5.1']],
  ])('%s needs what it needs today', (poetry, pins) => {
    expect(poetryRequirements(poetry)).toEqual(pins);
  });
});
