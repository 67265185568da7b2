import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/kernel/context.ts';
import { toDigest } from '../../src/kernel/digest.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import type { Event } from '../../src/kernel/events.ts';
import { createHttp } from '../../src/kernel/http-client.ts';
import type { Source } from '../../src/lock/plan.ts';
import { defaultIndexUrl } from '../../src/wheels/default-index.ts';
import { type FetchOptions, fetchFiles, type WantedFile } from '../../src/wheels/fetch.ts';
import {
  filePath,
  type PackageIndex,
  type PackageIndexOptions,
  pagePath,
  type ServedFile,
  sha256Of,
  startPackageIndex,
} from '../support/package-index.ts';

const INDEX: Source = { kind: 'index' };
const closing: (() => Promise<unknown> | unknown)[] = [];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bivy fetch-'));
  closing.push(() => rmSync(directory, { recursive: true }));
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function wheel(project: string, version = '1.0', size = 1000): ServedFile {
  return { name: `${project}-${version}-py3-none-any.whl`, bytes: randomBytes(size) };
}

function want(file: ServedFile, source: Source = INDEX, sha256 = sha256Of(file.bytes)): WantedFile {
  const [name = '', version = ''] = file.name.split('-');
  return {
    package: name.toLowerCase().replace(/[-_.]+/g, '-'),
    version,
    file: { name: file.name, sha256 },
    source,
  };
}

async function serve(files: readonly ServedFile[], options: PackageIndexOptions = {}): Promise<PackageIndex> {
  const index = await startPackageIndex({ files, ...options });
  closing.push(() => index.close());
  return index;
}

interface Session extends Context {
  readonly events: Event[];
  fetch(files: readonly WantedFile[], options?: Partial<FetchOptions>): Promise<Map<string, string>>;
}

/** A context of its own over one cache; `fetch` gives the text of what came by SHA-256. */
function session(options: { offline?: boolean } = {}): Session {
  const events: Event[] = [];
  const signal = new AbortController().signal;
  const emit = (event: Event): void => void events.push(event);
  const http = createHttp({
    userAgent: 'bivy/test',
    signal,
    emit,
    environment: {},
    patience: { backoffMs: 2 },
  });
  closing.push(() => http.close());
  const context: Context = {
    cache: new DirectoryCache(join(directory, 'cache')),
    http,
    emit,
    signal,
    offline: options.offline ?? false,
  };
  return {
    ...context,
    events,
    async fetch(files, more = {}) {
      const blobs = await fetchFiles(files, context, {
        directory,
        environment: { HOME: directory },
        ...more,
      });
      return new Map([...blobs].map(([sha256, blob]) => [sha256, sha256Of(readFileSync(blob.path))]));
    },
  };
}

function expectAll(got: ReadonlyMap<string, string>, files: readonly ServedFile[]): void {
  const hashes = files.map(({ bytes }) => sha256Of(bytes)).sort();
  expect([...got.keys()].sort()).toEqual(hashes);
  for (const [name, content] of got) expect(content).toBe(name);
}

