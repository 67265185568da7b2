import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDebianVersions, upstreamVersion } from '../../src/debian/version.ts';

describe('compareDebianVersions', () => {
  it.each([
    ['1.0', '1.0', 0],
    ['1.0-1', '1.0-1', 0],
    ['1.0', '1.1', -1],
    ['1.9', '1.10', -1],
    ['1.0~rc1', '1.0', -1],
    ['1.0~~', '1.0~', -1],
    ['1.0~rc1-1', '1.0-1', -1],
    ['1.0', '1.0a', -1],
    ['1.0a', '1.0+', -1],
    ['1.0a', '1.0.', -1],
    ['1.0-1', '1.0-1+deb12u1', -1],
    ['1.0-1+deb12u9', '1.0-1+deb12u10', -1],
    ['9.9', '1:0.1', -1],
    ['0:1.0', '1.0', 0],
    ['1.0-0', '1.0', 0],
    ['1.0-1-1', '1.0-1-2', -1],
    ['1:1.2.13.dfsg-1', '1:1.3.dfsg+really1.3.1-1', -1],
    ['2.36-9+deb12u14', '2.41-12', -1],
    ['0.00', '0.0', 0],
    ['12345678901234567890123', '12345678901234567890124', -1],
    ['', '0', 0],
    ['~', '', -1],
  ])('%s against %s', (a, b, expected) => {
    expect(Math.sign(compareDebianVersions(a, b))).toBe(expected);
    expect(Math.sign(compareDebianVersions(b, a))).toBe(expected === 0 ? 0 : -expected);
  });

  const version = fc
    .tuple(
      fc.option(fc.nat(3), { nil: undefined }),
      fc.stringMatching(/^\d[0-9a-c.+~]{0,6}$/),
      fc.option(fc.stringMatching(/^[0-9a-c.+~]{1,4}$/), { nil: undefined }),
    )
    .map(([epoch, upstream, revision]) => {
      const front = epoch === undefined ? '' : `${epoch}:`;
      return `${front}${upstream}${revision === undefined ? '' : `-${revision}`}`;
    });

  it('is an order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const ab = Math.sign(compareDebianVersions(a, b));
        expect(compareDebianVersions(a, a)).toBe(0);
        expect(Math.sign(compareDebianVersions(b, a)) + ab).toBe(0);
        if (ab <= 0 && compareDebianVersions(b, c) <= 0)
          expect(compareDebianVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  const program = 'dpkg';
  const dpkg = spawnSync(program, ['--version']).status === 0;
  if (!dpkg) console.warn('no dpkg here: versions are not held against it');

  it.skipIf(!dpkg)('agrees with dpkg', () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 150, seed: 7 });
    for (const [a, b] of pairs) {
      const order = Math.sign(compareDebianVersions(a, b));
      const operator = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq';
      const { status } = spawnSync(program, ['--compare-versions', a, operator, b]);
      expect(`${a} ${operator} ${b}: ${status}`).toBe(`${a} ${operator} ${b}: 0`);
    }
  });
});

describe('upstreamVersion', () => {
  it.each([
    ['3.11.2-6+deb12u9', '3.11.2'],
    ['1:1.2.13.dfsg-1', '1.2.13.dfsg'],
    ['2026f', '2026f'],
  ])('of %s is %s', (version, expected) => {
    expect(upstreamVersion(version)).toBe(expected);
  });
});
