import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bivy, type Ran, type Surroundings } from '../support/command.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

/** What only a terminal understands. */
const CONTROL: RegExp = new RegExp(`[\r${String.fromCharCode(27)}]`);
const DIGEST = /^sha256:[0-9a-f]{64}$/;

async function shopWithTwo(bivyTable = ''): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([moduleWheel('alpha', '1.0', 300_000), moduleWheel('beta')], { bivy: bivyTable });
  return shop;
}

function environmentOf(shop: Workshop): Record<string, string> {
  return { BIVY_CACHE_DIR: shop.cache, BIVY_INDEX_URL: shop.index.url, BIVY_BASE: shop.base };
}

function build(shop: Workshop, args: readonly string[] = [], surroundings: Surroundings = {}): Promise<Ran> {
  const environment = { ...environmentOf(shop), ...surroundings.environment };
  return bivy(['build', shop.project, '--platform', 'linux/amd64', ...args], {
    ...surroundings,
    environment,
  });
}

describe('bivy build', () => {
  it('prints the digest alone on stdout, and plain lines on stderr', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['-o', `oci:${shop.path('out')}`]);
    expect(ran.status, ran.stderr).toBe(0);
    const index = JSON.parse(readFileSync(shop.path('out', 'index.json'), 'utf8'));
    expect(ran.stdout).toBe(`${index.manifests[0].digest}\n`);
    expect(ran.stderr).not.toMatch(CONTROL);
    expect(
      ran.stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.trim().split(/\s+/)[0]),
    ).toEqual(['lock', 'base', 'wheels', 'note', 'layers', 'image', 'wrote']);
    expect(ran.stderr).toContain('poetry.lock 2.1 · fresh · 2 of 2 packages');
    expect(ran.stderr).toContain('2 · 0 cached · 2 fetched');
  });

  it('says what it does meanwhile on a terminal, on one line that goes again', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['-o', `oci:${shop.path('out')}`], {
      terminal: true,
      environment: { TERM: 'xterm' },
    });
    expect(ran.stderr).toContain('\r\u001b[K  fetching alpha-1.0-py3-none-any.whl');
    expect(ran.stderr.split('\r\u001b[K').at(-1)).toMatch(/^ {2}wrote /);
    const plain = await build(shop, ['-o', `oci:${shop.path('out')}`, '--no-progress'], {
      terminal: true,
      environment: { NO_COLOR: '1' },
    });
    expect(plain.stderr).not.toMatch(CONTROL);
  });

  it('--quiet: nothing on stderr but errors', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['-q', '-o', `oci:${shop.path('out')}`]);
    expect(ran).toEqual({ status: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/), stderr: '' });
    const failed = await build(shop, ['-q', '--with', 'docs', '-o', `oci:${shop.path('out')}`]);
    expect(failed).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('error: ') });
  });

  it('--verbose: every request, file and layer', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['-v', '-o', `oci:${shop.path('out')}`]);
    expect(ran.stderr).toContain(`asking ${shop.index.url}beta/`);
    expect(ran.stderr).toContain('fetched beta-1.0-py3-none-any.whl');
    expect(ran.stderr).toMatch(/layer alpha: \d/);
    expect(ran.stderr).not.toMatch(CONTROL);
  });

  it('--json: one document, as the contract has it', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, [
      '--json',
      '-t',
      'team/hut:1',
      '-t',
      'hut',
      '-o',
      `oci:${shop.path('out')}`,
    ]);
    expect(ran.status).toBe(0);
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1);
    const made = JSON.parse(ran.stdout);
    const layer = (kind: string, packages: readonly string[], cached: boolean): object => ({
      digest: expect.stringMatching(DIGEST),
      diffId: expect.stringMatching(DIGEST),
      size: expect.any(Number),
      unpacked: expect.any(Number),
      kind,
      packages,
      cached,
    });
    expect(made).toEqual({
      version: 1,
      digest: expect.stringMatching(DIGEST),
      tags: ['team/hut:1', 'hut'],
      destinations: [{ kind: 'oci', path: shop.path('out') }],
      seconds: expect.any(Number),
      images: [
        {
          platform: 'linux/amd64',
          manifest: made.digest,
          config: expect.stringMatching(DIGEST),
          size: expect.any(Number),
          unpacked: expect.any(Number),
          layers: [
            layer('base', [], true),
            layer('wheels', ['alpha==1.0'], false),
            layer('wheels', ['beta==1.0'], false),
            layer('venv', [], false),
            layer('app', ['hut==1.0.0'], false),
          ],
        },
      ],
    });
    const [image] = made.images;
    const config = readFileSync(shop.path('out', 'blobs', 'sha256', image.config.slice(7)));
    const blobs = image.layers.reduce((sum: number, { size }: { size: number }) => sum + size, 0);
    expect(image.size).toBe(blobs + config.length);
    expect(JSON.parse(config.toString('utf8')).rootfs.diff_ids).toEqual(
      image.layers.map(({ diffId }: { diffId: string }) => diffId),
    );
    const index = JSON.parse(readFileSync(shop.path('out', 'index.json'), 'utf8'));
    expect(index.manifests.map(({ digest }: { digest: string }) => digest)).toEqual([
      made.digest,
      made.digest,
    ]);
  });

  it('`unpacked` is what all files weigh once the layers are applied', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['--json', '-o', `dir:${shop.path('tree')}`]);
    const { execFileSync } = await import('node:child_process');
    const list = execFileSync(
      'find',
      [shop.path('tree'), '-type', 'f', '!', '-name', '.bivy.json', '-printf', '%s\\n'],
      { encoding: 'utf8' },
    );
    const sum = list
      .trim()
      .split('\n')
      .reduce((total, size) => total + Number(size), 0);
    expect(JSON.parse(ran.stdout).images[0].unpacked).toBe(sum);
  });

  it('takes several destinations, which hold the same image', async () => {
    const shop = await shopWithTwo();
    const destinations = ['oci', 'oci-archive', 'docker-archive', 'dir'].map(
      (kind) => `${kind}:${shop.path(kind)}`,
    );
    const ran = await build(shop, ['--json', ...destinations.flatMap((text) => ['-o', text])]);
    const made = JSON.parse(ran.stdout);
    expect(made.destinations).toEqual(
      ['oci', 'oci-archive', 'docker-archive', 'dir'].map((kind) => ({ kind, path: shop.path(kind) })),
    );
    const index = readFileSync(shop.path('oci', 'index.json'), 'utf8');
    for (const archive of ['oci-archive', 'docker-archive']) {
      expect(readFileSync(shop.path(archive), 'latin1')).toContain(index);
    }
    expect(existsSync(shop.path('dir', 'app/.venv/pyvenv.cfg'))).toBe(true);
  });

  it('writes to `dist/NAME` where no destination is named, under the project’s name and version', async () => {
    const shop = await shopWithTwo();
    const before = process.cwd();
    process.chdir(shop.folder);
    try {
      const ran = await build(shop, ['--json']);
      expect(JSON.parse(ran.stdout)).toMatchObject({
        tags: ['hut:1.0.0'],
        destinations: [{ kind: 'oci', path: 'dist/hut' }],
      });
      expect(existsSync(shop.path('dist', 'hut', 'index.json'))).toBe(true);
    } finally {
      process.chdir(before);
    }
  });

  it('interrupted: status 130, and nothing is left', async () => {
    const shop = await shopWithTwo();
    const stop = new AbortController();
    shop.index.always('/files/beta-1.0-py3-none-any.whl', { kind: 'stall', after: 20 });
    setTimeout(() => stop.abort(), 300);
    const ran = await build(shop, ['--json', '-o', `oci:${shop.path('out')}`], { signal: stop.signal });
    expect(ran.status).toBe(130);
    expect(JSON.parse(ran.stdout)).toMatchObject({ version: 1, error: { code: 'INTERRUPTED' } });
    expect(existsSync(shop.path('out'))).toBe(false);
  });
});