describe('fetching', () => {
  it.each([
    ['JSON', {}],
    ['JSON, compressed', { gzip: true }],
    ['HTML', { formats: ['html'] }],
    ['HTML, compressed', { formats: ['html'], gzip: true }],
  ] as const)('finds files on pages of %s', async (_, options) => {
    const files = [wheel('alpha'), wheel('beta_x'), wheel('beta_x', '2.0')];
    const index = await serve(files, options);
    const { fetch, events } = session();
    expectAll(
      await fetch(
        files.map((file) => want(file)),
        { indexUrl: index.url },
      ),
      files,
    );
    expect(index.count(pagePath('alpha'))).toBe(1);
    expect(index.count(pagePath('beta-x'))).toBe(1);
    expect(index.count()).toBe(5);
    expect(events.filter(({ type }) => type === 'download')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'downloaded')).toHaveLength(3);
    expect(events.at(-1)).toEqual({ type: 'wheels', total: 3, cached: 0, size: 3000 });
  });

  it('asks nothing for what the cache has', async () => {
    const files = [wheel('alpha'), wheel('beta')];
    const index = await serve(files);
    await session().fetch([want(files[0]!)], { indexUrl: index.url });
    const asked = index.count();
    const { fetch, events } = session();
    expectAll(await fetch([want(files[0]!)], { indexUrl: index.url }), [files[0]!]);
    expect(index.count()).toBe(asked);
    expect(events).toEqual([{ type: 'wheels', total: 1, cached: 1, size: 1000 }]);
    await fetch(
      files.map((file) => want(file)),
      { indexUrl: index.url },
    );
    expect(index.log.slice(asked).map(({ path }) => path)).toEqual([
      pagePath('beta'),
      filePath(files[1]!.name),
    ]);
  });

  it('asks nothing at all for nothing', async () => {
    expectAll(await session().fetch([], { indexUrl: 'http://127.0.0.1:1/simple' }), []);
  });

  it('discards a damaged file and fetches it anew', async () => {
    const file = wheel('alpha');
    const index = await serve([file]);
    const { fetch, cache, events } = session();
    await fetch([want(file)], { indexUrl: index.url });
    const path = cache.blobPath(toDigest(`sha256:${sha256Of(file.bytes)}`));
    writeFileSync(path, randomBytes(1000));
    expectAll(await fetch([want(file)], { indexUrl: index.url }), [file]);
    truncateSync(path, 10);
    expectAll(await fetch([want(file)], { indexUrl: index.url }), [file]);
    expect(events.at(-1)).toMatchObject({ cached: 0 });
  });

  it('fetches a file that two packages name once', async () => {
    const file = wheel('alpha');
    const index = await serve([file]);
    const { fetch } = session();
    expectAll(await fetch([want(file), { ...want(file), package: 'other' }], { indexUrl: index.url }), [
      file,
    ]);
    expect(index.count(filePath(file.name))).toBe(1);
  });

  it('asks for a page only whether it changed', async () => {
    const [old, fresh] = [wheel('alpha', '1.0'), wheel('alpha', '2.0')];
    const index = await serve([old, fresh]);
    await session().fetch([want(old), want(fresh)], { indexUrl: index.url });
    const { cache } = session();
    await cache.discardBlob(toDigest(`sha256:${sha256Of(fresh.bytes)}`));
    expectAll(await session().fetch([want(fresh)], { indexUrl: index.url }), [fresh]);
    expect(index.log.filter(({ path }) => path === pagePath('alpha')).map(({ status }) => status())).toEqual([
      200, 304,
    ]);
    const newest = wheel('alpha', '3.0');
    index.serve(newest);
    expectAll(await session().fetch([want(newest)], { indexUrl: index.url }), [newest]);
    expect(
      index.log
        .filter(({ path }) => path === pagePath('alpha'))
        .at(-1)
        ?.status(),
    ).toBe(200);
  });

  it('begins with the largest and takes 8 at a time', async () => {
    const files = Array.from({ length: 20 }, (_, number) =>
      wheel(`p${number}`, '1.0', 1000 * (1 + ((number * 7) % 20))),
    );
    const index = await serve(files);
    for (const file of files) index.always(filePath(file.name), { kind: 'drip', bytes: 10_000, every: 5 });
    const { fetch } = session();
    expectAll(
      await fetch(
        files.map((file) => want(file)),
        { indexUrl: index.url },
      ),
      files,
    );
    const first = index.log.filter(({ path }) => path.startsWith('/files/')).slice(0, 8);
    const sizes = first.map(
      ({ path }) => files.find(({ name }) => filePath(name) === path)?.bytes.length ?? 0,
    );
    expect(Math.min(...sizes)).toBe(13_000);
    expect(index.mostAtOnce()).toBeLessThanOrEqual(8);
  });

  it('takes the file with the locked hash, whatever its name on the page', async () => {
    const file = wheel('alpha');
    const index = await serve([{ ...file, name: 'Alpha-1.0-py3-none-any.whl' }]);
    expectAll(await session().fetch([want(file)], { indexUrl: index.url }), [file]);
  });

  it('installs what was yanked, and says so', async () => {
    const file = { ...wheel('alpha'), yanked: 'eats data' };
    const index = await serve([file]);
    const { fetch, events } = session();
    expectAll(await fetch([want(file)], { indexUrl: index.url }), [file]);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: '`alpha` 1.0 was yanked from the index: eats data',
      }),
    );
  });

  it('survives an index that stumbles', async () => {
    const file = wheel('alpha', '1.0', 200_000);
    const index = await serve([file]);
    index.script(
      pagePath('alpha'),
      { kind: 'reset' },
      { kind: 'truncate', after: 20 },
      { kind: 'answer', status: 503 },
    );
    index.script(
      filePath(file.name),
      { kind: 'answer', status: 429, headers: { 'retry-after': '0' } },
      { kind: 'truncate', after: 100_000 },
      { kind: 'reset' },
    );
    expectAll(await session().fetch([want(file)], { indexUrl: index.url }), [file]);
  });

  it('follows a redirect of the page, and resolves its links there', async () => {
    const file = wheel('alpha');
    const [index, other] = [await serve([]), await serve([file], { formats: ['html'] })];
    index.script(pagePath('alpha'), { kind: 'redirect', to: `${other.url}alpha/` });
    expectAll(await session().fetch([want(file)], { indexUrl: index.url }), [file]);
  });
});

