import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BuildRequest } from '../../src/app/build.ts';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import { filePath, pagePath } from '../support/package-index.ts';
import { locked, moduleWheel } from '../support/poetry-project.ts';
import { buildWheel } from '../support/wheel.ts';
import { type BuildConditions, contents, listing, openWorkshop, type Workshop } from '../support/workshop.ts';

interface BadInput {
  readonly what: string;
  readonly spoil: (shop: Workshop) => void;
  readonly request?: Partial<BuildRequest>;
  readonly conditions?: BuildConditions;
  /** A further destination, below the folder. */
  readonly destination?: string;
  readonly code: ErrorCode;
  readonly message: RegExp;
  readonly hint?: RegExp;
  readonly location?: object;
  readonly causes?: readonly RegExp[];
}

const PATIENCE = { headersMs: 300, idleMs: 300, paceMs: 300, attempts: 2, backoffMs: 10, pauseMs: 20 };
const HASTE: BuildConditions = { patience: PATIENCE };
const LOCK = ['project', 'poetry.lock'] as const;
const PYPROJECT = ['project', 'pyproject.toml'] as const;
const BETA = '/files/beta-1.1-py3-none-any.whl';

function change(shop: Workshop, file: readonly string[], from: string | RegExp, to: string): void {
  const text = readFileSync(shop.path(...file), 'utf8');
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`nothing to change in ${file.join('/')}`);
  writeFileSync(shop.path(...file), changed);
}

/** The project with `beta` bumped, so that something has to be asked. */
function bump(shop: Workshop): void {
  shop.lay([moduleWheel('alpha'), moduleWheel('beta', '1.1')]);
}