describe('where a setting comes from', () => {
  it('flags win over BIVY_* variables, which win over the table, which wins over what bivy chooses', async () => {
    const shop = await shopWithTwo('user = "1:1"\nworkdir = "/from-table"\nstopsignal = "SIGINT"');
    const variables = { BIVY_USER: '2:2', BIVY_STOPSIGNAL: '' };
    const ran = await build(shop, ['--json', '-o', `oci:${shop.path('out')}`], { environment: variables });
    const { config } = JSON.parse(
      readFileSync(
        shop.path('out', 'blobs', 'sha256', JSON.parse(ran.stdout).images[0].config.slice(7)),
        'utf8',
      ),
    );
    expect(config).toMatchObject({ User: '2:2', WorkingDir: '/from-table', StopSignal: 'SIGINT' });
  });

  it('--base over BIVY_BASE', async () => {
    const shop = await shopWithTwo('base = "oci:of-the-table"');
    expect(
      (await build(shop, ['--base', 'oci:of-the-flag', '-o', `oci:${shop.path('out')}`])).stderr,
    ).toContain('of-the-flag');
    expect(
      (
        await build(shop, ['-o', `oci:${shop.path('out')}`], {
          environment: { BIVY_BASE: 'oci:of-the-variable' },
        })
      ).stderr,
    ).toContain('of-the-variable');
    expect(
      (await build(shop, ['-o', `oci:${shop.path('out')}`], { environment: { BIVY_BASE: '' } })).stderr,
    ).toContain('of-the-table');
  });

  it('a variable that makes no sense names itself', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['--json', '-o', `oci:${shop.path('out')}`], {
      environment: { BIVY_LAYERS: 'many' },
    });
    expect(JSON.parse(ran.stdout).error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('BIVY_LAYERS'),
    });
  });

  it.each([
    [['--workers', '0'], {}],
    [[], { BIVY_WORKERS: 'all' }],
  ])('workers: %j %j', async (args, environment) => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['--json', ...args, '-o', `oci:${shop.path('out')}`], { environment });
    expect(JSON.parse(ran.stdout).error).toMatchObject({
      code: 'USAGE',
      hint: 'give a whole number from 1 to 64',
    });
  });
});

