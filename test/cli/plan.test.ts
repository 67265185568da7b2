import { describe, expect, it } from 'vitest';
import { bivy, type Ran } from '../support/command.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { openWorkshop, type Workshop } from '../support/workshop.ts';

const TARGET = ['--python', '3.11.11', '--platform', 'linux/arm64', '--libc', 'glibc:2.36'];

async function plan(shop: Workshop, args: readonly string[]): Promise<Ran> {
  return bivy(['plan', shop.project, ...args], {
    environment: { BIVY_CACHE_DIR: shop.cache, BIVY_INDEX_URL: shop.index.url },
  });
}

async function shopWithGroups(): Promise<Workshop> {
  const shop = await openWorkshop();
  shop.lay([
    moduleWheel('alpha'),
    moduleWheel('beta'),
    { wheel: moduleWheel('gamma'), locked: { group: 'dev' } },
    { wheel: moduleWheel('delta'), locked: { markers: 'sys_platform == "win32"' } },
  ]);
  return shop;
}

describe('bivy plan', () => {
  it('--json: one document, as the contract has it, without a base, Python or network', async () => {
    const shop = await shopWithGroups();
    const ran = await plan(shop, ['--json', '--offline', ...TARGET]);
    expect(ran.status, ran.stdout).toBe(0);
    expect(ran.stderr).toBe('');
    expect(shop.index.count()).toBe(0);
    const file = (name: string): object => ({
      name: `${name}-1.0-py3-none-any.whl`,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.parse(ran.stdout)).toEqual({
      version: 1,
      target: { python: '3.11.11', platform: 'linux/arm64', libc: 'glibc:2.36' },
      poetry: '2.4.1',
      mode: 'lock-markers',
      packages: [
        {
          name: 'alpha',
          version: '1.0',
          source: 'index',
          groups: ['main'],
          file: file('alpha'),
          why: ['hut', 'alpha'],
        },
        {
          name: 'beta',
          version: '1.0',
          source: 'index',
          groups: ['main'],
          file: file('beta'),
          why: ['hut', 'beta'],
        },
      ],
      root: { name: 'hut', version: '1.0.0' },
      problems: [],
    });
  });

  it.each([
    [['--default-groups'], ['alpha', 'beta', 'gamma']],
    [['--all-groups'], ['alpha', 'beta', 'gamma']],
    [['--only', 'dev'], ['gamma']],
    [
      ['--with', 'dev'],
      ['alpha', 'beta', 'gamma'],
    ],
    [
      ['--without', 'dev'],
      ['alpha', 'beta'],
    ],
  ])('%j', async (args, names) => {
    const shop = await shopWithGroups();
    const ran = await plan(shop, ['--json', ...args, ...TARGET]);
    expect(JSON.parse(ran.stdout).packages.map(({ name }: { name: string }) => name)).toEqual(names);
  });

  it('says what was written and counts for nothing', async () => {
    const shop = await shopWithGroups();
    const ran = await bivy(['plan', shop.project, '--only', 'dev', '--with', 'main', ...TARGET], {
      environment: { BIVY_CACHE_DIR: shop.cache, BIVY_INDEX_URL: shop.index.url, BIVY_PYTON: '3.11' },
    });
    expect(ran.stderr.split('\n')).toEqual([
      'warning: `with` counts for nothing beside `only`, as in Poetry',
      'warning: nothing reads the environment variable `BIVY_PYTON`',
      '  hint: did you mean `BIVY_PYTHON`?',
      '',
    ]);
  });

  it('--no-root: without the project itself', async () => {
    const shop = await shopWithGroups();
    expect(JSON.parse((await plan(shop, ['--json', '--no-root', ...TARGET])).stdout).root).toBeNull();
  });

  it('what only building would meet is a problem: exit status 1', async () => {
    const shop = await openWorkshop();
    const files = [{ name: 'gamma-1.0-cp311-cp311-win_amd64.whl', sha256: 'a'.repeat(64) }];
    shop.lay([moduleWheel('alpha'), { wheel: moduleWheel('gamma'), locked: { files } }]);
    const ran = await plan(shop, ['--json', ...TARGET]);
    expect(ran.status).toBe(1);
    const { packages, problems } = JSON.parse(ran.stdout);
    expect(packages[1]).toMatchObject({ name: 'gamma', file: null });
    expect(problems).toEqual([
      {
        code: 'NO_WHEEL',
        package: 'gamma',
        message: expect.stringContaining('gamma-1.0-cp311-cp311-win_amd64.whl'),
        hint: expect.any(String),
      },
    ]);
    const plain = await plan(shop, TARGET);
    expect(plain.status).toBe(1);
    expect(plain.stdout).toContain('problem: ');
  });

  it('what Poetry refuses is refused: exit status 2', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], { python: '^3.12' });
    const ran = await plan(shop, ['--json', ...TARGET]);
    expect(ran.status).toBe(2);
    expect(JSON.parse(ran.stdout).error.code).toBe('PYTHON_UNSUPPORTED');
  });

  it('--allow-stale: plans a stale lock', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], {
      lock: (text) => text.replace(/content-hash = ".*"/, 'content-hash = "old"'),
    });
    expect((await plan(shop, ['--json', ...TARGET])).status).toBe(2);
    const ran = await plan(shop, ['--json', '--allow-stale', ...TARGET]);
    expect(ran.status).toBe(0);
    expect(JSON.parse(ran.stdout).packages).toHaveLength(1);
  });

  it('a line for each package otherwise: version, file, who asked', async () => {
    const shop = await shopWithGroups();
    const { stdout } = await plan(shop, TARGET);
    expect(stdout).toContain(
      'python 3.11.11 · linux/arm64 · glibc 2.36 · selected as Poetry 2.4.1 does (lock-markers)',
    );
    expect(stdout).toContain('alpha 1.0  alpha-1.0-py3-none-any.whl  hut');
    expect(stdout).toContain('hut 1.0.0  (the project itself)');
  });

  it.each([
    [['--platform', 'windows/amd64'], 'TARGET_INVALID'],
    [['--libc', 'bionic:1.0'], 'TARGET_INVALID'],
    [['--python', 'three'], 'TARGET_INVALID'],
    [['--poetry', 'new'], 'USAGE'],
  ])('%j is refused', async (args, code) => {
    const shop = await shopWithGroups();
    const rest = TARGET.filter((_, index) => TARGET[index - (index % 2)] !== args[0]);
    const ran = await plan(shop, ['--json', ...rest, ...args]);
    expect(ran.status).toBe(2);
    expect(JSON.parse(ran.stdout).error).toMatchObject({ code, hint: expect.any(String) });
  });
});
