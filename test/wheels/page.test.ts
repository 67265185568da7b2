import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { tagsOf } from '../../src/wheels/html-links.ts';
import { findOnPage, type IndexFile, readPage, type SoughtFile } from '../../src/wheels/page.ts';

const URL = 'https://index.example/simple/demo/';
const HASH = 'ab'.repeat(32);
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';

const html = (text: string, contentType: string | undefined = 'text/html') =>
  readPage({ url: URL, contentType, text });
const json = (value: unknown) => readPage({ url: URL, contentType: JSON_TYPE, text: JSON.stringify(value) });

describe('an HTML page', () => {
  it.each([
    ['absolute', 'https://files.example/a/demo-1.0.tar.gz', 'https://files.example/a/demo-1.0.tar.gz'],
    ['relative', '../../files/demo-1.0.tar.gz', 'https://index.example/files/demo-1.0.tar.gz'],
    ['of the same scheme', '//files.example/demo-1.0.tar.gz', 'https://files.example/demo-1.0.tar.gz'],
    ['with a query', 'demo-1.0.tar.gz?a=1&amp;b=2', `${URL}demo-1.0.tar.gz?a=1&b=2`],
    [
      'with credentials',
      'https://u:p@files.example/demo-1.0.tar.gz',
      'https://files.example/demo-1.0.tar.gz',
    ],
  ])('has links: %s', (_, href, url) => {
    expect(html(`<a href="${href}">demo-1.0.tar.gz</a>`)).toEqual([
      { name: 'demo-1.0.tar.gz', url, sha256: null, size: null, yanked: null },
    ]);
  });

  it.each([
    ['double quotes', `<a href="demo-1.0.zip#sha256=${HASH}">`],
    ['single quotes', `<a href='demo-1.0.zip#sha256=${HASH}'>`],
    ['no quotes', `<a href=demo-1.0.zip#sha256=${HASH}>`],
    ['upper case', `<A HREF="demo-1.0.zip#sha256=${HASH.toUpperCase()}">`],
    ['spaces', `<a\n  data-requires-python = "&gt;=3.8"\n  href = "demo-1.0.zip#sha256=${HASH}"  >`],
    ['an attribute without a value', `<a hidden href="demo-1.0.zip#sha256=${HASH}"/>`],
    ['a repeated attribute', `<a href="demo-1.0.zip#sha256=${HASH}" href="other-1.0.zip">`],
    ['an egg fragment', `<a href="demo-1.0.zip#sha256=${HASH}&amp;egg=demo">`],
    ['character references', `<a href="demo&#45;1&#x2E;0.zip&#35;sha256=${HASH}">`],
  ])('is read with %s', (_, text) => {
    expect(html(`<!DOCTYPE html><body>${text}demo</a></body>`)).toEqual([
      { name: 'demo-1.0.zip', url: `${URL}demo-1.0.zip`, sha256: HASH, size: null, yanked: null },
    ]);
  });

  it('names files by their address, decoded', () => {
    expect(html('<a href="demo-1.0%2Bcpu-py3-none-any.whl">x</a>')[0]?.name).toBe(
      'demo-1.0+cpu-py3-none-any.whl',
    );
  });

  it('says what was yanked', () => {
    const page = html(
      '<a href="a-1.zip" data-yanked="bad &amp; worse">a</a><a href="b-1.zip" data-yanked>b</a>',
    );
    expect(page.map(({ yanked }) => yanked)).toEqual(['bad & worse', '']);
  });

  it('obeys its base', () => {
    const page = html('<head><base href="https://other.example/x/"></head><a href="a-1.zip">a</a>');
    expect(page[0]?.url).toBe('https://other.example/x/a-1.zip');
  });

  it('has no links in comments, scripts and titles, and none that cannot be fetched', () => {
    const page = html(
      '<title><a href="z-1.zip"></title><!-- <a href="a-1.zip"> --><script>"<a href=b-1.zip>"</script>' +
        '<a href="file:///etc/c-1.zip">c</a><a href="javascript:d-1.zip">d</a><a href="../">up</a>' +
        '<a name="e-1.zip">e</a><a href="f-1.zip">f</a><!-- <a href="g-1.zip">',
    );
    expect(page.map(({ name }) => name)).toEqual(['f-1.zip']);
  });

  it('says the same of a plain address as resolving it does', () => {
    const label = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,5}$/);
    const segment = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9._+~%-]{1,8}$/),
      fc.constantFrom('.', '..', '', '%2e'),
    );
    const address = fc
      .tuple(
        fc.constantFrom('http', 'https'),
        fc.array(label, { minLength: 1, maxLength: 3 }),
        fc.array(segment, { maxLength: 4 }),
      )
      .map(
        ([scheme, host, path]) =>
          `${scheme}://${[...host].join('.')}/${[...path, 'six-1.0-py3-none-any.whl'].join('/')}`,
      );
    fc.assert(
      fc.property(address, (url) => {
        const href = `${url}#sha256=${'ab'.repeat(32)}`;
        const read = (link: string): unknown => {
          try {
            return html(`<a href="${link}">six</a>`);
          } catch (error) {
            return (error as { code: string }).code;
          }
        };
        // A further part of the fragment asks for resolving.
        expect(read(href)).toEqual(read(`${href}&amp;egg=six`));
      }),
      { numRuns: 500 },
    );
  });

  it('may be empty where it declares what it is', () => {
    expect(html('<meta name="pypi:repository-version" content="1.3"><body>nothing yet</body>')).toEqual([]);
  });

  it('of a later major version is refused', () => {
    expect(() => html('<meta name="pypi:repository-version" content="2.0"><a href="a-1.zip">')).toThrow(
      /version `2.0` of the simple API came/,
    );
  });
});

