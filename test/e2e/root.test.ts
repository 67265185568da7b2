// The project as bivy installs it, against the wheel that poetry-core builds and pypa/installer installs: file by file,
// METADATA field by field, for several poetry-cores, each with the Poetry it came with.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectFiles } from '../../src/project/files.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';
import { rootParts } from '../../src/wheels/root.ts';
import { SHAPES, type Shape } from './support/project-shapes.ts';

const CORES: readonly (readonly [core: string, series: number, poetry: string])[] = [
  ['1.5.2', 105, '1.4.2'],
  ['1.9.1', 109, '1.8.5'],
  ['2.1.3', 201, '2.1.4'],
  ['2.2.1', 202, '2.2.1'],
  ['2.4.0', 204, '2.4.1'],
];
const PREFIX = '/app/.venv';
const DRIVER = fileURLToPath(new URL('support/build_root.py', import.meta.url));

interface InstalledFile {
  readonly sha256: string;
  readonly executable: boolean;
  readonly text?: string;
}
type Tree = Readonly<Record<string, InstalledFile>>;
type Outcome = { readonly files: Tree } | { readonly error: string };

const havePython = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
if (!havePython) console.warn('SKIPPED: no python3 with pip, so the project is not held against poetry-core');

describe.skipIf(!havePython)('the installed project', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'bivy-root-'));
  const outcomes = new Map<string, readonly Outcome[]>();

  beforeAll(() => {
    for (const [index, shape] of SHAPES.entries()) writeShape(shape, projectOf(scratch, index));
    const installer = fetchPackage(scratch, 'installer==1.0.1');
    for (const [core] of CORES) {
      const request = {
        core: fetchPackage(scratch, `poetry-core==${core}`),
        installer,
        projects: SHAPES.map((_, index) => projectOf(scratch, index)),
        prefix: PREFIX,
      };
      const output = execFileSync('python3', [DRIVER], {
        input: JSON.stringify(request),
        maxBuffer: 64 << 20,
      });
      outcomes.set(core, JSON.parse(output.toString()) as readonly Outcome[]);
    }
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  for (const [core, series, poetry] of CORES) {
    describe(`as poetry-core ${core} has it`, () => {
      for (const [index, shape] of SHAPES.entries()) {
        if (series < (shape.since ?? 0) || series > (shape.until ?? 999)) continue;
        it(shape.name, () => {
          const wanted = outcomes.get(core)![index]!;
          if ('error' in wanted) {
            expect(shape.name).toMatch(/^refused/);
            expect(() => install(projectOf(scratch, index), poetry)).toThrow(/`/);
            return;
          }
          const found = install(projectOf(scratch, index), poetry);
          expect(comparable(found)).toEqual(comparable(wanted.files));
        });
      }
    });
  }
});

function projectOf(scratch: string, index: number): string {
  return join(scratch, 'projects', `shape ${index}`);
}

function writeShape({ files, tracked }: Shape, directory: string): void {
  for (const [path, content] of Object.entries(files)) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, typeof content === 'string' ? content : content.text, {
      mode: typeof content === 'string' ? 0o600 : content.mode,
    });
  }
  if (tracked === undefined) return;
  const git = (...args: string[]): Buffer => execFileSync('git', args, { cwd: directory, stdio: 'pipe' });
  git('init', '--quiet');
  git('add', '--force', ...tracked);
}

/** A package and nothing that it depends on, unpacked into its own folder. */
function fetchPackage(scratch: string, requirement: string): string {
  const folder = join(scratch, requirement);
  if (!existsSync(folder)) {
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--disable-pip-version-check',
      '--target',
      folder,
      requirement,
    ];
    execFileSync('python3', args, { stdio: 'pipe' });
  }
  return folder;
}

/** The tree below the environment, links followed. */
function install(directory: string, poetry: string): Tree {
  const project = decodePyproject(readFileSync(join(directory, 'pyproject.toml'), 'utf8'), 'pyproject.toml');
  const files = collectFiles(directory, project, { root: true, include: [], poetry });
  const [part] = rootParts(project, files, { python: '3.11', prefix: PREFIX, workdir: '/app' });
  const tree: Record<string, InstalledFile> = {};
  for (const entry of part!.entries) {
    if (entry.kind !== 'file' || entry.content.kind !== 'bytes') continue;
    const path = entry.path.slice('app/.venv/'.length);
    const { bytes } = entry.content;
    tree[path] = {
      sha256: createHash('sha256').update(bytes).digest('hex'),
      executable: entry.mode === 0o755,
      ...(path.includes('.dist-info/') ? { text: Buffer.from(bytes).toString() } : {}),
    };
    expect([0o644, 0o755]).toContain(entry.mode);
  }
  return tree;
}

/** Trees with METADATA as sorted fields, WHEEL without its generator, RECORD without the rows of those two. */
function comparable(tree: Tree): unknown {
  return Object.fromEntries(
    Object.entries(tree)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, { sha256, executable, text = '' }]) => {
        if (path.endsWith('/METADATA')) return [path, fieldsOf(text)];
        if (path.endsWith('/WHEEL')) return [path, text.replace(/^Generator: .*$/m, '')];
        if (path.endsWith('/RECORD'))
          return [path, text.split('\n').filter((row) => !/\/(METADATA|WHEEL),/.test(row))];
        return [path, { sha256, executable }];
      }),
  );
}

function fieldsOf(metadata: string): readonly string[] {
  const [head = '', ...body] = metadata.split('\n\n');
  const fields = head
    .replace(/\n +/g, ' ')
    .split('\n')
    .map((line) => line.replace(/ ?; ?/, ' ; '));
  return [...fields.sort(), body.join('\n\n')];
}
