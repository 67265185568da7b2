// The recipes for CI, run as their platforms would run them: with what these set, on a runner that has nothing but the
// checkout and Node, against Debian's registry. Once for a first push, once after an edit on a fresh runner.

import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hexOf } from '../../src/kernel/digest.ts';
import type { Manifest } from '../../src/oci/spec.ts';
import { type PackageIndex, startPackageIndex } from '../support/package-index.ts';
import { locked, moduleWheel, writeProject } from '../support/poetry-project.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { serveTinyBase } from '../support/tiny-base.ts';
import { scratchFolder } from './support/program.ts';
import { haveRegistry, type RealRegistry, startRealRegistry } from './support/registries.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { ROOT } from './support/shared-folders.ts';

const PASSWORD = 'tok_5up3r-s3cr3t/of+CI';
const USERNAME = 'octo-cat';
const WHEELS = [moduleWheel('alpha', '1.0', 1_000_000), moduleWheel('beta'), moduleWheel('garnet')];
const folder = scratchFolder();

type Variables = Readonly<Record<string, string>>;

/** What a recipe makes of a commit: commands for a shell, and the environment that they see. */
interface Job {
  readonly shell: readonly string[];
  readonly commands: readonly string[];
  readonly environment: Variables;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
}

type MakeJob = (registry: string, commit: string) => Job;

function recipe(name: string): string {
  return readFileSync(join(ROOT, 'docs', 'recipes', name), 'utf8');
}

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly env: Variables;
        readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[];
      }
    >
  >;
}

const githubJob: MakeJob = (registry, commit) => {
  const { jobs } = parse(recipe('github-actions.yml')) as Workflow;
  const [job] = Object.values(jobs);
  if (job === undefined || Object.keys(jobs).length !== 1) throw new Error('not one job');
  const expressions: Variables = {
    'github.repository': 'Octo-Cat/Hut',
    'github.actor': USERNAME,
    'secrets.GITHUB_TOKEN': PASSWORD,
  };
  const evaluate = (text: string): string =>
    text
      .replace(/\$\{\{\s*(\S+?)\s*\}\}/g, (_, name: string) => {
        const value = expressions[name];
        if (value === undefined) throw new Error(`\`${name}\` is not known of GitHub`);
        return value;
      })
      .replace('ghcr.io', registry);
  for (const { uses = '', with: inputs = {} } of job.steps) {
    expect(uses).toMatch(/^(?:|actions\/(?:checkout|setup-node)@v\d+)$/);
    expect(Object.keys(inputs)).not.toContain('cache');
  }
  return {
    shell: ['bash', '-e', '-c'],
    commands: job.steps.flatMap(({ run }) => (run === undefined ? [] : [evaluate(run)])),
    environment: {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_SHA: commit,
      GITHUB_REF_NAME: 'main',
      ...Object.fromEntries(Object.entries(job.env).map(([name, text]) => [name, evaluate(text)])),
    },
    tags: ['main', commit].map((tag) => `octo-cat/hut:${tag}`),
    platforms: ['linux/amd64', 'linux/arm64'],
  };
};

const gitlabJob: MakeJob = (registry, commit) => {
  const jobs = parse(recipe('gitlab-ci.yml')) as Readonly<
    Record<
      string,
      { readonly image: string; readonly variables: Variables; readonly script: readonly string[] }
    >
  >;
  const [job] = Object.values(jobs);
  if (job === undefined || Object.keys(jobs).length !== 1) throw new Error('not one job');
  expect(Object.keys(job).sort()).toEqual(['image', 'script', 'variables']);
  expect(job.image).toMatch(/^node:\d+-slim$/);
  const set: Variables = {
    CI: 'true',
    GITLAB_CI: 'true',
    CI_REGISTRY: registry,
    CI_REGISTRY_IMAGE: `${registry}/group/hut`,
    CI_REGISTRY_USER: USERNAME,
    CI_REGISTRY_PASSWORD: PASSWORD,
    CI_COMMIT_SHA: commit,
    CI_COMMIT_REF_SLUG: 'main',
    CI_DEFAULT_BRANCH: 'main',
  };
  const expanded = Object.entries(job.variables).map(([name, text]) => [
    name,
    text.replace(/\$(\w+)/g, (_, other: string) => set[other] ?? ''),
  ]);
  return {
    shell: ['sh', '-e', '-c'],
    commands: job.script,
    environment: { ...set, ...Object.fromEntries(expanded) },
    tags: ['main', commit].map((tag) => `group/hut:${tag}`),
    platforms: ['linux/amd64'],
  };
};

