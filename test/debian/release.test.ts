import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEBIAN_KEYS } from '../../src/debian/keys/debian.ts';
import { openRelease, type Release } from '../../src/debian/release.ts';
import { parseReleaseFile } from '../../src/debian/release-file.ts';
import type { Context } from '../../src/kernel/context.ts';
import { type DebianMirror, NOW, startDebianMirror } from '../support/debian-mirror.ts';
import { openWorkspace, refusal, type Workspace } from './workspace.ts';

const HOUR = 3600 * 1000;
const DAY = 24 * HOUR;

let mirror: DebianMirror;
let space: Workspace;

beforeAll(async () => {
  mirror = await startDebianMirror();
});
afterAll(() => mirror.close());
beforeEach(() => {
  space = openWorkspace();
});
afterEach(() => space.close());

interface Asked {
  readonly now?: number;
  readonly refresh?: boolean;
  readonly keys?: readonly string[];
  readonly context?: Context;
}

function open({
  now = NOW,
  refresh = false,
  keys = mirror.keys,
  context = space.context,
}: Asked = {}): Promise<Release> {
  return openRelease({ name: 'bookworm', archive: 'main' }, mirror, { now, refresh, keys }, context);
}

function asked(): number {
  return mirror.log.filter((path) => path.endsWith('/InRelease')).length;
}

