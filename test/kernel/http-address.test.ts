import { describe, expect, it } from 'vitest';
import {
  followRedirect,
  mayShareCredentials,
  publicUrl,
  splitCredentials,
} from '../../src/kernel/http-address.ts';

describe('publicUrl', () => {
  it.each([
    ['https://u:p@h.example:8443/a%20b/c?x=1#y', 'https://h.example:8443/a%20b/c?…'],
    ['http://h.example', 'http://h.example/'],
    ['ssh://u:p@h.example/', '(an address that cannot be read)'],
    ['https://u:p@ h', '(an address that cannot be read)'],
  ])('%s', (url, expected) => expect(publicUrl(url)).toBe(expected));
});

describe('splitCredentials', () => {
  it.each([
    ['https://h.example/', undefined],
    ['https://anna:p%40ss@h.example/', 'anna:p@ss'],
    ['https://token@h.example/', 'token:'],
    ['https://:secret@h.example/', ':secret'],
    ['https://a:100%25%zz@h.example/', 'a:100%25%zz'],
  ])('%s', (text, credentials) => {
    const { url, authorization } = splitCredentials(new URL(text));
    expect(url.href).toBe('https://h.example/');
    const expected =
      credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
    expect(authorization).toBe(expected);
  });
});

describe('mayShareCredentials', () => {
  it.each([
    ['https://a.example/x', 'https://a.example/y', true],
    ['https://a.example/', 'https://a.example:443/', true],
    ['http://a.example/', 'https://a.example/', true],
    ['https://a.example/', 'http://a.example/', false],
    ['http://a.example:8080/', 'https://a.example/', false],
    ['https://a.example/', 'https://a.example:8443/', false],
    ['https://a.example/', 'https://b.a.example/', false],
    ['https://a.example/', 'https://a.example.evil.example/', false],
  ])('%s to %s: %s', (from, to, expected) =>
    expect(mayShareCredentials(new URL(from), new URL(to))).toBe(expected),
  );
});

describe('followRedirect', () => {
  it.each([
    ['https://a.example/x/y', 'z', 'https://a.example/x/z', true],
    ['https://a.example/x', '//b.example/z#f', 'https://b.example/z', false],
    ['https://a.example/x', 'https://u:p@a.example/z', 'https://a.example/z', true],
    ['http://a.example/x', 'https://a.example/z', 'https://a.example/z', true],
  ])('%s to %s', (from, location, url, keepCredentials) => {
    const redirect = followRedirect(new URL(from), location);
    expect(redirect).toMatchObject({ kind: 'follow', keepCredentials });
    expect((redirect as { url: URL }).url.href).toBe(url);
  });

  it.each(['http://a.example/', 'ftp://a.example/', 'javascript:1', 'http://[', 'data:,x'])(
    'not to %s',
    (location) => {
      expect(followRedirect(new URL('https://a.example/x'), location)).toMatchObject({ kind: 'refuse' });
    },
  );
});