interface Site {
  readonly registry: RealRegistry;
  readonly relay: Relay;
  /** Of the base. */
  readonly mirror: TestRegistry;
  readonly index: PackageIndex;
  /** The repository that runners clone. */
  readonly origin: string;
}

async function openSite(name: string): Promise<Site> {
  const registry = await startRealRegistry({ login: { username: USERNAME, password: PASSWORD } });
  const relay = await startRelay(registry.domain);
  const mirror = await startRegistry();
  const platforms = ['linux/amd64', 'linux/arm64'] as const;
  const base = { python: '3.14.0', bin: 'usr/local/bin', platforms };
  serveTinyBase(mirror, 'library/python:3.14-slim', base);
  const index = await startPackageIndex();
  for (const { fileName, bytes } of WHEELS) index.serve({ name: fileName, bytes });
  const origin = join(folder, name, 'origin');
  writeProject(origin, {
    packages: WHEELS.map((wheel) => locked(wheel)),
    bivy: `index = "${index.url}"\nregistry-mirrors = { "docker.io" = ["${mirror.domain}"] }`,
  });
  git(origin, 'init', '--quiet', '--initial-branch=main');
  commit(origin, 'First');
  return { registry, relay, mirror, index, origin };
}

async function closeSite({ registry, relay, mirror, index }: Site): Promise<void> {
  await relay.close();
  await Promise.all([registry.stop(), mirror.close(), index.close()]);
}

function git(directory: string, ...parameters: readonly string[]): string {
  const who = ['-c', 'user.name=Octo', '-c', 'user.email=octo@cat.example'];
  return execFileSync('git', [...who, ...parameters], { cwd: directory, encoding: 'utf8' }).trim();
}

/** @returns its name */
function commit(directory: string, message: string): string {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', message);
  return git(directory, 'rev-parse', 'HEAD');
}

interface RunnerResult {
  /** Of the first command that failed; 0 where none did. */
  readonly status: number;
  readonly log: string;
  readonly job: Job;
  readonly moved: { readonly up: number; readonly down: number };
  /** Digests that the registry has now and had not before. */
  readonly stored: readonly string[];
  /** Paths that the package index, and the base's registry were asked for. */
  readonly asked: readonly string[];
  readonly pulled: readonly string[];
}

/** A runner of its own for that commit; nothing of it is left at the end. */
async function runOnce(site: Site, makeJob: MakeJob): Promise<RunnerResult> {
  const runner = mkdtempSync(join(folder, 'runner-'));
  try {
    for (const name of ['home', 'tmp']) mkdirSync(join(runner, name));
    const checkout = join(runner, 'checkout');
    git(folder, 'clone', '--quiet', site.origin, checkout);
    layProgram(runner);
    const job = makeJob(site.relay.domain, git(checkout, 'rev-parse', 'HEAD'));
    const before = { blobs: blobsOf(site), asked: site.index.log.length, pulled: site.mirror.log.length };
    site.relay.moved();
    let [log, status] = ['', 0];
    for (const command of job.commands) {
      const ran = await runCommand(job, command, runner);
      log += ran.log;
      status ||= ran.status;
    }
    // What is left lies in the home that goes with the runner: no cache, no file beside the checkout's.
    expect(git(checkout, 'status', '--porcelain')).toBe('');
    expect(readdirSync(join(runner, 'tmp'))).toEqual([]);
    expectNoSecret([log, ...textsBelow(runner)]);
    return {
      status,
      log,
      job,
      moved: site.relay.moved(),
      stored: blobsOf(site).filter((digest) => !before.blobs.includes(digest)),
      asked: site.index.log.slice(before.asked).map(({ path }) => path),
      pulled: site.mirror.log.slice(before.pulled).map(({ path }) => path),
    };
  } finally {
    rmSync(runner, { recursive: true });
  }
}

function runCommand(
  { shell, environment }: Job,
  command: string,
  runner: string,
): Promise<{ readonly log: string; readonly status: number }> {
  const [file = '', ...options] = shell;
  const [home, temporary] = [join(runner, 'home'), join(runner, 'tmp')];
  const child = spawn(file, [...options, command], {
    cwd: join(runner, 'checkout'),
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: temporary, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ log, status: code ?? -1 }));
  });
}