describe('a failure', () => {
  it('is one JSON document with --json', async () => {
    const shop = await shopWithTwo();
    const ran = await build(shop, ['--json', '--extras', 'postgres', '-o', `oci:${shop.path('out')}`]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toEqual({
      version: 1,
      error: {
        code: 'EXTRA_UNKNOWN',
        message: expect.stringContaining('postgres'),
        location: { file: `${shop.project}/poetry.lock`, line: null, column: null },
        hint: expect.any(String),
        causes: [],
      },
    });
  });

  it('that never came to the project has no place', async () => {
    const ran = await bivy(['build', '--json', '--outptu', 'x']);
    expect(JSON.parse(ran.stdout)).toEqual({
      version: 1,
      error: {
        code: 'USAGE',
        message: '`bivy build` has no option `--outptu`',
        location: null,
        hint: 'did you mean `--output`?',
        causes: [],
      },
    });
  });

  it('leaves warnings on stderr beside a document, and nothing else', async () => {
    const shop = await openWorkshop();
    const shared = (text: string) => ({ files: [{ name: 'shared.txt', content: text }] });
    shop.lay([moduleWheel('alpha', '1.0', 0, shared('a')), moduleWheel('beta', '1.0', 0, shared('b'))]);
    const ran = await build(shop, ['--json', '-o', `oci:${shop.path('out')}`]);
    expect(ran.stderr).toMatch(/^warning: .*shared\.txt.*\n$/);
    expect((await build(shop, ['--json', '-q', '-o', `oci:${shop.path('out')}`])).stderr).toBe('');
  });

  it('has its place, with nulls where there is none', async () => {
    const shop = await shopWithTwo('entripoint = []');
    const ran = await build(shop, ['--json', '-o', `oci:${shop.path('out')}`]);
    expect(JSON.parse(ran.stdout).error).toMatchObject({
      code: 'CONFIG_UNKNOWN_KEY',
      location: { file: `${shop.project}/pyproject.toml`, line: expect.any(Number), column: null },
    });
  });

  it('says what, where, why, and what to do next', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], {
      lock: (text) => text.replace(/content-hash = ".*"/, `content-hash = "${'a'.repeat(64)}"`),
    });
    const ran = await build(shop, ['-o', `oci:${shop.path('out')}`]);
    expect(ran.status).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(
      /^error: `poetry\.lock` does not match `pyproject\.toml`\n {2}in \S+\/project\/poetry\.lock(:\d+)?\n {2}caused by: content-hash is a{64}, expected [0-9a-f]{64}\n\nhint: run `poetry lock` and commit the result\n$/,
    );
  });
});
