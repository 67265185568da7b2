// Naive Dockerfiles repaired by the program, built before and after, and asked what they hold. Safe fixes change nothing that
// anybody could import; unsafe ones take away what serves development, and nothing else.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../src/dockerfile/syntax/parse.ts';
import { contentHash } from '../../src/lock/content-hash.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';
import type { LintDocument } from '../../src/report/lint-json.ts';
import { startBuildkitd } from '../e2e/support/buildkit.ts';
import { CLIENT, docker, haveEngine } from '../e2e/support/engine.ts';
import { NAIVE, type NaiveDockerfile } from '../e2e/support/naive-dockerfiles.ts';
import { scratchFolder, start, succeed } from '../e2e/support/program.ts';
import { savedBase } from '../e2e/support/saved-base.ts';
import { ROOT } from '../e2e/support/shared-folders.ts';

const ready = haveEngine();
let daemon: Awaited<ReturnType<typeof startBuildkitd>>;
const work = scratchFolder();
const ANSWER = '{"mountain":"annapurna","metres":8091}\n';

/** Of the example's lock: what the application needs. */
const MAIN = ['anyio', 'fastapi', 'hut', 'idna', 'pydantic', 'starlette', 'typing-extensions'];
/** What `--unsafe-fixes` may take away: the dev group and what it needs. */
const DEV = [
  'black',
  'click',
  'librt',
  'mypy',
  'mypy-extensions',
  'packaging',
  'pathspec',
  'platformdirs',
  'ruff',
];

/** What a container holds, as its own interpreter sees it. */
interface Held {
  readonly distributions: Readonly<Record<string, Distribution>>;
  /** Poetry, all that it asks for however indirectly, and what pip has to be told to make it work. */
  readonly poetry: readonly string[];
  /** Of the application's package: path to digest. */
  readonly files: Readonly<Record<string, string>>;
}

interface Distribution {
  readonly version: string;
  /** Top-level modules, and whether each can be imported. */
  readonly modules: Readonly<Record<string, boolean>>;
  readonly scripts: readonly string[];
}

const ASK = `
import hashlib, importlib, importlib.metadata as m, json, os, re, sys
def norm(name): return re.sub(r"[-_.]+", "-", name).lower()
def modules(dist):
    found = set()
    for path in dist.files or []:
        top = path.parts[0]
        if top.endswith((".dist-info", ".data", ".pth")) or top in ("..", "__pycache__"): continue
        if len(path.parts) > 1 and path.suffix in (".py", ".so"): found.add(top)
        elif path.suffix in (".py", ".so"): found.add(top.split(".")[0])
    return found
def can(name):
    try: importlib.import_module(name); return True
    except BaseException: return False
dists = {norm(d.metadata["Name"]): d for d in m.distributions()}
wanted = set(${JSON.stringify([...MAIN, 'annapurna'])})
held = {}
for name, d in sorted(dists.items()):
    held[name] = {"version": d.version, "modules": {x: can(x) if name in wanted else True for x in sorted(modules(d))},
        "scripts": sorted(e.name + "=" + e.value for e in d.entry_points if e.group == "console_scripts")}
closure, queue = set(), ["poetry", "pip", "setuptools", "wheel", "virtualenv"]
while queue:
    name = norm(queue.pop())
    if name in closure: continue
    closure.add(name)
    if name in dists: queue += [re.match(r"[A-Za-z0-9._-]+", r).group() for r in dists[name].requires or []]
import annapurna
root = os.path.dirname(annapurna.__file__)
files = {}
for at, _, names in os.walk(root):
    for n in names:
        if not n.endswith(".pyc"): files[os.path.relpath(os.path.join(at, n), root)] = hashlib.sha256(open(os.path.join(at, n), "rb").read()).hexdigest()
print(json.dumps({"distributions": held, "poetry": sorted(closure), "files": files}))
`;

/** The example with what is different in this kind, in a folder of its own. */
function projectOf({ changes = {}, dockerfile, name }: NaiveDockerfile, folder: string): void {
  cpSync(join(ROOT, 'examples', 'annapurna'), folder, { recursive: true });
  rmSync(join(folder, '.dockerignore'));
  for (const [path, change] of Object.entries(changes)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, change(textOf(file)));
  }
  if (textOf(join(folder, 'pyproject.toml')).includes('from = "src"')) {
    mkdirSync(join(folder, 'src'));
    renameSync(join(folder, 'annapurna'), join(folder, 'src', 'annapurna'));
  }
  const lock = join(folder, 'poetry.lock');
  const { raw } = decodePyproject(textOf(join(folder, 'pyproject.toml')), `pyproject.toml of ${name}`);
  writeFileSync(
    lock,
    textOf(lock).replace(/content-hash = "[^"]*"/, `content-hash = "${contentHash(raw, '1.2-1.8')}"`),
  );
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What the program says of the file, which it may repair. */
async function lintIn(folder: string, ...flags: readonly string[]): Promise<LintDocument['files'][number]> {
  const args = ['lint', 'Dockerfile', '--format', 'json', '--fail-on', 'never', ...flags];
  const { status, stdout, stderr } = await start(args, { cwd: folder }).ended;
  expect(status, stderr).toBe(0);
  expect(stderr).not.toContain('left out');
  const [file] = (JSON.parse(stdout) as LintDocument).files;
  return file!;
}