/** As `npx` finds a package: in a `node_modules` above, since this version is in no registry. */
function layProgram(runner: string): void {
  mkdirSync(join(runner, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(ROOT, join(runner, 'node_modules', 'bivy'));
  symlinkSync(join(ROOT, 'dist', 'cli', 'main.js'), join(runner, 'node_modules', '.bin', 'bivy'));
}

function textsBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}

function expectNoSecret(texts: readonly string[]): void {
  const basic = Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64');
  for (const secret of [PASSWORD, basic, encodeURIComponent(PASSWORD)]) {
    expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  }
}

const BLOBS = 'docker/registry/v2/blobs/sha256';

function blobsOf({ registry }: Site): readonly string[] {
  const root = join(registry.storage, BLOBS);
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((first) => readdirSync(join(root, first)).map((hex) => `sha256:${hex}`));
}

function readStored({ registry }: Site, digest: string): Buffer {
  const hex = hexOf(digest as never);
  return readFileSync(join(registry.storage, BLOBS, hex.slice(0, 2), hex, 'data'));
}

/** Where a tag leads. */
function tagged({ registry }: Site, reference: string): string {
  const [repository = '', tag = ''] = reference.split(':');
  const tags = join(registry.storage, 'docker/registry/v2/repositories', repository, '_manifests/tags');
  return readFileSync(join(tags, tag, 'current/link'), 'utf8');
}

function manifestsOf(site: Site, reference: string): readonly Manifest[] {
  const top = JSON.parse(readStored(site, tagged(site, reference)).toString('utf8'));
  const manifests: readonly { digest: string }[] | undefined = top.manifests;
  return manifests?.map(({ digest }) => JSON.parse(readStored(site, digest).toString('utf8'))) ?? [top];
}

const RECIPES: readonly (readonly [string, string, MakeJob])[] = [
  ['GitHub Actions', 'github', githubJob],
  ['GitLab CI', 'gitlab', gitlabJob],
];

describe.runIf(haveRegistry()).each(RECIPES)('%s', (_, name, makeJob) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(name);
  });
  afterAll(() => closeSite(site));

  it('pushes the image of a commit, and of the next one what changed, from fresh runners', async () => {
    const first = await runOnce(site, makeJob);
    expect(first.status, first.log).toBe(0);
    expect(first.asked).toContain('/files/alpha-1.0-py3-none-any.whl');
    const [main = '', own = ''] = first.job.tags;
    const before = manifestsOf(site, main);
    expect(before).toHaveLength(first.job.platforms.length);
    expect(tagged(site, own)).toBe(tagged(site, main));
    expect(first.moved.up).toBeGreaterThan(1_000_000);
    expect(first.pulled.filter((path) => isLayer(site, path))).toHaveLength(before.length);

    appendFileSync(join(site.origin, 'hut', '__main__.py'), 'print("edited")\n');
    commit(site.origin, 'Edit a line');
    const second = await runOnce(site, makeJob);
    expect(second.status, second.log).toBe(0);
    expect(tagged(site, second.job.tags[1] ?? '')).toBe(tagged(site, main));
    const after = manifestsOf(site, main);
    // Nothing is asked of the package index, and no layer of the base is read.
    expect(second.asked).toEqual([]);
    expect(second.pulled.filter((path) => isLayer(site, path))).toEqual([]);
    // New are one layer, and documents: a configuration and a manifest for each platform, and an index of several.
    const layers = after.map((manifest) => manifest.layers.map(({ digest }) => digest));
    const app = layers[0]?.at(-1) ?? '';
    const count = second.job.platforms.length;
    expect(second.stored).toHaveLength(1 + 2 * count + (count > 1 ? 1 : 0));
    expect(second.stored).toContain(app);
    expect(layers.map((digests) => digests.slice(0, -1))).toEqual(
      before.map((manifest) => manifest.layers.slice(0, -1).map(({ digest }) => digest)),
    );
    expect(second.moved.up + second.moved.down).toBeLessThan(40_000 * count);

    const stored = blobsOf(site).map((digest) => readStored(site, digest));
    expectNoSecret(stored.map((bytes) => bytes.toString('latin1')));
    expectNoSecret(stored.filter(isGzip).map((bytes) => gunzipSync(bytes).toString('latin1')));
  });

  it('fails where the login is refused, and says no word of it', async () => {
    const refused: MakeJob = (domain, hash) => {
      const job = makeJob(domain, hash);
      return { ...job, environment: { ...job.environment, BIVY_REGISTRY_USERNAME: 'somebody' } };
    };
    const before = blobsOf(site);
    const { status, log } = await runOnce(site, refused);
    expect([status, log]).toEqual([2, expect.stringContaining(`login`)]);
    expect(blobsOf(site)).toEqual(before);
  });
});

/** Whether a request for the base was for one of its layers: documents are read each time. */
function isLayer({ mirror }: Site, path: string): boolean {
  const [, repository, digest] = /^\/v2\/(.+)\/blobs\/(.+)$/.exec(path) ?? [];
  return isGzip(mirror.blobs.get(`${repository}@${digest}`) ?? Buffer.alloc(0));
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
