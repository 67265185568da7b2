import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DebianMirror, NOW, startDebianMirror, tinyBookworm } from '../support/debian-mirror.ts';
import { moduleWheel } from '../support/poetry-project.ts';
import { startRegistry } from '../support/registry.ts';
import { type BuildConditions, listing, openWorkshop } from '../support/workshop.ts';

// What a build says where the composed base cannot be had; `test/debian` has every lie of a mirror.

let mirror: DebianMirror;

beforeAll(async () => {
  mirror = await startDebianMirror();
  for (const suite of ['bookworm', 'bookworm-updates', 'bookworm-security']) {
    await mirror.publish(suite, {
      packages: suite === 'bookworm' ? tinyBookworm() : [],
      validUntil: NOW + 1e9,
    });
  }
});
afterAll(() => mirror.close());

function at(main: string, security = main): BuildConditions {
  const environment = {
    BIVY_BASE: 'debian:12',
    BIVY_DEBIAN_MIRROR: main,
    BIVY_DEBIAN_SECURITY_MIRROR: security,
  };
  return { environment, patience: { attempts: 2, backoffMs: 5, pauseMs: 5 } };
}

describe('a Debian mirror', () => {
  it.each([
    ['that is down', () => at('http://127.0.0.1:1/debian'), 'MIRROR_UNREACHABLE', /127\.0\.0\.1:1/],
    [
      'whose signature is of a key that nobody knows',
      () => at(mirror.main, mirror.security),
      'MIRROR_SIGNATURE',
      /InRelease|signature|signed/,
    ],
    [
      'that is none',
      () => at(`${mirror.main}/nothing/here`),
      'MIRROR_UNREACHABLE',
      /status 404 for the release file of `bookworm`/,
    ],
    ['whose address is none', () => at('a-debian-mirror'), 'CONFIG_INVALID', /BIVY_DEBIAN_MIRROR/],
  ])('%s: an error that says so, and nothing is left', async (_, conditions, code, message) => {
    const shop = await openWorkshop();
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails({}, conditions());
    expect(error.code, error.message).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toBeDefined();
    expect(listing(shop.path('out'))).toEqual([]);
    expect(listing(shop.path('cache', 'tmp'))).toEqual([]);
  });

  it('is asked for its releases once, also by a build that looks for earlier images meanwhile', async () => {
    const shop = await openWorkshop();
    const registry = await startRegistry();
    shop.lay([moduleWheel('alpha')]);
    const before = mirror.log.length;
    const request = { destinations: [], push: true, tags: [`${registry.domain}/team/hut:1`] };
    // Nobody knows the key: this is as far as it comes.
    const error = await shop.fails(request, at(mirror.main, mirror.security));
    await registry.close();
    expect(error.code).toBe('MIRROR_SIGNATURE');
    const asked = mirror.log
      .slice(before)
      .filter((path) => /^\/debian(?:-security)?\/dists\/[^/]+\/InRelease$/.test(path));
    expect(asked).toHaveLength(3);
    expect(new Set(asked).size).toBe(3);
  });

  it('is not asked for a project that could not be built anyway', async () => {
    const shop = await openWorkshop();
    const before = mirror.log.length;
    shop.lay([moduleWheel('alpha')], {
      lock: (text) => text.replace(/content-hash = ".*"/, 'content-hash = "old"'),
    });
    expect((await shop.fails({}, at(mirror.main, mirror.security))).code).toBe('LOCK_STALE');
    const windows = { name: 'gamma-1.0-cp311-cp311-win_amd64.whl', sha256: 'a'.repeat(64) };
    shop.lay([{ wheel: moduleWheel('gamma'), locked: { files: [windows] } }]);
    expect((await shop.fails({}, at(mirror.main, mirror.security))).code).toBe('NO_WHEEL');
    expect(mirror.log.length).toBe(before);
  });

  it('is not asked offline', async () => {
    const shop = await openWorkshop();
    const before = mirror.log.length;
    shop.lay([moduleWheel('alpha')]);
    const error = await shop.fails({}, { ...at(mirror.main, mirror.security), offline: true });
    expect(error.code).toBe('OFFLINE');
    expect(mirror.log.length).toBe(before);
  });
});
