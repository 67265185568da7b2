import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseChallenge, parseChallenges } from '../../src/registry/challenge.ts';

type Read = readonly (readonly [string, Readonly<Record<string, string>>])[];

function read(header: string): Read {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('WWW-Authenticate', () => {
  it.each<[string, string, Read]>([
    ['nothing', '', []],
    [
      'what Docker Hub says',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/python:pull"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:library/python:pull',
          },
        ],
      ],
    ],
    ['Basic', 'Basic realm="Registry Realm"', [['basic', { realm: 'Registry Realm' }]]],
    [
      'odd case and space',
      'bEaReR  REALM = "https://a/t" ,  Service="s"',
      [['bearer', { realm: 'https://a/t', service: 's' }]],
    ],
    [
      'no quotes',
      'Bearer realm=https://a/t?x=1,service=s',
      [['bearer', { realm: 'https://a/t?x=1', service: 's' }]],
    ],
    [
      'several in one header',
      'Basic realm="a, b", Bearer realm="https://a/t", service="s", Negotiate',
      [
        ['basic', { realm: 'a, b' }],
        ['bearer', { realm: 'https://a/t', service: 's' }],
        ['negotiate', {}],
      ],
    ],
    [
      'an escaped quote',
      String.raw`Basic realm="the \"best\" one\\"`,
      [['basic', { realm: 'the "best" one\\' }]],
    ],
    [
      'commas in a scope',
      'Bearer realm="https://a",scope="repository:a:pull,push repository:b:pull"',
      [['bearer', { realm: 'https://a', scope: 'repository:a:pull,push repository:b:pull' }]],
    ],
    [
      'the first of a name',
      'Bearer realm="https://a",realm="https://evil"',
      [['bearer', { realm: 'https://a' }]],
    ],
    [
      'a quote that never ends',
      'Bearer realm="https://a',
      [
        ['bearer', { realm: '' }],
        ['https', {}],
        ['a', {}],
      ],
    ],
    [
      'a credential instead',
      'Negotiate YII==, Basic',
      [
        ['negotiate', { yii: '=' }],
        ['basic', {}],
      ],
    ],
  ])('%s', (_, header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it('gives back what was written, whatever its values are', () => {
    const value = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    const challenge = fc.tuple(
      fc.constantFrom('Bearer', 'Basic', 'Digest'),
      fc.dictionary(name, value, { minKeys: 1 }),
    );
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 3 }), (challenges) => {
        const header = challenges
          .map(([scheme, parameters]) => {
            const written = Object.entries(parameters).map(
              ([key, text]) => `${key}="${text.replace(/["\\]/g, '\\$&')}"`,
            );
            return `${scheme} ${written.join(', ')}`;
          })
          .join(', ');
        expect(read(header)).toEqual(
          challenges.map(([scheme, parameters]) => [scheme.toLowerCase(), { ...parameters }]),
        );
      }),
    );
  });

  it('is read to its end, whatever it is', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (header) => void parseChallenges(header)));
  });

  it.each<[string, string | undefined]>([
    ['Basic realm="a", Bearer realm="https://a"', 'bearer'],
    ['Bearer service="s", Basic realm="a"', 'basic'],
    ['Basic', 'basic'],
    ['Negotiate', undefined],
    ['', undefined],
  ])('%s: answered by %s', (header, scheme) => {
    expect(chooseChallenge(parseChallenges(header))?.scheme).toBe(scheme);
  });
});
