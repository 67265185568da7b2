import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { moduleWheel } from '../support/poetry-project.ts';
import {
  type Built,
  configOf,
  layersOf,
  membersOf,
  openWorkshop,
  type Workshop,
} from '../support/workshop.ts';

/** Paths that the layers above the base state, with what they are. */
function stated(shop: Workshop, built: Built): ReadonlyMap<string, ReturnType<typeof membersOf>[number]> {
  const own = layersOf(built).filter(({ kind }) => kind !== 'base');
  return new Map(
    own.flatMap(({ digest }) => membersOf(shop.path('out'), digest).map((member) => [member.path, member])),
  );
}

describe('a base that will not do', () => {
  it('without a Python: the error says which bases would', async () => {
    const shop = await openWorkshop({ python: null });
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails();
    expect(error.code).toBe('BASE_NO_PYTHON');
    expect(error.message).toBe(`the base \`${shop.base}\` has no Python`);
    expect(error.causes).toEqual([]);
    expect(error.hint).toMatch(/`debian:12` has Python 3\.11, `debian:13` Python 3\.13.*`oci:DIR`/);
  });

  it('without the asked version: the error says what it has, and which bases would', async () => {
    const shop = await openWorkshop({ python: '3.11.2' });
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails({ flags: { python: '3.13' } });
    expect(error.code).toBe('BASE_NO_PYTHON');
    expect(error.message).toBe(`the base \`${shop.base}\` has no Python 3.13`);
    expect(error.causes).toEqual(['it has Python 3.11.2']);
    expect(error.hint).toContain('debian:13');
  });

  it('`scratch`', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails({ flags: { base: 'scratch' } });
    expect(error.code).toBe('BASE_NO_PYTHON');
    expect(error.hint).toContain('debian:12');
  });

  it('with another one’s /app/.venv: refused, with the remedy', async () => {
    const members = [
      { path: 'app/' },
      { path: 'app/.venv/' },
      { path: 'app/.venv/pyvenv.cfg', body: 'home = /usr/bin\n' },
    ];
    const shop = await openWorkshop({ members });
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails();
    expect(error.code).toBe('BASE_OCCUPIED');
    expect(error.message).toContain('/app/.venv');
    expect(error.hint).toContain('remove `/app/.venv` from it');
  });

  it.each([
    ['debian:11', 'BASE_UNSUPPORTED', /debian:12/],
    ['oci-archve:dir/base.tar', 'BASE_UNSUPPORTED', /did you mean `oci-archive:dir\/base.tar`/],
  ])('%s', async (base, code, hint) => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails({ flags: { base } });
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(hint);
  });

  it('an image where Debian packages are asked for', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], { bivy: 'packages = ["libpq5"]' });
    const error = await shop.fails();
    expect(error.code).toBe('BASE_UNSUPPORTED');
    expect(error.message).toContain('packages');
  });
});

describe('what stands on a base', () => {
  it('restates no directory that the base has', async () => {
    const members = [{ path: 'app/', uid: 1000, mode: 0o775 }, { path: 'home/' }, { path: 'srv/' }];
    const shop = await openWorkshop({ members });
    shop.lay([moduleWheel('alpha')], {
      bivy: 'workdir = "/srv"\ninclude = ["data/"]',
      files: { 'hut/__init__.py': '', 'hut/__main__.py': '', 'data/a.txt': 'a' },
    });
    const paths = stated(shop, await shop.build());
    for (const path of ['app', 'home', 'srv', 'etc', 'usr', '']) expect(paths.has(path), path).toBe(false);
    expect([...paths.keys()]).toEqual(
      expect.arrayContaining(['app/.venv', 'home/nonroot', 'srv/data/a.txt', 'etc/passwd']),
    );
  });

  it('follows the base’s links when it lays paths, and keeps them', async () => {
    const members = [{ path: 'srv/' }, { path: 'srv/real/' }, { path: 'app', link: '/srv/real' }];
    const shop = await openWorkshop({ members });
    shop.lay([moduleWheel('alpha')]);
    const built = await shop.build({ destinations: [`oci:${shop.path('out')}`, `dir:${shop.path('tree')}`] });
    const paths = [...stated(shop, built).keys()];
    expect(paths.filter((path) => path === 'app' || path.startsWith('app/'))).toEqual([]);
    expect(paths).toContain('srv/real/.venv/pyvenv.cfg');
    expect(readlinkSync(shop.path('tree', 'app'))).toBe('/srv/real');
    expect(
      existsSync(shop.path('tree', 'srv/real/.venv/lib/python3.11/site-packages/alpha/__init__.py')),
    ).toBe(true);
    // What names the environment names it by the path that users know.
    expect(configOf(built, shop.path('out')).config).toMatchObject({
      Env: expect.arrayContaining(['VIRTUAL_ENV=/app/.venv']),
    });
  });

  it('has links to the base’s interpreter, and a configuration that Python accepts', async () => {
    const shop = await openWorkshop({ python: '3.12.3', bin: 'usr/local/bin' });
    shop.lay([moduleWheel('alpha')]);
    await shop.build({ destinations: [`dir:${shop.path('tree')}`] });
    const bin = shop.path('tree', 'app/.venv/bin');
    expect(readlinkSync(`${bin}/python`)).toBe('/usr/local/bin/python3.12');
    expect(readlinkSync(`${bin}/python3`)).toBe('python');
    expect(readlinkSync(`${bin}/python3.12`)).toBe('python');
    expect(readFileSync(shop.path('tree', 'app/.venv/pyvenv.cfg'), 'utf8')).toBe(
      'home = /usr/local/bin\ninclude-system-site-packages = false\nversion = 3.12.3\nexecutable = /usr/local/bin/python3.12\n',
    );
    expect(lstatSync(shop.path('tree', 'app/.venv/lib/python3.12/site-packages/alpha')).isDirectory()).toBe(
      true,
    );
  });
});

