// Generators of versions for the laws that they keep.

import * as fc from 'fast-check';

const number = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 2_000_000_000 }));
const separator = fc.constantFrom('', '.', '-', '_');
const release = fc.array(number, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
const pre = fc.tuple(
  separator,
  fc.constantFrom('a', 'alpha', 'b', 'BETA', 'rc', 'c', 'pre', 'preview'),
  number,
);
const post = fc.oneof(
  fc.tuple(separator, fc.constantFrom('post', 'rev', 'r'), number).map((parts) => parts.join('')),
  number.map((implicit) => `-${implicit}`),
);
const dev = fc.tuple(separator, fc.constant('dev'), number);
const local = fc.stringMatching(/^[a-z0-9]{1,3}([._-][a-zA-Z0-9]{1,3}){0,2}$/).map((text) => `+${text}`);

function maybe(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: part });
}

/** The spelling of some version, not always the normal one. */
export const spelling: fc.Arbitrary<string> = fc
  .tuple(
    maybe(fc.constant('v')),
    maybe(number.map((epoch) => `${epoch}!`)),
    release,
    maybe(pre.map((parts) => parts.join(''))),
    maybe(post),
    maybe(dev.map((parts) => parts.join(''))),
    maybe(local),
  )
  .map((parts) => parts.join(''));