describe('a JSON page', () => {
  it('gives names, addresses, hashes, sizes and what was yanked', () => {
    const page = json({
      meta: { 'api-version': '1.1' },
      name: 'demo',
      files: [
        {
          filename: 'demo-1.zip',
          url: '/f/demo-1.zip',
          hashes: { sha256: HASH, md5: 'x' },
          size: 7,
          yanked: false,
        },
        { filename: 'demo-2.zip', url: 'https://u:p@h.example/demo-2.zip#x', hashes: {}, yanked: 'broken' },
        { filename: 'demo-3.zip', url: 'demo-3.zip', hashes: { sha256: 'short' }, size: -1, yanked: true },
        { filename: 'demo-4.zip', url: 'file:///demo-4.zip', hashes: {} },
      ],
    });
    expect(page).toEqual([
      { name: 'demo-1.zip', url: 'https://index.example/f/demo-1.zip', sha256: HASH, size: 7, yanked: null },
      { name: 'demo-2.zip', url: 'https://h.example/demo-2.zip', sha256: null, size: null, yanked: 'broken' },
      { name: 'demo-3.zip', url: `${URL}demo-3.zip`, sha256: null, size: null, yanked: '' },
    ]);
  });

  it.each([
    ['no object', [], /JSON without a list of `files`/],
    ['no files', { files: {} }, /JSON without a list of `files`/],
    ['a file without an address', { files: [{ filename: 'a' }] }, /a file without `filename` and `url`/],
    ['a file that is none', { files: [null] }, /a file without `filename` and `url`/],
    ['a later version', { meta: { 'api-version': '2.0' }, files: [] }, /version `2.0`/],
    ['a version that is none', { meta: { 'api-version': 1 }, files: [] }, /version `1`/],
  ])('is refused: %s', (_, value, message) => {
    expect(() => json(value)).toThrow(message);
  });
});

