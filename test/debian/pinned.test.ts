import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeDebianBase } from '../../src/debian/base.ts';
import { type PinnedComposition, pinnedKey } from '../../src/debian/composition.ts';
import { pinDebianBase } from '../../src/debian/pinned.ts';
import type { DebianRequest } from '../../src/debian/request.ts';
import { digestOf } from '../../src/kernel/digest.ts';
import type { Part } from '../../src/layers/entry.ts';
import {
  type DebianMirror,
  type MirrorPackage,
  NOW,
  startDebianMirror,
  tinyBookworm,
} from '../support/debian-mirror.ts';
import { openWorkspace, refusal, type Workspace } from './workspace.ts';

let mirror: DebianMirror;
let space: Workspace;
let later: Workspace;

const UPDATE: MirrorPackage = {
  name: 'netbase',
  version: '1.0-1+deb12u1',
  architecture: 'all',
  members: [{ path: './etc/protocols', data: 'updated\n' }],
};

beforeAll(async () => {
  mirror = await startDebianMirror();
});
afterAll(() => mirror.close());
beforeEach(async () => {
  space = openWorkspace();
  later = openWorkspace();
  await publish();
});
afterEach(() => Promise.all([space.close(), later.close()]));

async function publish(main = tinyBookworm()): Promise<void> {
  await mirror.publish('bookworm', { packages: main });
  const compress = { ending: '.gz', pack: gzipSync };
  await mirror.publish('bookworm-updates', { packages: [], compress });
  await mirror.publish('bookworm-security', { packages: [UPDATE] });
}

function requestOf(more: Partial<DebianRequest> = {}): DebianRequest {
  return {
    release: '12',
    platform: 'linux/amd64',
    packages: [],
    mirror: mirror.main,
    environment: {},
    keys: mirror.keys,
    now: NOW,
    root: '/nowhere',
    ...more,
  };
}

async function entriesOf(parts: Promise<readonly Part[]>): Promise<unknown> {
  return (await parts).flatMap(({ entries }) =>
    entries.map(({ path, kind, mode, uid, gid }) => [path, kind, mode, uid, gid]),
  );
}

function file(pinned: PinnedComposition, name: string): PinnedComposition['packages'][number] {
  return pinned.packages.find((one) => one.name === name)!;
}

describe('a pinned base', () => {
  it('is chosen without fetching a package', async () => {
    const pinned = await pinDebianBase(requestOf(), space.context);
    expect(pinned.packages.map(({ name }) => name)).toEqual(
      tinyBookworm()
        .map(({ name }) => name)
        .sort(),
    );
    expect(file(pinned, 'netbase')).toEqual({
      name: 'netbase',
      version: '1.0-1+deb12u1',
      architecture: 'all',
      sha256: digestOf(mirror.find('netbase_1.0-1+deb12u1_all.deb').bytes).slice(7),
      size: mirror.find('netbase_1.0-1+deb12u1_all.deb').bytes.length,
      archive: 'security',
      filename: mirror.find('netbase_1.0-1+deb12u1_all.deb').path.replace('/debian-security/', ''),
    });
    expect(mirror.log.filter((path) => path.endsWith('.deb'))).toEqual([]);
    expect(pinnedKey(requestOf(), pinned)).toBe(pinned.composition);
  });

  it('is the same later, with nothing but packages asked of the mirror', async () => {
    const pinned = await pinDebianBase(requestOf(), space.context);
    const base = await composeDebianBase(requestOf(), space.context);
    expect(base.key).toBe(pinned.composition);
    await publish([...tinyBookworm(), { name: 'new' }]);
    const before = mirror.log.length;
    const again = await composeDebianBase(requestOf({ pinned, keys: [], refresh: true }), later.context);
    expect(again.key).toBe(base.key);
    expect(again.facts).toEqual(base.facts);
    expect(again.packages).toEqual(base.packages);
    expect(await entriesOf(again.parts())).toEqual(await entriesOf(base.parts()));
    expect(again.releases).toEqual({});
    const asked = mirror.log.slice(before);
    expect(asked.length).toBe(pinned.packages.length);
    expect(asked.every((path) => path.endsWith('.deb'))).toBe(true);
    const offline = await composeDebianBase(requestOf({ pinned }), later.offline);
    expect(offline.key).toBe(base.key);
  });

  it('finds a security update where a point release has put it', async () => {
    const pinned = await pinDebianBase(requestOf(), space.context);
    const { path, bytes } = mirror.find('netbase_1.0-1+deb12u1_all.deb');
    mirror.replace(path, { status: 404, body: '' });
    const moved = {
      ...pinned,
      packages: pinned.packages.map((one) =>
        one.name === 'netbase' ? { ...one, filename: 'pool/updates/main/n/netbase_u1.deb' } : one,
      ),
    };
    mirror.replace('/debian/pool/main/n/netbase_u1.deb', { body: bytes });
    const base = await composeDebianBase(requestOf({ pinned: moved }), later.context);
    expect(base.packages.find(({ name }) => name === 'netbase')?.version).toBe('1.0-1+deb12u1');
  });

  it('says every package that is gone, and the way out', async () => {
    const pinned = await pinDebianBase(requestOf(), space.context);
    for (const name of ['libc6', 'media-types']) {
      const { archive, filename } = file(pinned, name);
      expect(archive).toBe('main');
      mirror.replace(`/debian/${filename}`, { status: 404, body: '' });
    }
    const error = await refusal(composeDebianBase(requestOf({ pinned }), later.context));
    expect(error.code).toBe('DEBIAN_PACKAGE');
    expect(error.message).toBe('2 Debian packages that `bivy.lock` pins are no longer on the mirror');
    expect(error.causes).toEqual([
      `\`libc6\` 2.36-9 (${file(pinned, 'libc6').filename})`,
      `\`media-types\` 1.0-1 (${file(pinned, 'media-types').filename})`,
    ]);
    expect(error.hint).toContain('bivy pin --update');
    // What a mirror answers otherwise is no such thing.
    mirror.replace(`/debian/${file(pinned, 'libgomp1').filename}`, { status: 401, body: '' });
    const other = openWorkspace();
    const refused = await refusal(composeDebianBase(requestOf({ pinned }), other.context));
    expect(refused.code).toBe('MIRROR_UNREACHABLE');
    await other.close();
  });

  it('refuses a package of other bytes, and another composition', async () => {
    const pinned = await pinDebianBase(requestOf(), space.context);
    const { path, bytes } = mirror.find('libc6_2.36-9_amd64.deb');
    mirror.replace(path, { body: Buffer.from(bytes).fill(0, 70, 80) });
    const error = await refusal(composeDebianBase(requestOf({ pinned }), later.context));
    expect(error.code).toBe('HASH_MISMATCH');
    for (const [request, other] of [
      [requestOf({ packages: ['libc6'] }), pinned],
      [requestOf(), { ...pinned, packages: pinned.packages.slice(1) }],
      [requestOf(), { ...pinned, composition: digestOf('another bivy') }],
    ] as const) {
      const disagreed = await refusal(composeDebianBase({ ...request, pinned: other }, later.context));
      expect(disagreed.code).toBe('PINS_DISAGREE');
      expect(disagreed.hint).toContain('bivy pin --update');
    }
  });
});
