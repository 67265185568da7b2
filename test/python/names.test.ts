import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalizeName } from '../../src/python/names.ts';

test.each([
  ['Flask', 'flask'],
  ['ruamel.yaml', 'ruamel-yaml'],
  ['Foo__.--Bar', 'foo-bar'],
  ['zope.interface', 'zope-interface'],
  ['already-normal', 'already-normal'],
])('%s is %s', (name, normal) => {
  expect(normalizeName(name)).toBe(normal);
});

test('normalising twice is normalising once', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/), (name) => {
      const normal = normalizeName(name);
      expect(normalizeName(normal)).toBe(normal);
    }),
  );
});