let images = 0;

/** Builds it, runs it, and asks what it holds. */
async function build(folder: string, { python, dockerfile, current }: NaiveDockerfile): Promise<Held> {
  images += 1;
  const image = `bivy-test/repair:${images}`;
  if (current === true) await buildByCurrent(folder, image);
  else await docker('build', '--network', 'host', '-t', image, folder);
  // Every stage, also those that what ships does without.
  for (const [, stage] of dockerfile.matchAll(/^FROM .* AS (test)$/gim))
    await docker('build', '--network', 'host', '--target', stage!, folder);
  expect((await docker('run', '--rm', image)).stdout).toBe(ANSWER);
  const [program, ...args] = python;
  const { stdout } = await docker('run', '--rm', '--entrypoint', program!, image, ...args, '-c', ASK);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Held;
}

/** By the current BuildKit, which takes the base from this disk. */
async function buildByCurrent(folder: string, image: string): Promise<void> {
  const base = await savedBase(work);
  const args = ['build', folder, '--engine', 'buildkit', '-f', join(folder, 'Dockerfile')];
  await succeed([...args, '--base', base, '-o', 'docker', '-t', image], {
    environment: {
      PATH: `${dirname(daemon!.buildctl)}:${process.env['PATH'] ?? ''}`,
      BUILDKIT_HOST: daemon!.address,
    },
  });
}

function pick(held: Held, names: readonly string[]): Held['distributions'] {
  return Object.fromEntries(Object.entries(held.distributions).filter(([name]) => names.includes(name)));
}

/** Beside the application's own and the dev group's, Poetry's alone may differ. */
function expectOthersToBePoetrys(before: Held, after: Held): void {
  const poetry = new Set([...before.poetry, ...after.poetry, ...MAIN, ...DEV, 'annapurna']);
  const others = (held: Held): readonly string[] =>
    Object.keys(held.distributions).filter((name) => !poetry.has(name));
  expect(others(after)).toEqual(others(before));
}

describe.skipIf(!ready)('naive Dockerfiles, repaired', () => {
  beforeAll(async () => {
    daemon = await startBuildkitd();
    execFileSync('bash', [fileURLToPath(new URL('../e2e/support/bases.sh', import.meta.url)), 'all'], {
      env: { ...process.env, DOCKER: CLIENT },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  });

  afterAll(async () => daemon?.stop());

  it.each(NAIVE.map((kind) => [kind.name, kind] as const))('%s', async (_, kind) => {
    if (kind.current === true && daemon === undefined) return;
    const folders = { before: '', safe: '', unsafe: '' };
    for (const way of ['before', 'safe', 'unsafe'] as const) {
      folders[way] = join(work, `${NAIVE.indexOf(kind)}-${way}`);
      projectOf(kind, folders[way]);
    }
    const judged = await lintIn(folders.before);
    const verdicts = {
      safe: await lintIn(folders.safe, '--fix'),
      unsafe: await lintIn(folders.unsafe, '--fix', '--unsafe-fixes'),
    };
    for (const way of ['safe', 'unsafe'] as const) {
      const flags = way === 'safe' ? ['--fix'] : ['--fix', '--unsafe-fixes'];
      const file = join(folders[way], 'Dockerfile');
      const repaired = textOf(file);
      const original = parseDockerfile(kind.dockerfile);
      const parsed = parseDockerfile(repaired);
      expect(parsed.problems).toEqual([]);
      expect(parsed.comments.map(({ text }) => text)).toEqual(original.comments.map(({ text }) => text));
      expect(repaired.includes('\r\n')).toBe(kind.dockerfile.includes('\r\n'));
      if (kind.dockerfile.includes('\r\n')) expect(repaired).not.toMatch(/[^\r]\n/);
      await lintIn(folders[way], ...flags);
      expect(textOf(file), 'a second run changes nothing').toBe(repaired);
      for (const [technique, verdict] of Object.entries(judged.techniques)) {
        const now = (verdicts[way].techniques as Readonly<Record<string, string>>)[technique];
        if (verdict !== 'missed') expect(now, technique).toBe(verdict);
      }
    }
    const left = verdicts.unsafe.findings.map(({ rule }) => rule);
    for (const rule of kind.repaired) {
      expect(judged.findings.map((finding) => finding.rule)).toContain(rule);
      expect(left).not.toContain(rule);
    }
    const before = await build(folders.before, kind);
    const safe = await build(folders.safe, kind);
    const unsafe = await build(folders.unsafe, kind);
    expect(Object.keys(pick(before, MAIN)).length).toBeGreaterThan(5);
    for (const held of [safe, unsafe]) {
      expect(held.files).toEqual(before.files);
      expect(pick(held, [...MAIN, 'annapurna'])).toEqual(pick(before, [...MAIN, 'annapurna']));
      for (const { modules } of Object.values(pick(held, MAIN)))
        for (const [module, imports] of Object.entries(modules)) expect(imports, module).toBe(true);
      expectOthersToBePoetrys(before, held);
    }
    const development = DEV.filter((name) => !before.poetry.includes(name));
    expect(pick(safe, development)).toEqual(pick(before, development));
    for (const [name, distribution] of Object.entries(pick(unsafe, development)))
      expect(before.distributions[name]).toEqual(distribution);
  });
});