const CASES: readonly BadInput[] = [
  {
    what: 'no project',
    spoil: (shop) => rmSync(shop.path(...PYPROJECT)),
    code: 'PROJECT_MISSING',
    message: /there is no `pyproject\.toml` in `.*project`/,
    hint: /name the directory of a Poetry project/,
  },
  {
    what: 'no lock',
    spoil: (shop) => rmSync(shop.path(...LOCK)),
    code: 'LOCK_MISSING',
    message: /there is no `poetry\.lock` in `.*project`/,
    hint: /run `poetry lock` and commit the result/,
    location: { file: expect.stringMatching(/poetry\.lock$/) },
  },
  {
    what: 'a stale lock',
    spoil: (shop) => change(shop, PYPROJECT, 'beta = "*"', 'beta = "^1.0"'),
    code: 'LOCK_STALE',
    message: /`poetry\.lock` does not match `pyproject\.toml`/,
    hint: /run `poetry lock` and commit the result/,
    causes: [/content-hash is [0-9a-f]{64}, expected [0-9a-f]{64}/],
  },
  {
    what: 'a lock version that is not known',
    spoil: (shop) => change(shop, LOCK, 'lock-version = "2.1"', 'lock-version = "9.0"'),
    code: 'LOCK_VERSION',
    message: /9\.0/,
    location: { file: expect.stringMatching(/.\/poetry\.lock$/), line: expect.any(Number) },
  },
  {
    what: 'broken TOML in the project',
    spoil: (shop) => change(shop, PYPROJECT, 'description = "A test"', 'description = "A test'),
    code: 'TOML_SYNTAX',
    message: /pyproject\.toml/,
    location: { file: expect.stringMatching(/.\/pyproject\.toml$/), line: 4, column: expect.any(Number) },
  },
  {
    what: 'broken TOML in the lock',
    spoil: (shop) => appendFileSync(shop.path(...LOCK), 'oops\n'),
    code: 'TOML_SYNTAX',
    message: /poetry\.lock/,
    location: {
      file: expect.stringMatching(/.\/poetry\.lock$/),
      line: expect.any(Number),
      column: expect.any(Number),
    },
  },
  {
    what: 'a lock with marks of a merge conflict',
    spoil: (shop) => change(shop, LOCK, '[metadata]', '<<<<<<< ours\n[metadata]'),
    code: 'TOML_SYNTAX',
    message: /poetry\.lock/,
    hint: /merge conflict/,
  },
  {
    what: 'a lock that was cut short',
    spoil: (shop) => change(shop, LOCK, /\[metadata\][\s\S]*/, ''),
    code: 'LOCK_INVALID',
    message: /metadata/,
  },
  {
    what: 'a group that is not known',
    spoil: bump,
    request: { flags: { with: ['docs'] } },
    code: 'GROUP_UNKNOWN',
    message: /docs/,
  },
  {
    what: 'an extra that is not known',
    spoil: bump,
    request: { flags: { extras: ['postgres'] } },
    code: 'EXTRA_UNKNOWN',
    message: /postgres/,
  },
  {
    what: 'a Python that the base does not have',
    spoil: (shop) => shop.lay([moduleWheel('alpha')], { python: '^3.12' }),
    code: 'PYTHON_UNSUPPORTED',
    message: /3\.11\.2/,
    hint: /./,
  },
  {
    what: 'packages without a wheel for the target, all of them',
    spoil: (shop) => {
      const sdist = { name: 'gamma-1.0.tar.gz', sha256: 'a'.repeat(64) };
      const windows = { name: 'delta-1.0-cp311-cp311-win_amd64.whl', sha256: 'b'.repeat(64) };
      shop.lay([
        moduleWheel('alpha'),
        { wheel: moduleWheel('gamma'), locked: { files: [sdist] } },
        { wheel: moduleWheel('delta'), locked: { files: [windows] } },
      ]);
    },
    code: 'NO_WHEEL',
    message: /2 packages cannot be installed for python 3\.11\.2 on linux\/amd64 with glibc 2\.36/,
    causes: [/delta.*delta-1\.0-cp311-cp311-win_amd64\.whl/, /gamma.*gamma-1\.0\.tar\.gz/],
    hint: /./,
  },
  {
    what: 'a marker on what cannot be known',
    spoil: (shop) =>
      shop.lay([{ wheel: moduleWheel('alpha'), locked: { markers: 'platform_release >= "6"' } }]),
    code: 'MARKER_UNKNOWABLE',
    message: /platform_release/,
  },
  {
    what: 'a file that is not what was locked',
    spoil: (shop) => {
      bump(shop);
      shop.index.serve({
        name: 'beta-1.1-py3-none-any.whl',
        bytes: moduleWheel('beta', '1.1', 10).bytes,
        listedSha256: moduleWheel('beta', '1.1').sha256,
        listedSize: null,
      });
    },
    code: 'HASH_MISMATCH',
    message: /`beta-1\.1-py3-none-any\.whl` is not what was promised/,
    causes: [/its SHA-256 is [0-9a-f]{64}/, new RegExp(`expected ${moduleWheel('beta', '1.1').sha256}`)],
    hint: /do not use it/,
  },
  {
    what: 'an index that lists another file under the name',
    spoil: (shop) => {
      bump(shop);
      shop.index.serve({ name: 'beta-1.1-py3-none-any.whl', bytes: moduleWheel('beta', '1.1', 10).bytes });
    },
    code: 'HASH_MISMATCH',
    message: /the index lists other files/,
    causes: [/beta-1\.1/],
  },
  {
    what: 'a file that the index no longer has',
    spoil: (shop) => {
      bump(shop);
      shop.index.remove('beta-1.1-py3-none-any.whl');
    },
    code: 'FILE_MISSING',
    message: /not where the lock says/,
    hint: /poetry lock/,
    causes: [/beta-1\.1/],
  },
  {
    what: 'an index that is down',
    spoil: bump,
    conditions: { ...HASTE, environment: { BIVY_INDEX_URL: 'http://127.0.0.1:1/simple/' } },
    code: 'INDEX_UNREACHABLE',
    message: /cannot get `http:\/\/127\.0\.0\.1:1\/simple\/beta\/`: the server refused the connection/,
    hint: /--offline/,
  },
  {
    what: 'an index that never answers',
    spoil: (shop) => {
      bump(shop);
      shop.index.always(pagePath('beta'), { kind: 'hang' });
    },
    conditions: HASTE,
    code: 'INDEX_UNREACHABLE',
    message: /did not answer in time/,
  },
  {
    what: 'an index that stops in the middle of a file',
    spoil: (shop) => {
      bump(shop);
      shop.index.always(BETA, { kind: 'stall', after: 10 });
    },
    conditions: HASTE,
    code: 'INDEX_UNREACHABLE',
    message: /beta-1\.1/,
  },
  {
    what: 'an index that lies about a length',
    spoil: (shop) => {
      bump(shop);
      shop.index.always(BETA, { kind: 'declare', length: 100_000 });
    },
    conditions: HASTE,
    code: 'INDEX_INVALID',
    message: /beta-1\.1.*may have at most \d+ bytes, but declares 100000 bytes/,
  },
  {
    what: 'an index that is out of order',
    spoil: (shop) => {
      bump(shop);
      shop.index.always(pagePath('beta'), { kind: 'answer', status: 503, body: 'come back later' });
    },
    conditions: HASTE,
    code: 'INDEX_UNREACHABLE',
    message: /answered with status 503/,
  },
  {
    what: 'an index that answers with a page of something else',
    spoil: (shop) => {
      bump(shop);
      shop.index.always(pagePath('beta'), {
        kind: 'answer',
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<html><body><h1>Please log in to the hotel’s network</h1></body></html>',
      });
    },
    conditions: HASTE,
    code: 'INDEX_INVALID',
    message: /is no page of a package index/,
  },
  {
    what: 'an index that answers with what is no page at all',
    spoil: (shop) => {
      bump(shop);
      shop.index.always(pagePath('beta'), {
        kind: 'answer',
        status: 200,
        headers: { 'content-type': 'application/vnd.pypi.simple.v1+json' },
        body: '{"files": [17',
      });
    },
    conditions: HASTE,
    code: 'INDEX_INVALID',
    message: /beta/,
  },
  {
    what: 'a destination that is not ours',
    spoil: (shop) => {
      bump(shop);
      mkdirSync(shop.path('theirs'));
      writeFileSync(shop.path('theirs', 'thesis.txt'), 'ten years of work');
    },
    destination: 'theirs',
    code: 'DESTINATION_NOT_OURS',
    message: /theirs/,
    hint: /choose a directory/,
  },
  {
    what: 'no engine',
    spoil: bump,
    conditions: { environment: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } },
    request: { destinations: ['docker'] },
    code: 'ENGINE_UNREACHABLE',
    message: /nonexistent\/docker\.sock/,
    hint: /./,
  },
  {
    what: 'a destination below a file',
    spoil: (shop) => {
      bump(shop);
      mkdirSync(shop.path('theirs'));
      writeFileSync(shop.path('theirs', 'thesis'), 'ten years of work');
    },
    destination: 'theirs/thesis/out',
    code: 'DESTINATION_INVALID',
    message: /cannot write `oci:.*theirs\/thesis\/out`/,
    hint: /choose another destination/,
  },
  {
    what: 'a destination where nothing can be made',
    spoil: bump,
    request: { destinations: ['oci-archive:/proc/nope/image.tar'] },
    code: 'DESTINATION_INVALID',
    message: /cannot write `oci-archive:\/proc\/nope\/image\.tar`/,
    hint: /choose another destination/,
  },
  {
    what: 'a destination of no kind',
    spoil: bump,
    request: { destinations: ['oci-archiv:image.tar'] },
    code: 'DESTINATION_INVALID',
    message: /`oci-archiv:image\.tar` is no destination/,
    hint: /did you mean `oci-archive:image\.tar`\?/,
  },
  {
    what: 'a tag that is none',
    spoil: bump,
    request: { tags: ['Annapurna:1'] },
    code: 'USAGE',
    message: /Annapurna:1/,
  },
  {
    what: 'a base that is not there',
    spoil: bump,
    request: { flags: { base: 'oci:nowhere' } },
    code: 'BASE_MISSING',
    message: /nowhere/,
  },
  {
    what: 'a key of the configuration that is not known',
    spoil: (shop) => shop.lay([moduleWheel('alpha')], { bivy: 'entripoint = []' }),
    code: 'CONFIG_UNKNOWN_KEY',
    message: /`\[tool\.bivy\]` has no key `entripoint`/,
    hint: /did you mean `entrypoint`\?/,
    location: { file: expect.stringMatching(/.\/pyproject\.toml$/), line: expect.any(Number) },
  },
  {
    what: 'nothing to run',
    spoil: (shop) => shop.lay([moduleWheel('alpha')], { files: { 'hut/__init__.py': '' } }),
    code: 'ENTRYPOINT_UNKNOWN',
    message: /./,
    hint: /cmd/,
  },
  {
    what: 'a file that is included by name and missing',
    spoil: (shop) => shop.lay([moduleWheel('alpha')], { bivy: 'include = ["static/bundle.js"]' }),
    code: 'INCLUDE_MISSING',
    message: /static\/bundle\.js/,
    hint: /./,
  },
];