describe('a file on a page', () => {
  const HEAD =
    '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"><title>x</title></head><body>\n';
  const hashes = ['0', '1', '2', '3'].map((digit) => digit.repeat(64));
  const link = fc.record({
    name: fc.constantFrom('a-1.zip', 'b-1.zip', 'a-1.whl'),
    sha256: fc.constantFrom(...hashes),
    where: fc.constantFrom('https://files.example/x/', '../', 'HTTPS://files.example/'),
    more: fc.constantFrom(
      '',
      ' data-yanked',
      ' data-yanked="gone"',
      ' data-requires-python="&gt;=3.8"',
      " title='a > b'",
    ),
    before: fc.constantFrom(
      '',
      '',
      '',
      '<!-- ',
      ' -->',
      '<base href="/other/">',
      '<script>',
      '</script>',
      '<br/>\n',
    ),
  });
  const first = (files: readonly IndexFile[], { name, sha256 }: SoughtFile): IndexFile | undefined =>
    files.find((file) => file.name === name && file.sha256 === sha256);

  it('is the one that reading the whole page finds', () => {
    fc.assert(
      fc.property(fc.array(link, { maxLength: 6 }), fc.constantFrom(...hashes), (links, sha256) => {
        const text = `${HEAD}${links
          .map(
            (one) =>
              `${one.before}<a href="${one.where}${one.name}#sha256=${one.sha256}"${one.more}>${one.name}</a>`,
          )
          .join('<br/>\n')}</body></html>`;
        const answer = { url: URL, contentType: 'text/html', text };
        const sought = { name: 'a-1.whl', sha256 };
        expect(first(findOnPage(answer, [sought]), sought)).toEqual(first(readPage(answer), sought));
      }),
    );
  });

  it.each([
    ['its hash thousands of times', `<a href="a-1.zip#sha256=${HASH}">x</a>`.repeat(50_000)],
    ['its hash in one tag', `<a href="${HASH.repeat(50_000)}">`],
    ['its hash in open quotes', `<a href="x" title="${`${HASH}'`.repeat(50_000)}`],
  ])('is found on a page that has %s', (_, body) => {
    const answer = { url: URL, contentType: 'text/html', text: HEAD + body };
    expect(findOnPage(answer, [{ name: 'a-1.zip', sha256: HASH }])).toEqual(
      readPage(answer).filter(({ sha256 }) => sha256 === HASH),
    );
  });

  it('is listed by another name, or without its hash', () => {
    const text = `${HEAD}<a href="b-1.zip#sha256=${HASH}">b</a><a href="a-1.zip">a</a><a href="c-1.zip">c</a>`;
    const found = findOnPage({ url: URL, contentType: 'text/html', text }, [
      { name: 'a-1.zip', sha256: HASH },
    ]);
    expect(found.map(({ name, sha256 }) => [name, sha256])).toEqual([
      ['b-1.zip', HASH],
      ['a-1.zip', null],
    ]);
  });
});

describe('garbage', () => {
  it.each([
    ['a page to sign in', 'text/html', '<html><head><title> Sign in </title></head><body>…</body></html>'],
    ['JSON called HTML', 'text/html', '{"files":[]}'],
    ['HTML called JSON', JSON_TYPE, '<html><title>Sign in</title>'],
    ['nothing', 'text/html', ''],
    ['binary', 'application/octet-stream', '\u0000\u0001\u001b[31m'],
    ['no type', undefined, 'hello'],
  ])('is told: %s', (_, contentType, text) => {
    const error = thrownBy(() => readPage({ url: `${URL}?token=secret`, contentType, text }));
    expect(error).toMatchObject({ code: 'INDEX_INVALID', hint: expect.any(String) });
    expect(error.message).toContain(`\`${URL}?…\` is no page of a package index`);
    expect(error.causes.join('\n')).toContain(contentType ?? 'no content type');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal must not see them
    expect(error.message + error.causes.join('\n')).not.toMatch(/secret|[\u0000-\u0009\u001b]/);
  });

  it('gives an error of this kind or a page, whatever it is', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '=',
      ' ',
      '/',
      '<a ',
      'href',
      '<!--',
      '-->',
      '&',
      '#',
      '<script',
      'a-1.zip',
      '\n',
      '<base ',
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' }))),
        fc.boolean(),
        (parts, asJson) => {
          try {
            readPage({ url: URL, contentType: asJson ? JSON_TYPE : 'text/html', text: parts.join('') });
          } catch (error) {
            expect(error).toBeInstanceOf(BivyError);
          }
        },
      ),
    );
  });

  it.each([
    ['open quotes', '<a href="'],
    ['open tags', '<a '],
    ['open comments', '<!-- '],
    ['open scripts', '<script>'],
    ['spaces', `<a${' '.repeat(100)}`],
    ['angles', '<'],
    ['references', '<a href="&amp'],
    ['names', '<a a'],
  ])('is read in linear time: %s', (_, piece) => {
    const steps = (count: number): number => {
      let tags = 0;
      for (const _tag of tagsOf(piece.repeat(count))) tags++;
      return tags;
    };
    expect(steps(100_000)).toBeLessThanOrEqual(100_000);
  });
});

function thrownBy(perform: () => unknown): BivyError {
  try {
    perform();
  } catch (error) {
    return error as BivyError;
  }
  throw new Error('nothing was thrown');
}