describe('the user', () => {
  const passwdOf = (shop: Workshop): string => readFileSync(shop.path('tree', 'etc/passwd'), 'utf8');
  const publish = (shop: Workshop): Promise<Built> =>
    shop.build({ destinations: [`oci:${shop.path('out')}`, `dir:${shop.path('tree')}`] });

  it('is made where the base has none but root: with a name, a group and a home of their own', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const built = await publish(shop);
    expect(passwdOf(shop)).toBe(
      'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    );
    expect(readFileSync(shop.path('tree', 'etc/group'), 'utf8')).toBe('root:x:0:\nnonroot:x:65532:\n');
    expect(stated(shop, built).get('home/nonroot')).toMatchObject({ mode: 0o700, uid: 65532 });
    expect(configOf(built, shop.path('out')).config).toMatchObject({ User: '65532:65532' });
  });

  it('is the base’s where that is not root', async () => {
    const shop = await openWorkshop({
      user: 'app',
      members: [
        { path: 'etc/passwd', body: 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n' },
      ],
    });
    shop.lay([moduleWheel('alpha')]);
    const built = await publish(shop);
    expect(configOf(built, shop.path('out')).config).toMatchObject({ User: 'app' });
    expect(stated(shop, built).has('etc/passwd')).toBe(false);
  });

  it('is the one that the project names, and owns what is to be written', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], { bivy: 'user = "1234:5678"\nwritable = ["media"]' });
    const built = await publish(shop);
    expect(configOf(built, shop.path('out')).config).toMatchObject({ User: '1234:5678' });
    expect(stated(shop, built).get('app/media')).toMatchObject({ type: '5', mode: 0o755, uid: 1234 });
    expect(passwdOf(shop)).toContain('nonroot:x:1234:5678:');
  });

  it('by a name that the base does not have is refused', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')], { bivy: 'user = "postgres"' });
    const error = await shop.fails();
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('postgres');
    expect(error.hint).toContain('user = "1000:1000"');
  });
});

describe('the configuration of an image', () => {
  it('keeps the base’s variables, puts the environment first on PATH, and lets the project win', async () => {
    const shop = await openWorkshop({ env: ['PYTHONUNBUFFERED=0', 'LANG=de_DE.UTF-8'] });
    const bivy = [
      'env = { LANG = "C.UTF-8", LOG_LEVEL = "info" }',
      'expose = [8000, "53/udp"]',
      'cmd = ["python", "-c", "print(1)"]',
      'entrypoint = ["/usr/bin/env"]',
      'workdir = "/srv/app"',
      'volumes = ["/srv/app/media"]',
      'stopsignal = "SIGINT"',
      'labels = { team = "snow" }',
      'healthcheck = { test = ["python", "-m", "hut"], interval = "30s" }',
    ];
    shop.lay([moduleWheel('alpha')], { bivy: bivy.join('\n') });
    const { config } = configOf(await shop.build(), shop.path('out'));
    expect(config).toMatchObject({
      Env: expect.arrayContaining([
        'PATH=/app/.venv/bin:/usr/bin:/usr/bin',
        'LANG=C.UTF-8',
        'LOG_LEVEL=info',
        'PYTHONUNBUFFERED=0',
        'PYTHONDONTWRITEBYTECODE=1',
        'VIRTUAL_ENV=/app/.venv',
      ]),
      Cmd: ['python', '-c', 'print(1)'],
      Entrypoint: ['/usr/bin/env'],
      WorkingDir: '/srv/app',
      ExposedPorts: { '8000/tcp': {}, '53/udp': {} },
      Volumes: { '/srv/app/media': {} },
      StopSignal: 'SIGINT',
      Labels: { team: 'snow' },
      Healthcheck: { Test: ['CMD', 'python', '-m', 'hut'], Interval: 30_000_000_000 },
    });
  });

  it('states times as SOURCE_DATE_EPOCH has them, which changes no layer', async () => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const plain = await shop.build();
    const dated = await shop.build({}, { environment: { SOURCE_DATE_EPOCH: '1700000000' } });
    expect(layersOf(dated)).toEqual(layersOf(plain).map((layer) => ({ ...layer, cached: true })));
    expect(JSON.stringify(configOf(dated, shop.path('out')))).toContain('2023-11-14T22:13:20Z');
    const error = await shop.fails({}, { environment: { SOURCE_DATE_EPOCH: 'yesterday' } });
    expect(error.code).toBe('USAGE');
  });
});