describe('openRelease', () => {
  it('verifies, decodes and remembers', async () => {
    await mirror.publish('bookworm', { packages: [{ name: 'a' }], validUntil: NOW + DAY });
    const release = await open();
    expect(release).toMatchObject({
      date: NOW - DAY,
      validUntil: NOW + DAY,
      byHash: true,
      allApart: false,
      checked: NOW,
    });
    expect(Object.keys(release.lists)).toEqual([
      'main/binary-amd64/Packages',
      'main/binary-amd64/Packages.xz',
    ]);
    const before = asked();
    expect(await open({ now: NOW + HOUR })).toEqual(release);
    expect(asked()).toBe(before);
  });

  it('asks again after a day, after the end of validity, and when told to', async () => {
    await mirror.publish('bookworm', { packages: [], validUntil: NOW + 2 * HOUR });
    await open();
    await mirror.publish('bookworm', { packages: [], validUntil: NOW + 9 * DAY });
    const before = asked();
    await open({ refresh: true });
    await open({ now: NOW + 23 * HOUR });
    expect(asked()).toBe(before + 1);
    await open({ now: NOW + 25 * HOUR });
    expect(asked()).toBe(before + 2);
    await mirror.publish('bookworm', { packages: [], validUntil: NOW + 26 * HOUR });
    await open({ now: NOW + 25 * HOUR, refresh: true });
    await mirror.publish('bookworm', { packages: [], validUntil: NOW + 9 * DAY });
    await open({ now: NOW + 27 * HOUR });
    expect(asked()).toBe(before + 4);
  });

  it('does not go back in time', async () => {
    await mirror.publish('bookworm', { packages: [{ name: 'new' }], date: NOW - HOUR });
    const fresh = await open();
    await mirror.publish('bookworm', { packages: [{ name: 'old' }], date: NOW - 2 * HOUR });
    expect(await open({ refresh: true, now: NOW + HOUR })).toEqual({ ...fresh, checked: NOW + HOUR });
  });

  it('works offline at any age, and says when it is no longer valid', async () => {
    await mirror.publish('bookworm', { packages: [], validUntil: NOW + DAY });
    expect((await refusal(open({ context: space.offline }))).code).toBe('OFFLINE');
    const release = await open();
    expect(await open({ context: space.offline, now: NOW + HOUR })).toEqual(release);
    expect(space.events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(await open({ context: space.offline, now: NOW + 99 * DAY })).toEqual(release);
    expect(space.events.filter(({ type }) => type === 'warning')).toHaveLength(1);
  });

  it('refuses what is past its validity', async () => {
    await mirror.publish('bookworm', { packages: [], validUntil: NOW - HOUR });
    const error = await refusal(open());
    expect(error.code).toBe('MIRROR_EXPIRED');
    expect(error.message).toContain('2026-01-14 23:00');
  });

  it('refuses another key’s signature', async () => {
    await mirror.publish('bookworm', { packages: [], forged: true });
    const error = await refusal(open());
    expect(error.code).toBe('MIRROR_SIGNATURE');
    expect(error.causes.join()).toMatch(/key [0-9A-F]{16}: /);
  });

  it('trusts Debian’s keys where no others are given', async () => {
    await mirror.publish('bookworm', { packages: [] });
    const suite = { name: 'bookworm', archive: 'main' } as const;
    const error = await refusal(openRelease(suite, mirror, { now: NOW, refresh: false }, space.context));
    expect(error.code).toBe('MIRROR_SIGNATURE');
    expect((await refusal(open({ keys: DEBIAN_KEYS }))).code).toBe('MIRROR_SIGNATURE');
  });

  it('refuses text that was changed under a good signature', async () => {
    await mirror.publish('bookworm', { packages: [{ name: 'a' }] });
    const { path, bytes } = mirror.find('/bookworm/InRelease');
    mirror.replace(path, { body: bytes.toString().replace('Codename: bookworm', 'Codename: bookwyrm') });
    expect((await refusal(open())).code).toBe('MIRROR_SIGNATURE');
  });

  it('believes nothing that stands around the signed text', async () => {
    await mirror.publish('bookworm', { packages: [{ name: 'a' }] });
    const { path, bytes } = mirror.find('/bookworm/InRelease');
    const lie = 'Codename: bookworm\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n';
    mirror.replace(path, { body: `${lie}${bytes}${lie}` });
    const outcome = await open().then(
      ({ date }) => date,
      ({ code }: { code: string }) => code,
    );
    expect(['MIRROR_INVALID', NOW - DAY]).toContain(outcome);
  });

  it('refuses another suite under that name', async () => {
    await mirror.publish('bookworm', { packages: [], codename: 'trixie' });
    const error = await refusal(open());
    expect(error.code).toBe('MIRROR_INVALID');
    expect(error.message).toContain('is of `trixie`');
  });

  it.each<[string, { status?: number; body: string | Uint8Array }, string, RegExp]>([
    ['HTML', { body: '<!DOCTYPE html><p>Log in</p>' }, 'MIRROR_INVALID', /begins with "<!DOCTYPE html>/],
    ['nothing', { body: '' }, 'MIRROR_INVALID', /no signed release file/],
    ['bytes', { body: Buffer.alloc(100, 0xff) }, 'MIRROR_INVALID', /no signed release file/],
    [
      'half a signature',
      { body: '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nCodename: bookworm\n' },
      'MIRROR_INVALID',
      /no signed/,
    ],
    ['404', { status: 404, body: 'no' }, 'MIRROR_UNREACHABLE', /status 404/],
    ['503', { status: 503, body: 'no' }, 'MIRROR_UNREACHABLE', /503/],
  ])('refuses a mirror that answers with %s', async (_, reply, code, message) => {
    await mirror.publish('bookworm', { packages: [] });
    mirror.replace(mirror.find('/bookworm/InRelease').path, reply);
    const error = await refusal(open());
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toBeDefined();
  });

  it('says so where no mirror is', async () => {
    const nowhere = { main: 'http://127.0.0.1:1/debian', security: 'http://127.0.0.1:1/security' };
    const suite = { name: 'bookworm', archive: 'main' } as const;
    const error = await refusal(openRelease(suite, nowhere, { now: NOW, refresh: false }, space.context));
    expect(error.code).toBe('MIRROR_UNREACHABLE');
    expect(error.hint).toContain('BIVY_DEBIAN_MIRROR');
  });
});

describe('parseReleaseFile', () => {
  const sound = `Codename: x\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nArchitectures: all amd64\nSHA256:\n ${'a'.repeat(64)} 7 main/x\n`;

  it('reads what it needs', () => {
    const release = parseReleaseFile(sound, 'a release');
    expect(release).toMatchObject({ codename: 'x', byHash: false, allApart: true, validUntil: undefined });
    expect(release.date).toBe(Date.UTC(2026, 6, 11, 10, 16, 37));
    expect([...release.files]).toEqual([['main/x', { sha256: 'a'.repeat(64), size: 7 }]]);
  });

  it.each([
    ['no codename', sound.replace('Codename', 'Suite')],
    ['no date', sound.replace(/Date: .*/, 'Date: soon')],
    ['a bad end', `${sound}Valid-Until: never\n`],
    ['a bad list', sound.replace(' 7 ', ' -7 ')],
  ])('refuses %s', (_, text) => {
    expect(() => parseReleaseFile(text, 'a release')).toThrow(/^a release /);
  });
});