describe('bad input', () => {
  it.each(CASES)(
    '$what',
    async ({ spoil, request, conditions, destination, code, message, hint, location, causes }) => {
      const shop = await openWorkshop();
      shop.lay([moduleWheel('alpha'), moduleWheel('beta')]);
      await shop.build();
      const old = contents(shop.path('out'));
      spoil(shop);
      const theirs = contents(shop.path('theirs'));
      const untouched = listing(shop.path('project'));
      const destinations = [`oci:${shop.path('out')}`, `oci-archive:${shop.path('new.tar')}`];
      if (destination !== undefined) destinations.unshift(`oci:${shop.path(destination)}`);

      const error = await shop.fails({ destinations, ...request }, conditions);
      expect(error.code, error.message).toBe(code);
      expect(error.message).toMatch(message);
      expect(error.message).not.toMatch(/\.$/);
      expect(error.hint ?? '').toMatch(hint ?? /^/);
      if (location !== undefined) expect(error.location).toMatchObject(location);
      for (const cause of causes ?? []) expect(error.causes).toContainEqual(expect.stringMatching(cause));

      expect(contents(shop.path('out'))).toEqual(old);
      expect(contents(shop.path('theirs'))).toEqual(theirs);
      expect(listing(shop.path('project'))).toEqual(untouched);
      expect(listing(shop.folder).filter((path) => path.startsWith('new') || path.startsWith('.'))).toEqual(
        [],
      );
      expect(listing(shop.path('cache', 'tmp'))).toEqual([]);

      // What is good again is built as if nothing had happened.
      shop.lay([moduleWheel('alpha'), moduleWheel('beta')]);
      const good = await shop.build();
      expect(good.made.digest).toBe(
        `sha256:${JSON.parse(old.get('index.json') ?? '').manifests[0].digest.slice(7)}`,
      );
    },
  );
});

