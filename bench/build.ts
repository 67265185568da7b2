// What a build costs when nothing, the code, or one small dependency changed, and when layers are made anew: everest and
// annapurna on `debian:12`, against `node -e 0` and `pip install` in the same run.

import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildDocument } from '../src/report/build.ts';
import type { PlanDocument } from '../src/report/plan.ts';
import { BIVY, median, ratioOf, runNode } from './process.ts';
import type { BenchRow } from './row.ts';

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));
const BUMP = fileURLToPath(new URL('./fixtures/everest-idna-3.19.lock', import.meta.url));
const RUNS = 9;

export async function run(): Promise<BenchRow[]> {
  const work = mkdtempSync(join(tmpdir(), 'bivy-bench-'));
  try {
    const env = { ...process.env, BIVY_CACHE_DIR: join(work, 'cache'), NO_COLOR: '1' };
    const bench = prepareBench(work, env);
    return [...bench.incremental(), ...bench.cold(), ...bench.sizes()];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function prepareBench(work: string, env: NodeJS.ProcessEnv) {
  for (const name of ['everest', 'annapurna'])
    cpSync(join(EXAMPLES, name), join(work, name), { recursive: true });
  const everest = join(work, 'everest');
  const lockA = BUMP;
  const lockB = join(EXAMPLES, 'everest', 'poetry.lock');
  const build = (project: string, ...more: string[]): string[] => [
    BIVY,
    'build',
    join(work, project),
    '--base',
    'debian:12',
    '-o',
    `oci:${join(work, 'out', project)}`,
    '--json',
    ...more,
  ];
  const once = (project: string): BuildDocument =>
    JSON.parse(runNode({ args: build(project), env }).stdout) as BuildDocument;
  const node = (): number => runNode({ args: ['-e', '0'] }).seconds;
  const time = (args: readonly string[], before?: () => void): number =>
    runNode({ args, env, ...(before === undefined ? {} : { before }) }).seconds;
  mkdirSync(join(work, 'out'));

  function incremental(): BenchRow[] {
    // Both locks once, so that every wheel and page is in the cache.
    copyFileSync(lockA, join(everest, 'poetry.lock'));
    const before = once('everest');
    copyFileSync(lockB, join(everest, 'poetry.lock'));
    const after = once('everest');
    const nothing = ratioOf(() => time(build('everest')), node, RUNS);
    const edit = ratioOf(
      () =>
        time(build('everest'), () =>
          appendFileSync(join(everest, 'everest', 'main.py'), `# edit ${performance.now()}\n`),
        ),
      node,
      RUNS,
    );
    const bumpedLayer = after.images[0]?.layers.find((layer) => layer.packages.includes('idna==3.20'));
    const bump = ratioOf(
      () => {
        copyFileSync(lockA, join(everest, 'poetry.lock'));
        once('everest');
        forgetLayers(join(work, 'cache'), after, before);
        return time(build('everest'), () => copyFileSync(lockB, join(everest, 'poetry.lock')));
      },
      node,
      5,
    );
    const known = new Set(before.images[0]?.layers.map((layer) => layer.digest));
    const bytes = (after.images[0]?.layers ?? [])
      .filter((layer) => !known.has(layer.digest))
      .reduce((sum, layer) => sum + layer.size, 0);
    return [
      {
        name: 'everest, nothing changed',
        figure: nothing.ratio,
        limit: 4,
        unit: 'x node -e 0',
        better: 'lower',
        detail: `${ms(nothing.a)} against ${ms(nothing.b)}; median of ${RUNS} pairs`,
      },
      {
        name: 'everest, one line of code edited, into oci:DIR',
        figure: edit.ratio,
        limit: 5,
        unit: 'x node -e 0',
        better: 'lower',
        detail: `${ms(edit.a)} against ${ms(edit.b)}`,
      },
      {
        name: 'everest, a 70 kB dependency bumped, into oci:DIR',
        figure: bump.ratio,
        limit: 7,
        unit: 'x node -e 0',
        better: 'lower',
        detail: `${ms(bump.a)} against ${ms(bump.b)}; its wheel in the cache, its layer not`,
      },
      {
        name: 'everest, new bytes of that bump',
        figure: bytes / 1000,
        limit: 500,
        unit: 'kB',
        better: 'lower',
        detail: `its layer ${bumpedLayer?.size ?? '?'} bytes; the article's Dockerfile: 84 MB`,
      },
    ];
  }

  function cold(): BenchRow[] {
    copyFileSync(lockB, join(everest, 'poetry.lock'));
    const made = once('everest');
    const wheels = join(work, 'wheels');
    const site = join(work, 'site');
    downloadWheels(wheels, everest, join(work, 'cache'));
    const pip = (): number => {
      rmSync(site, { recursive: true, force: true });
      const files = readdirSync(wheels).map((name) => join(wheels, name));
      const started = performance.now();
      const ran = spawnSync(
        'python3',
        ['-m', 'pip', 'install', '-q', '--no-deps', '--no-compile', '--no-index', '--target', site, ...files],
        { encoding: 'utf8' },
      );
      if (ran.status !== 0) throw new Error(`pip install: ${ran.stderr}`);
      return (performance.now() - started) / 1000;
    };
    const layers = ratioOf(
      () =>
        time(build('everest'), () =>
          forgetAllLayers(join(work, 'cache'), join(work, 'out', 'everest'), made),
        ),
      pip,
      3,
    );
    const memory = median(
      [1, 2, 3].map(() =>
        peakMemory(build('everest'), env, () =>
          forgetAllLayers(join(work, 'cache'), join(work, 'out', 'everest'), made),
        ),
      ),
    );
    const quick = quickstart();
    return [
      {
        name: 'everest, wheels cached, layers not',
        figure: layers.ratio,
        limit: 1,
        unit: 'x pip install',
        better: 'lower',
        detail: `${layers.a.toFixed(2)} s against ${layers.b.toFixed(2)} s of \`pip install --no-deps --no-compile\`, which only unpacks`,
      },
      {
        name: 'everest, peak memory of that',
        figure: memory / 1e6,
        limit: 300,
        unit: 'MB',
        better: 'lower',
        detail: 'resident set of the whole process, its threads among it',
      },
      {
        name: 'quickstart, downloads cached, `dist/`, layers and base removed',
        figure: quick,
        limit: 15,
        unit: 's',
        better: 'lower',
        detail: 'tsc, compose debian:12, build annapurna',
      },
    ];
  }

  function quickstart(): number {
    once('annapurna');
    const root = fileURLToPath(new URL('..', import.meta.url));
    rmSync(join(work, 'cache', 'records', 'layers'), { recursive: true, force: true });
    for (const kind of ['debian-bases', 'preparations', 'layer-contents', 'debs']) {
      rmSync(join(work, 'cache', 'records', kind), { recursive: true, force: true });
    }
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    const started = performance.now();
    const ran = spawnSync('npm', ['run', '--silent', 'quickstart'], {
      cwd: root,
      env: { ...env, DOCKER_HOST: 'unix:///nonexistent' },
      encoding: 'utf8',
    });
    if (ran.status !== 0) throw new Error(`npm run quickstart: ${ran.stderr}`);
    return (performance.now() - started) / 1000;
  }

  function sizes(): BenchRow[] {
    const image = once('annapurna').images[0];
    const detail = "annapurna on debian:12; the article's image is 170 MB";
    return [
      {
        name: 'annapurna on debian:12, unpacked',
        figure: (image?.unpacked ?? 0) / 1e6,
        limit: 65,
        unit: 'MB',
        better: 'lower',
        detail,
      },
      {
        name: 'annapurna on debian:12, compressed',
        figure: (image?.size ?? 0) / 1e6,
        limit: 22,
        unit: 'MB',
        better: 'lower',
        detail,
      },
    ];
  }

  return { incremental, cold, sizes };
}

/** Forgets what the bump made: the layers that `after` has and `before` has not. The wheels stay. */
function forgetLayers(cache: string, after: BuildDocument, before: BuildDocument): void {
  const kept = new Set(before.images[0]?.layers.map((layer) => layer.digest));
  for (const { digest } of after.images[0]?.layers ?? []) {
    if (!kept.has(digest)) rmSync(join(cache, 'blobs', 'sha256', digest.slice(7)), { force: true });
  }
}

/** Forgets every layer above the base, and the layout that they were written to. */
function forgetAllLayers(cache: string, output: string, made: BuildDocument): void {
  for (const { digest, kind } of made.images[0]?.layers ?? []) {
    if (kind !== 'base') rmSync(join(cache, 'blobs', 'sha256', digest.slice(7)), { force: true });
  }
  rmSync(output, { recursive: true, force: true });
}

/** The very files that the build took, from its cache. */
function downloadWheels(directory: string, project: string, cache: string): void {
  mkdirSync(directory);
  const planned = JSON.parse(
    runNode({ args: [BIVY, 'plan', project, '--base', 'debian:12', '--json'] }).stdout,
  ) as PlanDocument;
  for (const { file } of planned.packages) {
    if (file !== null) copyFileSync(join(cache, 'blobs', 'sha256', file.sha256), join(directory, file.name));
  }
}

/** Bytes of the largest resident set. */
function peakMemory(args: readonly string[], env: NodeJS.ProcessEnv, before: () => void): number {
  before();
  const report = [
    "import { writeSync } from 'node:fs';",
    "process.on('exit', () => writeSync(2, '\\nPEAK ' + process.resourceUsage().maxRSS * 1024 + '\\n'));",
  ].join('');
  const ran = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(report)}`, ...args],
    {
      env,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    },
  );
  const found = /PEAK (\d+)/.exec(ran.stderr)?.[1];
  if (found === undefined) throw new Error(`no peak memory was reported: ${ran.stderr}`);
  return Number(found);
}

function ms(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`;
}
