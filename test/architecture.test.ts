import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// The import table of ARCHITECTURE.md, held against the imports: a room may import itself and what stands here.
// `types` after a room: only `import type`.
const TABLE: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  python: ['kernel'],
  project: ['python', 'kernel'],
  lock: ['project types', 'python', 'kernel'],
  wheels: ['layers/entry', 'lock types', 'project types', 'python', 'kernel'],
  debian: ['layers/entry', 'kernel'],
  layers: ['kernel'],
  oci: ['layers', 'python/target', 'kernel'],
  registry: ['oci', 'layers types', 'kernel'],
  attest: ['oci', 'wheels/licenses', 'lock types', 'project types', 'kernel'],
  engines: ['oci', 'layers types', 'kernel'],
  dockerfile: ['kernel'],
  report: ['kernel types', 'lock types', 'oci types', 'app types'],
  app: [
    'kernel',
    'python',
    'project',
    'lock',
    'wheels',
    'debian',
    'layers',
    'oci',
    'registry',
    'attest',
    'engines',
    'dockerfile',
    'report',
  ],
  cli: ['app', 'report', 'kernel'],
};

const SOURCE = fileURLToPath(new URL('../src/', import.meta.url));

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function* files(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

function importsOf(path: string): Import[] {
  const text = readFileSync(path, 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(
    /^(?:import|export)\s+(type\s+)?[^;]*?from\s+'(\.[^']+)'|import\(\s*'(\.[^']+)'\s*\)/gms,
  )) {
    const specifier = match[2] ?? match[3] ?? '';
    const statement = match[0];
    const named = /\{([^}]*)\}/.exec(statement)?.[1];
    const allTypes = named?.split(',').every((part) => part.trim() === '' || part.trim().startsWith('type '));
    found.push({
      file: relative(SOURCE, path),
      target: relative(SOURCE, join(path, '..', specifier)),
      typeOnly: match[1] !== undefined || allTypes === true,
    });
  }
  return found;
}

function allowed({ file, target, typeOnly }: Import): boolean {
  const from = file.split('/')[0] ?? '';
  const to = target.split('/')[0] ?? '';
  if (!file.includes('/')) return true; // src/index.ts: the public API
  if (from === to) return true;
  return (TABLE[from] ?? []).some((rule) => {
    const [place, types] = rule.split(' ');
    if (types === 'types' && !typeOnly) return false;
    return place?.includes('/') ? target === `${place}.ts` : place === to;
  });
}

describe('the rooms', () => {
  const imports = [...files(SOURCE)].flatMap(importsOf);

  it('are those of the table', () => {
    const rooms = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.map((room) => room.name).sort()).toEqual(Object.keys(TABLE).sort());
  });

  it('import only what the table allows', () => {
    expect(imports.length).toBeGreaterThan(100);
    const broken = imports
      .filter((found) => !allowed(found))
      .map((found) => `${found.file} -> ${found.target}`);
    expect(broken).toEqual([]);
  });
});