describe('hostile wheels', () => {
  const text = 'x = 1\n';
  it.each([
    ['a path that leaves', [{ name: '../../../etc/passwd', content: text }], 'WHEEL_UNSAFE'],
    ['an absolute path', [{ name: '/etc/passwd', content: text }], 'WHEEL_UNSAFE'],
    [
      'two entries under one name',
      [
        { name: 'evil/a.py', content: text },
        { name: 'evil/a.py', content: 'x = 2\n' },
      ],
      'WHEEL_UNSAFE',
    ],
    ['a size that lies', [{ name: 'evil/a.py', content: text, size: 1_000_000 }], 'WHEEL_UNSAFE'],
    ['a CRC that lies', [{ name: 'evil/a.py', content: text, crc32: 1 }], 'WHEEL_INVALID'],
    ['an encrypted entry', [{ name: 'evil/a.py', content: text, flags: 0x801 }], 'WHEEL_INVALID'],
    [
      'a name that differs in the local header',
      [{ name: 'evil/a.py', content: text, local: { name: 'evil/b.py' } }],
      'WHEEL_UNSAFE',
    ],
    ['a bomb', [{ name: 'evil/a.py', content: Buffer.alloc(1 << 20), size: 0xffff_fff0 }], 'WHEEL_UNSAFE'],
  ] as const)('%s', async (_, files, code) => {
    const shop = await openWorkshop();
    const wheel = buildWheel({ name: 'evil', files });
    shop.lay([moduleWheel('alpha'), wheel]);
    const error = await shop.fails();
    expect(error.code, error.message).toBe(code);
    expect(error.message).toMatch(/evil(-1\.0-py3-none-any\.whl|==1\.0)/);
    expect(listing(shop.path('out'))).toEqual([]);
    expect(listing(shop.path('cache', 'tmp'))).toEqual([]);
  });

  it('a name in the metadata that is not the file’s', async () => {
    const shop = await openWorkshop();
    const wheel = buildWheel({ name: 'evil', distInfo: 'good-1.0.dist-info' });
    shop.lay([wheel]);
    const error = await shop.fails();
    expect(error.code).toBe('WHEEL_INVALID');
    expect(error.message).toContain('evil');
  });

  it('a lock that lists the wheel of another package', async () => {
    const shop = await openWorkshop();
    const wheel = moduleWheel('alpha');
    shop.lay([{ wheel, locked: { name: 'beta', files: locked(wheel).files } }]);
    const error = await shop.fails();
    expect(['NO_WHEEL', 'LOCK_INVALID', 'FILE_MISSING']).toContain(error.code);
  });
});

describe('a request for a page', () => {
  it('is not made again for a file that is there', async () => {
    const shop = await openWorkshop();
    bump(shop);
    shop.index.script(filePath('beta-1.1-py3-none-any.whl'), { kind: 'truncate', after: 20 });
    const built = await shop.build({}, HASTE);
    expect(built.asked.filter((path) => path === pagePath('beta'))).toHaveLength(1);
    expect(built.asked.filter((path) => path === BETA)).toHaveLength(2);
  });
});
