import { describe, expect, it } from 'vitest';
import { misspeltVariables, resolveSettings, type SettingSources } from '../../src/project/settings.ts';

const refusal = (sources: SettingSources): { code: string; message: string; hint: string | undefined } => {
  try {
    resolveSettings(sources);
  } catch (error) {
    return error as { code: string; message: string; hint: string | undefined };
  }
  throw new Error('not refused');
};

describe('settings', () => {
  it('have defaults', () => {
    const settings = resolveSettings({});
    expect(settings).toMatchObject({
      workdir: '/app',
      overlaps: 'last',
      layers: 32,
      compression: 'gzip',
      init: false,
      entrypoint: [],
    });
    expect(settings.cmd).toBeUndefined();
    expect(settings.base).toBeUndefined();
  });

  it('take every key of the documentation', () => {
    const settings = resolveSettings({
      table: {
        base: 'debian:12',
        python: '3.11',
        platforms: ['linux/amd64', 'linux/arm/v7'],
        only: ['main'],
        with: ['docs'],
        without: ['dev'],
        extras: ['postgres'],
        'all-extras': true,
        packages: ['libpq5', 'libstdc++6'],
        cmd: ['python', '-m', 'annapurna.main'],
        entrypoint: ['tini', '--'],
        env: { LOG_LEVEL: 'info', EMPTY: '' },
        expose: [8000, '53/udp', '8000/tcp', 80n],
        user: '65532:65532',
        writable: ['media', '/var/lib/app/'],
        volumes: ['/app/media/'],
        workdir: '/srv//app/./',
        stopsignal: 'SIGINT',
        init: true,
        healthcheck: {
          test: ['python', '-m', 'h'],
          interval: '1m30s',
          timeout: '500ms',
          retries: 3,
          'start-period': '0s',
        },
        labels: { 'org.example.team': 'x' },
        include: ['migrations/', './staticfiles/**/*.css'],
        overlaps: 'refuse',
        layers: 16,
        compression: 'estargz',
        mirror: 'http://mirror.example/debian',
        'security-mirror': 'http://mirror.example/debian-security',
        index: 'https://index.example/simple/',
        'insecure-registries': ['registry.example:5000'],
        'registry-mirrors': { 'docker.io': ['mirror.example'] },
      },
    });
    expect(settings).toEqual({
      base: 'debian:12',
      python: '3.11',
      platforms: ['linux/amd64', 'linux/arm/v7'],
      only: ['main'],
      with: ['docs'],
      without: ['dev'],
      extras: ['postgres'],
      allExtras: true,
      packages: ['libpq5', 'libstdc++6'],
      cmd: ['python', '-m', 'annapurna.main'],
      entrypoint: ['tini', '--'],
      env: new Map([
        ['LOG_LEVEL', 'info'],
        ['EMPTY', ''],
      ]),
      expose: ['53/udp', '80/tcp', '8000/tcp'],
      user: '65532:65532',
      writable: ['/srv/app/media', '/var/lib/app'],
      volumes: ['/app/media'],
      workdir: '/srv/app',
      stopsignal: 'SIGINT',
      init: true,
      healthcheck: {
        test: ['CMD', 'python', '-m', 'h'],
        interval: 90e9,
        timeout: 5e8,
        retries: 3,
        startPeriod: 0,
      },
      labels: new Map([['org.example.team', 'x']]),
      include: ['migrations/', 'staticfiles/**/*.css'],
      overlaps: 'refuse',
      layers: 16,
      compression: 'estargz',
      mirror: 'http://mirror.example/debian',
      securityMirror: 'http://mirror.example/debian-security',
      index: 'https://index.example/simple/',
      insecureRegistries: ['registry.example:5000'],
      registryMirrors: new Map([['docker.io', ['mirror.example']]]),
    });
  });

  it('prefer flags to the environment, that to the table, and that to defaults', () => {
    const table = { base: 'scratch', user: '1', layers: 8, workdir: '/table' };
    const environment = {
      BIVY_BASE: 'oci:x',
      BIVY_USER: '2',
      BIVY_LAYERS: '9',
      BIVY_INIT: '1',
      BIVY_DEBIAN_MIRROR: 'http://m',
    };
    expect(resolveSettings({ table, environment, flags: { base: 'debian:13' } })).toMatchObject({
      base: 'debian:13',
      user: '2',
      layers: 9,
      workdir: '/table',
      init: true,
      mirror: 'http://m',
    });
    expect(resolveSettings({ table, environment: { BIVY_BASE: '' } }).base).toBe('scratch');
  });

  it('do not mix the groups of two sources', () => {
    const table = { with: ['docs'], without: ['dev'] };
    expect(resolveSettings({ table, flags: { only: ['main'] } })).toMatchObject({
      only: ['main'],
      with: [],
      without: [],
    });
    expect(resolveSettings({ table, flags: { extras: ['x'] } })).toMatchObject({
      with: ['docs'],
      without: ['dev'],
    });
  });

  it.each([
    ['enviroment', /has no key `enviroment`/, undefined],
    ['evn', /has no key `evn`/, /`env`/],
    ['worksdir', /has no key `worksdir`/, /`workdir`/],
    ['all_extras', /has no key `all_extras`/, /`all-extras`/],
    ['constructor', /has no key `constructor`/, undefined],
  ])('refuse the unknown key %s', (key, message, hint) => {
    const found = refusal({
      table: { [key]: 1 },
      lineOf: (path) => (path.join('.') === `tool.bivy.${key}` ? 7 : undefined),
    });
    expect(found).toMatchObject({
      code: 'CONFIG_UNKNOWN_KEY',
      location: { file: 'pyproject.toml', line: 7 },
    });
    expect(found.message).toMatch(message);
    if (hint !== undefined) expect(found.hint).toMatch(hint);
  });

  it('refuse an unknown key of the health check', () => {
    const found = refusal({ table: { healthcheck: { test: ['x'], intervall: '1s' } } });
    expect(found).toMatchObject({ code: 'CONFIG_UNKNOWN_KEY', hint: 'did you mean `interval`?' });
  });

  it.each<[Record<string, unknown>, RegExp, RegExp?]>([
    [
      { cmd: 'python -m x.main' },
      /`tool.bivy.cmd` must be a list of strings/,
      /cmd = \["python", "-m", "x.main"\]/,
    ],
    [{ cmd: 'a && b' }, /must be a list/, /no shell/],
    [{ cmd: [1] }, /`tool.bivy.cmd\[0\]` must be a string, not a number/],
    [{ cmd: [''] }, /empty program/],
    [{ entrypoint: 'x' }, /entrypoint` must be a list/, /entrypoint = \["x"\]/],
    [{ python: 3.11 }, /must be a string, not a number/, /quotes/],
    [{ python: '3' }, /is no Python version: `3`/],
    [{ python: '2.7' }, /is no Python version/],
    [{ base: {} }, /`tool.bivy.base` must be a string, not a table/],
    [{ base: ' ' }, /must not be empty/],
    [{ platforms: 'linux/amd64' }, /must be a list, not a string/, /platforms = \["linux\/amd64"\]/],
    [{ platforms: ['amd64'] }, /is no platform/],
    [{ packages: ['Foo Bar'] }, /no name of a Debian package/],
    [{ env: ['A=b'] }, /must be a table/],
    [{ env: { A: 1 } }, /`tool.bivy.env.A` must be a string/, /quotes/],
    [{ env: { 'A=B': 'x' } }, /without `=`/],
    [{ env: { A: 'a\0' } }, /NUL/],
    [{ expose: [0] }, /is no port: `0`/],
    [{ expose: [65536] }, /is no port/],
    [{ expose: ['80/icmp'] }, /is no port/],
    [{ expose: [80.5] }, /must be an integer/],
    [{ user: 65532 }, /must be a string, not a number/],
    [{ user: 'a b' }, /is no user/],
    [{ user: '1:2:3' }, /is no user/],
    [{ user: '4294967295' }, /is no user/],
    [{ writable: ['../x'] }, /must not hold `\.\.`/],
    [{ volumes: ['media'] }, /must be an absolute path/],
    [{ workdir: 'app' }, /must be an absolute path, not `app`/],
    [{ workdir: '/a/../b' }, /`\.\.`/],
    [{ stopsignal: 'TERM' }, /is no signal/],
    [{ init: 'yes' }, /must be `true` or `false`/],
    [{ healthcheck: { interval: '1s' } }, /healthcheck.test` is missing|healthcheck.test` must name/],
    [{ healthcheck: { test: 'curl x' } }, /must be a list of strings/],
    [{ healthcheck: { test: ['x'], interval: 30 } }, /must be a string/],
    [{ healthcheck: { test: ['x'], interval: '30' } }, /is no duration/],
    [{ healthcheck: { test: ['x'], interval: '0.5ms' } }, /at least `1ms`/],
    [{ healthcheck: { test: ['x'], retries: -1 } }, /negative/],
    [{ labels: { '': 'x' } }, /a label has a name/],
    [{ include: ['../secret'] }, /leaves the project/],
    [{ include: ['/etc/passwd'] }, /below the project/],
    [{ include: ['.'] }, /must name a file or directory/],
    [{ overlaps: 'first' }, /must be `last` or `refuse`, not `first`/],
    [{ compression: 'zstd' }, /must be `gzip` or `estargz`, not `zstd`/],
    [{ layers: 1 }, /from 2 to 120/],
    [{ layers: '32' }, /must be an integer/],
    [{ mirror: 'mirror.example' }, /is no URL/],
    [{ index: 'ftp://x' }, /is no URL/],
  ])('refuse %j', (table, message, hint) => {
    const found = refusal({ table });
    expect(found.code).toBe('CONFIG_INVALID');
    expect(found.message).toMatch(message);
    expect(found.message).not.toMatch(/\.$/);
    if (hint !== undefined) expect(found.hint).toMatch(hint);
  });

  it('name the variable, or the flag, that is wrong', () => {
    expect(refusal({ environment: { BIVY_LAYERS: 'many' } }).message).toMatch(
      /`BIVY_LAYERS` must be an integer/,
    );
    expect(refusal({ environment: { BIVY_INIT: 'yes' } }).message).toMatch(
      /`BIVY_INIT` must be `true` or `false`/,
    );
    expect(refusal({ flags: { python: 'three' } }).message).toBe('`--python` is no Python version: `three`');
    expect(refusal({ flags: { platforms: ['amiga'] } }).message).toBe('`--platform` is no platform: `amiga`');
  });

  it('name a variable that nobody reads where its spelling is close to one that somebody does', () => {
    expect(
      misspeltVariables(
        {
          BIVY_PYTON: '3.11',
          BIVY_CACHEDIR: 'x',
          BIVY_BASE: 'scratch',
          BIVY_OTHER: '1',
          HOME: '/',
        },
        ['BIVY_CACHE_DIR'],
      ),
    ).toEqual([
      ['BIVY_PYTON', 'BIVY_PYTHON'],
      ['BIVY_CACHEDIR', 'BIVY_CACHE_DIR'],
    ]);
  });
});
