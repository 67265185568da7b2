import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildDocument } from '../../src/report/build.ts';
import { isThere } from '../support/images.ts';
import { docker, haveEngine } from './support/engine.ts';
import { scratchFolder, succeed } from './support/program.ts';
import { ROOT } from './support/shared-folders.ts';

const engine = haveEngine();
const folder = scratchFolder();
const EXAMPLES = ['annapurna', 'everest'] as const;
const made = new Map<string, BuildDocument>();

function tagOf(example: string): string {
  return `bivy-e2e/${example}:1`;
}

function layoutOf(example: string): string {
  return join(folder, example);
}

/** Runs Python in the image; what it prints is JSON. */
async function python<T>(example: string, program: string, ...options: string[]): Promise<T> {
  const { stdout } = await docker(
    'run',
    '--rm',
    '--network',
    'none',
    ...options,
    tagOf(example),
    'python',
    '-c',
    program,
  );
  return JSON.parse(stdout) as T;
}

beforeAll(async () => {
  for (const example of EXAMPLES) {
    const destinations = ['-o', `oci:${layoutOf(example)}`, ...(engine ? ['-o', 'docker'] : [])];
    const { stdout } = await succeed([
      'build',
      join('examples', example),
      '--json',
      '--base',
      'debian:12',
      '-t',
      tagOf(example),
      ...destinations,
    ]);
    made.set(example, JSON.parse(stdout));
  }
});

afterAll(async () => {
  if (engine)
    for (const example of EXAMPLES) await docker('rmi', '--force', tagOf(example)).catch(() => undefined);
});

describe('the images of the examples', () => {
  it('annapurna is small', () => {
    const [image] = made.get('annapurna')?.images ?? [];
    expect(image?.unpacked).toBeLessThanOrEqual(65_000_000);
    expect(image?.size).toBeLessThanOrEqual(22_000_000);
  });

  it.each(EXAMPLES)('%s holds the main group and nothing else', (example) => {
    const packages =
      made
        .get(example)
        ?.images[0]?.layers.flatMap((layer) => layer.packages.map((text) => text.split('==')[0])) ?? [];
    expect(packages).toContain('fastapi');
    for (const name of ['black', 'mypy', 'ruff', 'pytest', 'ipython', 'pip', 'poetry'])
      expect(packages).not.toContain(name);
  });
});

