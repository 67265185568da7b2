// Dockerfiles of the user's with the real builders: Debian's `docker build`, a buildkitd on a TCP socket through buildctl,
// buildx, and podman. The base comes from this disk, since no registry is there.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isThere } from '../support/images.ts';
import { haveEngine } from './support/engine.ts';
import { scratchFolder, start, succeed } from './support/program.ts';
import { haveRegistry, startRealRegistry } from './support/registries.ts';
import { leftovers, openWorkplace, type Way, type WayName, type Workplace } from './support/workplace.ts';

const TOKEN = 'a-token-that-nobody-may-see';

const engine = haveEngine();
const folder = scratchFolder();
let place: Workplace | undefined;
let project = '';
let base = '';

beforeAll(async () => {
  if (!engine) return;
  place = await openWorkplace(folder);
  ({ project, base } = place);
});
afterAll(async () => {
  await place?.stop();
});

function wayOf(name: WayName): Way | undefined {
  return place?.ways[name];
}

const DOCKERFILE = `FROM python:3.11 AS one
WORKDIR /app
COPY pyproject.toml .
ARG WORD=none
RUN --mount=type=secret,id=token test "$(wc -c < /run/secrets/token)" = ${TOKEN.length} && \\
    echo "$WORD" > word && cat /run/secrets/token
FROM one AS two
RUN echo two > two
FROM python:3.11
COPY --from=one /app /app
CMD ["python3", "-c", "print(open('/app/word').read(), end='')"]
`;

const FAILING = `FROM python:3.11 AS first
WORKDIR /app
FROM first
ENV A=1
RUN --mount=type=secret,id=token \\
    cat /run/secrets/token && echo what was printed && \\
    exit 7
`;

describe.runIf(engine)('a Dockerfile of the user’s', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'Dockerfile.own'), DOCKERFILE);
    writeFileSync(join(folder, 'Dockerfile.failing'), FAILING);
  });
  const secret = ['--secret', 'id=token,env=TOKEN'];
  const names: readonly WayName[] = ['docker', 'buildctl', 'buildx, docker', 'podman'];

  it.each(names)('%s: secrets, arguments, targets, destinations', async (name) => {
    const way = wayOf(name);
    if (way === undefined) return;
    const environment = { ...way.environment, TOKEN };
    const own = ['build', project, ...way.flags, '-f', join(folder, 'Dockerfile.own'), '--base', base];
    const tree = join(folder, `tree ${name}`);
    const flags = ['--builder-base', base, ...secret, '--build-arg', 'WORD=said', '--no-cache', '--verbose'];
    const whole = await succeed([...own, ...flags, '-o', `dir:${tree}`], { environment });
    expect(readFileSync(join(tree, 'app', 'word'), 'utf8')).toBe('said\n');
    expect(readdirSync(join(tree, 'app'))).toEqual(['pyproject.toml', 'word']);
    expect(whole.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    // The step prints its secret; nobody else does.
    expect(whole.stderr).toContain('│ ***');
    expect(whole.stderr).not.toContain(TOKEN);
    // Of the target the other stages' base is the one that ships.
    await succeed([...own, ...secret, '--target', 'two', '-o', `dir:${tree}`], { environment });
    expect(readdirSync(join(tree, 'app'))).toEqual(['pyproject.toml', 'two', 'word']);
  });

  it.each(names)('%s: what fails is told with its lines', async (name) => {
    const way = wayOf(name);
    if (way === undefined) return;
    const failing = join(folder, 'Dockerfile.failing');
    const args = ['build', project, ...way.flags, '-f', failing, '--base', base, ...secret];
    const destination = join(folder, `never ${name}`);
    const { status, stdout, stderr } = await start([...args, '-o', `oci:${destination}`, '--json'], {
      environment: { ...way.environment, TOKEN },
    }).ended;
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: 'BUILD_FAILED', location: { file: failing, line: 5 } });
    expect(error.message).toMatch(/: exit (?:code:|status) 7$/);
    expect(error.causes).toEqual(
      expect.arrayContaining([
        '   5 | RUN --mount=type=secret,id=token \\',
        '   7 |     exit 7',
        '│ ***what was printed',
      ]),
    );
    expect(stdout + stderr).not.toContain(TOKEN);
    expect(isThere('test', '-e', destination)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it.each(names)('%s: an interruption ends it', async (name) => {
    const way = wayOf(name);
    if (way === undefined) return;
    const slow = join(folder, `Dockerfile.slow-${name.replace(/\W+/g, '-')}`);
    const seconds = `10${names.indexOf(name)}.25`;
    writeFileSync(slow, `FROM python:3.11\nRUN echo begun && sleep ${seconds}\n`);
    const args = ['build', project, ...way.flags, '-f', slow, '--base', base, '-o', `oci:${slow}.image`];
    const { child, ended } = start([...args, '--no-cache', '--verbose'], { environment: way.environment });
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (text: string) => {
        if (text.includes('│ begun')) resolve();
      });
      child.once('close', () => resolve());
    });
    child.kill('SIGINT');
    expect((await ended).status).toBe(130);
    for (let tries = 0; isThere('pgrep', '-f', `^sleep ${seconds}`) && tries < 50; tries += 1)
      await sleep(200);
    expect(isThere('pgrep', '-f', `^sleep ${seconds}`)).toBe(false);
    expect(isThere('pgrep', '-f', slow)).toBe(false);
    expect(leftovers()).toEqual([]);
  });
});

describe.runIf(engine && haveRegistry())('a registry', () => {
  it('is pushed what buildkitd built, and lends it its cache', async () => {
    const way = wayOf('buildctl');
    if (way === undefined) return;
    const registry = await startRealRegistry();
    try {
      const file = join(folder, 'Dockerfile.pushed');
      writeFileSync(file, `FROM python:3.11\nRUN echo ${registry.domain} > /pushed\n`);
      const image = `${registry.domain}/team/app:1`;
      const cache = `type=registry,ref=${registry.domain}/team/cache,mode=max`;
      const common = ['build', project, ...way.flags, '-f', file, '--base', base, '-t', image, '--push'];
      const made = await succeed([...common, '--cache-to', cache], { environment: way.environment });
      const url = `${registry.url}/v2/team/app/manifests/1`;
      const accept = 'application/vnd.oci.image.manifest.v1+json';
      const answer = await fetch(url, { headers: { accept } });
      expect(`${answer.headers.get('docker-content-digest')}\n`).toBe(made.stdout);
      const again = await succeed([...common, '--cache-from', `${registry.domain}/team/cache`], way);
      expect(again.stdout).toBe(made.stdout);
      expect(again.stderr).toContain('same      registry');
    } finally {
      await registry.stop();
    }
  });
});