describe('what is wrong is refused', () => {
  async function refusal(files: readonly WantedFile[], options: Partial<FetchOptions>, offline = false) {
    const { fetch, cache } = session({ offline });
    const error = await fetch(files, options).catch((thrown: unknown) => thrown);
    for (const { file } of files) expect(cache.findBlob(toDigest(`sha256:${file.sha256}`))).toBeUndefined();
    return error as Record<string, unknown>;
  }

  it('a page whose hash is another, before anything is downloaded', async () => {
    const file = { ...wheel('alpha'), listedSha256: 'ff'.repeat(32) };
    const index = await serve([file]);
    expect(await refusal([want(file)], { indexUrl: index.url })).toMatchObject({
      code: 'HASH_MISMATCH',
      causes: [`\`${file.name}\`: the index says ${'ff'.repeat(32)}, the lock ${sha256Of(file.bytes)}`],
    });
    expect(index.count(filePath(file.name))).toBe(0);
  });

  it.each(['json', 'html'] as const)(
    'a file whose hash is another, where the page (%s) gives none',
    async (format) => {
      const file = { ...wheel('alpha'), listedSha256: null };
      const index = await serve([file], { formats: [format] });
      expectAll(await session().fetch([want(file)], { indexUrl: index.url }), [file]);
      const locked = 'ee'.repeat(32);
      expect(await refusal([want(file, INDEX, locked)], { indexUrl: index.url })).toMatchObject({
        code: 'HASH_MISMATCH',
        causes: [`its SHA-256 is ${sha256Of(file.bytes)}`, `expected ${locked}`],
      });
    },
  );

  it('a file that was changed on the server', async () => {
    const file = wheel('alpha');
    const index = await serve([{ ...file, bytes: randomBytes(1000), listedSha256: sha256Of(file.bytes) }]);
    expect(await refusal([want(file)], { indexUrl: index.url })).toMatchObject({ code: 'HASH_MISMATCH' });
  });

  it('a file that is larger than the page says', async () => {
    const file = { ...wheel('alpha'), listedSize: 999 };
    const index = await serve([file]);
    expect(await refusal([want(file)], { indexUrl: index.url })).toMatchObject({
      code: 'INDEX_INVALID',
      message: `\`${index.fileUrl(file.name)}\` may have at most 999 bytes, but declares 1000 bytes`,
    });
  });

  it('a file whose declared length is wrong', async () => {
    const file = wheel('alpha');
    const index = await serve([file]);
    index.always(filePath(file.name), { kind: 'declare', length: 500 });
    expect(await refusal([want(file)], { indexUrl: index.url })).toMatchObject({ code: 'HASH_MISMATCH' });
    const unsized = { ...file, listedSize: null };
    index.serve(unsized);
    index.always(filePath(file.name), { kind: 'declare', length: 2000 });
    expect(await refusal([want(file)], { indexUrl: index.url })).toMatchObject({ code: 'INDEX_UNREACHABLE' });
  });

  it('all files that are not there, at once', async () => {
    const [here, away, gone] = [wheel('alpha'), wheel('alpha', '2.0'), wheel('gone')];
    const index = await serve([here]);
    expect(await refusal([want(away), want(gone)], { indexUrl: index.url })).toMatchObject({
      code: 'FILE_MISSING',
      message: '2 locked files are not where the lock says',
      causes: [
        `\`${away.name}\`: not listed on \`${index.url}alpha/\``,
        `\`${gone.name}\`: there is no page \`${index.url}gone/\``,
      ],
      hint: expect.stringContaining('poetry lock'),
    });
  });

  it('all files that are listed but gone', async () => {
    const files = [wheel('alpha'), wheel('beta')];
    const index = await serve(files);
    index.always(filePath(files[0]!.name), { kind: 'answer', status: 404 });
    index.always(filePath(files[1]!.name), { kind: 'answer', status: 410 });
    expect(
      await refusal(
        files.map((file) => want(file)),
        { indexUrl: index.url },
      ),
    ).toMatchObject({
      code: 'FILE_MISSING',
      causes: files.map(({ name }) => `\`${name}\`: gone from \`${index.fileUrl(name)}\``),
    });
  });

  it('all files that would have to be fetched, when offline', async () => {
    const files = [wheel('beta'), wheel('alpha')];
    const index = await serve(files);
    expect(
      await refusal(
        files.map((file) => want(file)),
        { indexUrl: index.url },
        true,
      ),
    ).toMatchObject({
      code: 'OFFLINE',
      causes: ['`alpha-1.0-py3-none-any.whl` of `alpha` 1.0', '`beta-1.0-py3-none-any.whl` of `beta` 1.0'],
    });
    expect(index.count()).toBe(0);
  });

  it.each([
    [
      'garbage',
      200,
      { 'content-type': 'text/html' },
      '<html><title>Sign in</title></html>',
      'INDEX_INVALID',
      'no page of a package index',
    ],
    [
      'garbage as JSON',
      200,
      { 'content-type': 'application/vnd.pypi.simple.v1+json' },
      '<html>',
      'INDEX_INVALID',
      'no JSON came',
    ],
    ['garbage as gzip', 200, { 'content-encoding': 'gzip' }, 'no gzip', 'INDEX_INVALID', 'is damaged'],
    [
      'an unknown encoding',
      200,
      { 'content-encoding': 'br' },
      'x',
      'INDEX_INVALID',
      'encoding that was not asked for',
    ],
    ['a refusal', 403, {}, '', 'INDEX_UNREACHABLE', 'refused'],
    ['nonsense', 418, {}, '', 'INDEX_INVALID', 'answered with status 418'],
    ['"not modified" out of nowhere', 304, {}, '', 'INDEX_INVALID', 'answered with status 304'],
    ['a lasting fault', 500, {}, '', 'INDEX_UNREACHABLE', 'answered with status 500'],
  ] as const)('an index that answers %s', async (_, status, headers, body, code, message) => {
    const file = wheel('alpha');
    const index = await serve([file]);
    index.always(pagePath('alpha'), { kind: 'answer', status, headers, body });
    const error = await refusal([want(file)], { indexUrl: index.url });
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
    expect(error['message']).toContain(`${index.url}alpha/`);
  });

  it('a gzip bomb', async () => {
    const { gzipSync } = await import('node:zlib');
    const file = wheel('alpha');
    const index = await serve([file]);
    const body = gzipSync(Buffer.alloc(101 * 1024 * 1024));
    index.always(pagePath('alpha'), {
      kind: 'answer',
      status: 200,
      headers: { 'content-encoding': 'gzip' },
      body,
    });
    expect(await refusal([want(file)], { indexUrl: index.url })).toMatchObject({ code: 'INDEX_INVALID' });
  });

  it('an index without a web address', async () => {
    expect(await refusal([want(wheel('alpha'))], { indexUrl: 'ftp://x/simple' })).toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it.each(['git', 'directory'] as const)('source code (%s)', async (kind) => {
    expect(await refusal([want(wheel('alpha'), { kind, url: 'x' })], {})).toMatchObject({
      code: 'SOURCE_UNSUPPORTED',
    });
  });

  it('stops the others when one fails', async () => {
    const files = Array.from({ length: 30 }, (_, number) => wheel(`p${number}`));
    const index = await serve(files);
    index.always(filePath(files[0]!.name), { kind: 'answer', status: 400 });
    for (const { name } of files.slice(1)) index.always(filePath(name), { kind: 'hang' });
    expect(
      await refusal(
        files.map((file) => want(file)),
        { indexUrl: index.url },
      ),
    ).toMatchObject({
      code: 'INDEX_UNREACHABLE',
      message: expect.stringContaining('answered with status 400'),
    });
    expect(index.log.filter(({ path }) => path.startsWith('/files/')).length).toBeLessThanOrEqual(8);
  });
});

describe('a remembered page', () => {
  it('is not one whose links are secrets', async () => {
    const file = wheel('alpha');
    const elsewhere = await serve([file]);
    const index = await serve([{ ...file, url: `${elsewhere.fileUrl(file.name)}?signature=secret` }]);
    const { fetch } = session();
    await fetch([want(file)], { indexUrl: index.url });
    index.serve({ ...wheel('alpha', '2.0') });
    await fetch([want(file)], { indexUrl: index.url });
    rmSync(join(directory, 'cache', 'blobs'), { recursive: true });
    await fetch([want(file)], { indexUrl: index.url });
    expect(index.log.filter(({ headers }) => headers['if-none-match'] !== undefined)).toHaveLength(0);
  });
});

describe('sources other than the default index', () => {
  const secret = { username: 'anna', password: 'pass word' };

  it('private ones, with credentials that go to their host only', async () => {
    const file = wheel('alpha');
    const files = await serve([file]);
    const index = await serve([{ ...file, url: files.fileUrl(file.name) }], { credentials: secret });
    const source: Source = { kind: 'legacy', url: index.url.slice(0, -1), reference: 'My-Corp' };
    const options = {
      sources: [{ name: 'my-corp', url: index.url.slice(0, -1), priority: 'explicit' }],
      environment: {
        HOME: directory,
        POETRY_HTTP_BASIC_MY_CORP_USERNAME: secret.username,
        POETRY_HTTP_BASIC_MY_CORP_PASSWORD: secret.password,
      },
    };
    const { fetch, events } = session();
    expectAll(await fetch([want(file, source)], options), [file]);
    expect(files.log[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(events)).not.toMatch(/anna|pass/);
  });

  it.each([
    ['the address in the project', (url: string) => url.replace('://', '://anna:pass%20word@'), undefined],
    ['`~/.netrc`', (url: string) => url, 'machine 127.0.0.1 login anna password "pass word"\n'],
  ])('private ones, with credentials from %s', async (_, address, netrc) => {
    const file = wheel('alpha');
    const index = await serve([file], { credentials: secret });
    if (netrc !== undefined) writeFileSync(join(directory, '.netrc'), netrc);
    const source: Source = { kind: 'legacy', url: index.url, reference: 'corp' };
    const sources = [{ name: 'corp', url: address(index.url), priority: 'primary' }];
    const { fetch, cache } = session();
    expectAll(await fetch([want(file, source)], { sources }), [file]);
    const pages = join(cache.root, 'records', 'pages');
    const { readdirSync } = await import('node:fs');
    for (const name of readdirSync(pages))
      expect(readFileSync(join(pages, name), 'utf8')).not.toMatch(/anna|pass/);
  });

  it('private ones that refuse, with the names of the variables to set', async () => {
    const file = wheel('alpha');
    const index = await serve([file], { credentials: secret });
    const source: Source = { kind: 'legacy', url: index.url, reference: 'my-corp' };
    await expect(session().fetch([want(file, source)])).rejects.toMatchObject({
      code: 'INDEX_UNREACHABLE',
      hint: expect.stringContaining('`POETRY_HTTP_BASIC_MY_CORP_USERNAME`'),
    });
  });

  it('a lock does not send a source’s password elsewhere', async () => {
    const file = wheel('alpha');
    const [corp, evil] = [await serve([]), await serve([file])];
    const environment = { HOME: directory, POETRY_HTTP_BASIC_CORP_PASSWORD: 'secret' };
    const source: Source = { kind: 'legacy', url: evil.url, reference: 'corp' };
    const sources = [{ name: 'corp', url: corp.url, priority: 'primary' }];
    await expect(session().fetch([want(file, source)], { sources, environment })).rejects.toMatchObject({
      code: 'FILE_MISSING',
    });
    expect(evil.count()).toBe(0);
    expectAll(await session().fetch([want(file, source)], { environment }), [file]);
    expect(evil.log.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
  });

  it('a single page of links', async () => {
    const file = wheel('alpha');
    const index = await serve([file]);
    const body = `<a href="${filePath(file.name)}">x</a>`;
    index.always('/links.html', {
      kind: 'answer',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body,
    });
    const source: Source = { kind: 'legacy', url: `${index.origin}/links.html`, reference: 'corp' };
    expectAll(await session().fetch([want(file, source)]), [file]);
  });

  it('an address', async () => {
    const file = wheel('alpha');
    const index = await serve([file], { credentials: secret });
    const url = `${index.fileUrl(file.name).replace('://', '://anna:pass%20word@')}#sha256=${sha256Of(file.bytes)}`;
    expectAll(await session().fetch([want(file, { kind: 'url', url })]), [file]);
    await expect(
      session().fetch([want(wheel('beta'), { kind: 'url', url: 'ssh://x/y.whl' })]),
    ).rejects.toMatchObject({
      code: 'SOURCE_UNSUPPORTED',
    });
  });

  it('a local file, without any network', async () => {
    const file = wheel('alpha');
    const source: Source = { kind: 'file', url: `libs/${file.name}` };
    await expect(session({ offline: true }).fetch([want(file, source)])).rejects.toMatchObject({
      code: 'FILE_MISSING',
      causes: [`\`${file.name}\`: there is no \`${join(directory, 'libs', file.name)}\``],
    });
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(directory, 'libs'));
    writeFileSync(join(directory, 'libs', file.name), randomBytes(10));
    await expect(session().fetch([want(file, source)])).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    writeFileSync(join(directory, 'libs', file.name), file.bytes);
    expectAll(await session({ offline: true }).fetch([want(file, source)]), [file]);
  });
});

describe('the default index', () => {
  it('has an address that ends as the simple API does', async () => {
    expect(await defaultIndexUrl()).toMatch(/^https:\/\/[^/]+\/simple\/$/);
  });
});