describe.runIf(engine)('in a container', () => {
  it('annapurna answers', async () => {
    const { stdout } = await docker('run', '--rm', '--network', 'none', tagOf('annapurna'));
    expect(JSON.parse(stdout)).toEqual({ mountain: 'annapurna', metres: 8091 });
  });

  it.each(EXAMPLES)('%s: no pip, no Poetry, no dev group, no shell, no package manager', async (example) => {
    const program = [
      'import importlib.util, importlib.metadata, json, os, shutil',
      'modules = ["pip", "poetry", "setuptools", "wheel", "black", "mypy", "ruff", "pytest", "IPython"]',
      'programs = ["pip", "pip3", "poetry", "sh", "bash", "dash", "apt", "apt-get", "dpkg", "perl", "gcc"]',
      'print(json.dumps([[n for n in modules if importlib.util.find_spec(n)], [n for n in programs if shutil.which(n)],',
      '  sorted(d.metadata["Name"].lower() for d in importlib.metadata.distributions() if "/app/.venv/" not in str(d._path))]))',
    ].join('\n');
    expect(await python(example, program)).toEqual([[], [], []]);
  });

  it('sets what the product promises', async () => {
    const program = [
      'import grp, json, locale, os, pwd, ssl, sys, zoneinfo, datetime',
      'me = pwd.getpwuid(os.getuid())',
      'open(os.path.join(os.environ["HOME"], "note"), "w").write("mine")',
      'print(json.dumps({"env": dict(os.environ), "uid": os.getuid(), "gid": os.getgid(), "name": me.pw_name, "home": me.pw_dir,',
      ' "group": grp.getgrgid(os.getgid()).gr_name, "homeMode": os.stat(me.pw_dir).st_mode & 0o7777, "cwd": os.getcwd(),',
      ' "prefix": sys.prefix, "version": sys.version_info[:2], "bytecode": sys.dont_write_bytecode, "encoding": sys.getfilesystemencoding(),',
      ' "authorities": len(ssl.create_default_context().get_ca_certs()) > 50,',
      ' "zone": str(datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Kathmandu")).utcoffset())}))',
    ].join('\n');
    const found = await python<Record<string, unknown>>('annapurna', program);
    expect(found).toMatchObject({
      uid: 65532,
      gid: 65532,
      name: 'nonroot',
      group: 'nonroot',
      home: '/home/nonroot',
      homeMode: 0o700,
      cwd: '/app',
      prefix: '/app/.venv',
      version: [3, 11],
      bytecode: true,
      encoding: 'utf-8',
      authorities: true,
      zone: '5:45:00',
    });
    expect(found['env']).toMatchObject({
      PATH: expect.stringMatching(/^\/app\/\.venv\/bin:/),
      VIRTUAL_ENV: '/app/.venv',
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      HOME: '/home/nonroot',
      LANG: 'C.UTF-8',
      SSL_CERT_FILE: expect.stringMatching(/^\/etc\/ssl\//),
    });
  });

  it.each(EXAMPLES)(
    '%s: files are 0644 or 0755, directories 0755, all of root, and nobody may write them',
    async (example) => {
      const program = [
        'import json, os, stat',
        'odd = []',
        'for top, directories, files in os.walk("/app"):',
        '  for name in directories + files + ([""] if top == "/app" else []):',
        '    path = os.path.join(top, name); s = os.lstat(path)',
        '    if stat.S_ISLNK(s.st_mode): continue',
        '    good = (0o755,) if stat.S_ISDIR(s.st_mode) else (0o644, 0o755)',
        '    if s.st_mode & 0o7777 not in good or s.st_uid or s.st_gid or os.access(path, os.W_OK): odd.append(path)',
        'print(json.dumps(odd))',
      ].join('\n');
      expect(await python(example, program)).toEqual([]);
    },
  );

  it.each([
    ['--read-only', '--tmpfs', '/tmp'],
    ['--user', '12345:0'],
    ['--user', '12345:0', '--read-only', '--tmpfs', '/tmp'],
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ])('annapurna runs with %s %s', async (...options) => {
    const { stdout } = await docker('run', '--rm', '--network', 'none', ...options, tagOf('annapurna'));
    expect(JSON.parse(stdout)).toMatchObject({ metres: 8091 });
  });

  it('has no entry point, so that another command can be given', async () => {
    const { stdout } = await docker(
      'run',
      '--rm',
      '--network',
      'none',
      tagOf('everest'),
      'uvicorn',
      '--version',
    );
    expect(stdout).toContain('Running uvicorn');
  });

  it.each([
    ['as it is', []],
    [
      'as another user, with a root that is read-only',
      ['--user', '12345:0', '--read-only', '--tmpfs', '/tmp'],
    ],
  ])('everest serves, and stops when asked: %s', async (_, options) => {
    const { stdout } = await docker(
      'run',
      '--detach',
      '--publish',
      '127.0.0.1::8000',
      ...options,
      tagOf('everest'),
    );
    const container = stdout.trim();
    try {
      const port = /:(\d+)\s*$/m.exec((await docker('port', container, '8000/tcp')).stdout)?.[1];
      const url = `http://127.0.0.1:${port}`;
      const health = await answer(`${url}/health`, container);
      expect(health).toMatchObject({ status: 'ok' });
      const climb = { days: [1, 2, 3, 4], metres: [5364, 6065, 6500, 7906] };
      const fit = await fetch(`${url}/fit`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(climb),
      });
      expect(await fit.json()).toEqual({ slope: expect.closeTo(806.1, 1), r: expect.closeTo(0.97, 1) });
      expect(await (await fetch(`${url}/highest`)).json()).toEqual({
        name: 'south col',
        pressure: expect.closeTo(396.86, 1),
      });
      // Docker itself kills it after two seconds, and says so by status 137.
      await docker('stop', '--time', '2', container);
      const state = JSON.parse((await docker('inspect', '--format', '{{json .State}}', container)).stdout);
      expect(state).toMatchObject({ Running: false, OOMKilled: false });
      expect(state.ExitCode).not.toBe(137);
    } finally {
      await docker('rm', '--force', container);
    }
  });

  it('the engine has what the layout has', async () => {
    for (const example of EXAMPLES) {
      const [image] = made.get(example)?.images ?? [];
      const config = JSON.parse(
        readFileSync(join(layoutOf(example), 'blobs', 'sha256', image?.config.slice(7) ?? ''), 'utf8'),
      );
      const held = JSON.parse((await docker('image', 'inspect', tagOf(example))).stdout)[0];
      expect(held.RootFS.Layers).toEqual(config.rootfs.diff_ids);
      expect(held.Config.User).toBe('65532:65532');
      expect(held.Config.Entrypoint ?? null).toBeNull();
    }
  });

  it('a second load sends nothing, and one after a code edit its layer alone', async () => {
    const again = await succeed([
      'build',
      'examples/annapurna',
      '--base',
      'debian:12',
      '-t',
      tagOf('annapurna'),
      '-o',
      'docker',
      '--verbose',
    ]);
    expect(again.stderr).toMatch(/^ {2}same +docker · bivy-e2e\/annapurna:1$/m);
    expect(again.stderr).not.toContain('read sha256:');
    const copy = join(folder, 'edited');
    execFileSync('cp', ['-r', join(ROOT, 'examples', 'annapurna'), copy]);
    execFileSync('sed', ['-i', 's/8091/8092/', join(copy, 'annapurna', 'main.py')]);
    const edited = await succeed([
      'build',
      copy,
      '--base',
      'debian:12',
      '-t',
      tagOf('annapurna'),
      '-o',
      'docker',
      '--verbose',
    ]);
    expect(edited.stderr.match(/read sha256:/g)).toHaveLength(1);
    const { stdout } = await docker('run', '--rm', '--network', 'none', tagOf('annapurna'));
    expect(JSON.parse(stdout)).toMatchObject({ metres: 8092 });
  });
});

