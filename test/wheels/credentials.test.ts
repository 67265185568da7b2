import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { credentialsOf, credentialVariable, type NamedIndex } from '../../src/wheels/credentials.ts';
import { parseNetrc } from '../../src/wheels/netrc.ts';

describe('parseNetrc', () => {
  it.each([
    ['one line', 'machine h login a password b', { h: ['a', 'b'] }],
    [
      'many lines',
      'machine h\n\tlogin a\n\tpassword b\r\nmachine i login c password d\n',
      { h: ['a', 'b'], i: ['c', 'd'] },
    ],
    ['quotes', 'machine h login "a b" password "c\\"d\\\\"', { h: ['a b', 'c"d\\'] }],
    [
      'comments',
      '# machine x login y password z\nmachine h # here\nlogin a password #b\n',
      { h: ['a', '#b'] },
    ],
    ['words as values', 'machine h login login password machine', { h: ['login', 'machine'] }],
    ['an account', 'machine h login a account x password b', { h: ['a', 'b'] }],
    ['a repeated host', 'machine h login a password b machine H login c password d', { h: ['a', 'b'] }],
    ['a default', 'machine h login a\ndefault login x password y', { h: ['a', ''] }],
    ['a macro', 'macdef m\nmachine x login y\npassword z\n\nmachine h login a password b', { h: ['a', 'b'] }],
    ['a macro without end', 'machine h login a password b\nmacdef m\nmachine x', { h: ['a', 'b'] }],
    ['nothing', '', {}],
    ['half of it', 'machine', {}],
    ['something else', '{"json": true} machine', {}],
  ])('%s', (_, text, expected) => {
    const found = [...parseNetrc(text)].map(([host, { login, password }]) => [host, [login, password]]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  it('never fails', () => {
    const words = fc.constantFrom(
      'machine',
      'login',
      'password',
      'macdef',
      'default',
      '"',
      '#',
      '\n',
      '\n\n',
      ' ',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string())), (parts) => void parseNetrc(parts.join(' '))),
    );
  });
});

describe('credentialsOf', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'bivy-netrc-'));
    writeFileSync(
      join(home, '.netrc'),
      'machine net.example login n password etrc\nmachine corp.example login no password no',
    );
    writeFileSync(join(home, 'other'), 'machine net.example login o password ther');
  });
  afterAll(() => rmSync(home, { recursive: true }));

  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const indexes: NamedIndex[] = [
    { name: 'corp-one', url: 'https://corp.example/one/simple/' },
    { name: 'two', url: 'https://user:info@corp.example/two/simple' },
    { url: 'https://mirror.example/simple' },
    { name: 'plain', url: 'http://plain.example/' },
    { name: 'broken', url: 'nonsense' },
  ];
  const environment = {
    POETRY_HTTP_BASIC_CORP_ONE_USERNAME: 'env',
    POETRY_HTTP_BASIC_CORP_ONE_PASSWORD: 'iron',
    POETRY_HTTP_BASIC_TWO_PASSWORD: 'unused',
    POETRY_HTTP_BASIC_PLAIN_PASSWORD: 'only',
  };

  it.each([
    ['https://corp.example/one/simple/demo/', 'env:iron'],
    ['https://corp.example/one/files/demo.whl', 'env:iron'],
    ['https://corp.example/two/simple/demo/', 'user:info'],
    ['https://corp.example:8443/one/simple/', 'no:no'],
    ['http://corp.example/one/simple/', 'no:no'],
    ['https://mirror.example/simple/demo/', undefined],
    ['https://net.example/x', 'n:etrc'],
    ['https://NET.example/x', 'n:etrc'],
    ['https://sub.net.example/x', undefined],
    ['http://plain.example/x', ':only'],
    ['https://plain.example/x', ':only'],
    ['https://elsewhere.example/x', undefined],
    ['nonsense', undefined],
  ])('%s: %s', (url, expected) => {
    const authorize = credentialsOf(indexes, { HOME: home, ...environment });
    expect(authorize(url)).toBe(expected === undefined ? undefined : basic(expected));
  });

  it('reads the file that `NETRC` names, if there is one', () => {
    expect(credentialsOf([], { HOME: home, NETRC: join(home, 'other') })('https://net.example/')).toBe(
      basic('o:ther'),
    );
    expect(
      credentialsOf([], { HOME: home, NETRC: join(home, 'none') })('https://net.example/'),
    ).toBeUndefined();
  });

  it('names the variables as Poetry does', () => {
    expect(credentialVariable('my-corp.index')).toBe('POETRY_HTTP_BASIC_MY_CORP.INDEX');
  });
});