/** The service's answer, once it is up. */
async function answer(url: string, container: string): Promise<unknown> {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      // A proxy may take the connection before the service does, and then never answer.
      return await (await fetch(url, { signal: AbortSignal.timeout(2000) })).json();
    } catch {
      await sleep(200);
    }
  }
  const { stdout, stderr } = await docker('logs', container);
  throw new Error(`the service did not come up:\n${stdout}${stderr}`);
}

const root = process.getuid?.() === 0;

describe.runIf(isThere('skopeo', '--version'))('skopeo', () => {
  it.each(EXAMPLES)('takes the layout of %s, digest for digest', (example) => {
    const copy = join(folder, `${example}-copy`);
    execFileSync(
      'skopeo',
      [
        '--insecure-policy',
        'copy',
        '--quiet',
        '--preserve-digests',
        `oci:${layoutOf(example)}:1`,
        `dir:${copy}`,
      ],
      { stdio: 'pipe' },
    );
    const digest = execFileSync('sha256sum', [join(copy, 'manifest.json')], { encoding: 'utf8' }).slice(
      0,
      64,
    );
    expect(`sha256:${digest}`).toBe(made.get(example)?.digest);
  });
});

describe.runIf(isThere('umoci', '--version') && root)('umoci', () => {
  it.each(EXAMPLES)('unpacks the layout of %s', (example) => {
    const bundle = join(folder, `${example}-bundle`);
    execFileSync('umoci', ['unpack', '--rootless', '--image', `${layoutOf(example)}:1`, bundle], {
      stdio: 'pipe',
    });
    const list = execFileSync('find', [join(bundle, 'rootfs'), '-type', 'f', '-printf', '%i %s\\n'], {
      encoding: 'utf8',
    });
    const inodes = new Map(
      list
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string]),
    );
    const sum = [...inodes.values()].reduce((total, size) => total + Number(size), 0);
    // The contract's `unpacked`, as another program's tree has it.
    expect(made.get(example)?.images[0]?.unpacked).toBe(sum);
  });
});
