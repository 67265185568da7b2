import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePlatform, platformRank, spellPlatform } from '../../src/oci/platform.ts';
import { apiHost, loginKey, parseImage, parseReference } from '../../src/oci/reference.ts';
import type { Platform } from '../../src/oci/spec.ts';
import { codeOf } from '../support/images.ts';

const F64 = 'f'.repeat(64);
const DIGEST = `sha256:${F64}`;
const IDENTITY = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';

describe('a reference', () => {
  it.each([
    ['annapurna', 'docker.io/library/annapurna:latest', 'annapurna:latest'],
    ['annapurna:1.0.0', 'docker.io/library/annapurna:1.0.0', 'annapurna:1.0.0'],
    ['library/annapurna', 'docker.io/library/annapurna:latest', 'annapurna:latest'],
    ['docker.io/annapurna', 'docker.io/library/annapurna:latest', 'annapurna:latest'],
    ['team/app:v2', 'docker.io/team/app:v2', 'team/app:v2'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['example.com/a/b/c:x_y.z-1', 'example.com/a/b/c:x_y.z-1', 'example.com/a/b/c:x_y.z-1'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app:latest', '127.0.0.1:5000/app:latest'],
    ['team/a__b.c--d', 'docker.io/team/a__b.c--d:latest', 'team/a__b.c--d:latest'],
  ])('%s', (text, full, familiar) => {
    expect(parseReference(text)).toMatchObject({ full, familiar });
  });

  it.each([
    '',
    ':x',
    'App',
    'a/B',
    'a:',
    'a:b/c:',
    'a b',
    'a:-x',
    `a:${'t'.repeat(129)}`,
    `${'n'.repeat(256)}`,
    'a//b',
    '-a',
    'a@sha256:00',
    'a_-b',
    'ex_ample.com/x',
  ])('is not %j', async (text) => {
    expect(await codeOf(() => parseReference(text))).toBe('USAGE');
  });
});

describe('an image', () => {
  // The cases of distribution/reference, reference_test.go and normalize_test.go, as they come out normalised.
  it.each<[text: string, domain: string, path: string, tag?: string | undefined, digest?: string]>([
    ['test_com', 'docker.io', 'library/test_com'],
    ['test.com:tag', 'docker.io', 'library/test.com', 'tag'],
    ['test.com:5000', 'docker.io', 'library/test.com', '5000'],
    ['test.com/repo:tag', 'test.com', 'repo', 'tag'],
    ['test:5000/repo', 'test:5000', 'repo'],
    ['test:5000/repo:tag', 'test:5000', 'repo', 'tag'],
    [`test:5000/repo@${DIGEST}`, 'test:5000', 'repo', undefined, DIGEST],
    [`test:5000/repo:tag@${DIGEST}`, 'test:5000', 'repo', 'tag', DIGEST],
    ['lowercase:Uppercase', 'docker.io', 'library/lowercase', 'Uppercase'],
    [
      `a.b/${'a/'.repeat(125)}a:tag-puts-this-over-max`,
      'a.b',
      `${'a/'.repeat(125)}a`,
      'tag-puts-this-over-max',
    ],
    ['sub-dom1.foo.com/bar/baz/quux', 'sub-dom1.foo.com', 'bar/baz/quux'],
    ['sub-dom1.foo.com/bar/baz/quux:some-long-tag', 'sub-dom1.foo.com', 'bar/baz/quux', 'some-long-tag'],
    [
      'b.gcr.io/test.example.com/my-app:test.example.com',
      'b.gcr.io',
      'test.example.com/my-app',
      'test.example.com',
    ],
    ['xn--n3h.com/myimage:xn--n3h.com', 'xn--n3h.com', 'myimage', 'xn--n3h.com'],
    ['foo_bar.com:8080', 'docker.io', 'library/foo_bar.com', '8080'],
    ['foo/foo_bar.com:8080', 'docker.io', 'foo/foo_bar.com', '8080'],
    ['192.168.1.1', 'docker.io', 'library/192.168.1.1'],
    ['192.168.1.1:5000', 'docker.io', 'library/192.168.1.1', '5000'],
    ['192.168.1.1/repo', '192.168.1.1', 'repo'],
    ['192.168.1.1:5000/repo:5050', '192.168.1.1:5000', 'repo', '5050'],
    ['[2001:db8::1]/repo', '[2001:db8::1]', 'repo'],
    ['[2001:db8:1:2:3:4:5:6]/repo:tag', '[2001:db8:1:2:3:4:5:6]', 'repo', 'tag'],
    ['[2001:db8::1]:5000/repo', '[2001:db8::1]:5000', 'repo'],
    [`[2001:db8::1]:5000/repo:tag@${DIGEST}`, '[2001:db8::1]:5000', 'repo', 'tag', DIGEST],
    ['[::1]:5000/repo', '[::1]:5000', 'repo'],
    ['test_com/foo', 'docker.io', 'test_com/foo'],
    ['docker/migrator', 'docker.io', 'docker/migrator'],
    ['test-com:8080/foo', 'test-com:8080', 'foo'],
    ['docker.io/foo', 'docker.io', 'library/foo'],
    ['docker.io/library/foo/bar', 'docker.io', 'library/foo/bar'],
    ['index.docker.io/library/ubuntu-12.04-base', 'docker.io', 'library/ubuntu-12.04-base'],
    ['index.docker.io/debian', 'docker.io', 'library/debian'],
    ['store/foo/bar', 'docker.io', 'store/foo/bar'],
    ['FOO/bar', 'FOO', 'bar'],
    ['docker---rules/docker', 'docker.io', 'docker---rules/docker'],
    ['dock__er/docker', 'docker.io', 'dock__er/docker'],
    [`docker.io/${IDENTITY}`, 'docker.io', `library/${IDENTITY}`],
    [`x.${IDENTITY}`, 'docker.io', `library/x.${IDENTITY}`],
  ])('%s', (text, domain, path, tag, digest) => {
    const { full, familiar, ...parts } = parseImage(text);
    const said = tag ?? (digest === undefined ? 'latest' : undefined);
    expect(parts).toEqual({
      domain,
      path,
      ...(said === undefined ? {} : { tag: said }),
      ...(digest === undefined ? {} : { digest }),
    });
    const end = `${said === undefined ? '' : `:${said}`}${digest === undefined ? '' : `@${digest}`}`;
    expect(full).toBe(`${domain}/${path}${end}`);
    expect(parseImage(familiar)).toEqual(parseImage(full));
  });

  it.each([
    '',
    ':justtag',
    `@${DIGEST}`,
    'repo@sha256:ffffffffffffffffffffffffffffffffff',
    `validname@invaliddigest:${F64}`,
    `repo@sha512:${F64}${F64}`,
    `repo@SHA256:${F64}`,
    `repo@${DIGEST}@${DIGEST}`,
    'repo@',
    'Uppercase:tag',
    'test:5000/Uppercase/lowercase:tag',
    `${'a/'.repeat(128)}a:tag`,
    'aa/asdf$$^/aa',
    '[2001:db8::1]',
    '[2001:db8::1]:5000',
    '[2001:db8::1]:tag',
    '[fe80::1%eth0]:5000/repo',
    '[fe80::1%@invalidzone]:5000/repo',
    '[2001:db8:3:4::192.0.2.33]:5000/debian',
    'fc00::1:5000/debian',
    'https://github.com/docker/docker',
    'docker/Docker',
    '-docker',
    '-docker.io/docker/docker',
    'docker///docker',
    'docker-/docker',
    '____/____',
    'dock..er/docker',
    'dock_.er/docker',
    'docker/',
    IDENTITY,
    'a b/c',
    'example.com:x/app',
    'user:secret@example.com/app',
    'example.com/../app',
    'example.com/app\n',
  ])('is not %j', async (text) => {
    expect(await codeOf(() => parseImage(text))).toBe('USAGE');
  });

  const component = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,6}){0,2}$/);
  const references = fc.record({
    domain: fc.oneof(
      fc.constant('docker.io'),
      fc.constant('localhost'),
      fc.constant('[::1]:5000'),
      fc.stringMatching(/^[a-z0-9]{1,5}(?:-[a-z0-9]{1,5})?\.[a-z]{2,3}(?::[0-9]{1,5})?$/),
    ),
    path: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined }),
    digest: fc.option(
      fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
      { nil: undefined },
    ),
  });

  it('is spelled so that it is read again', () => {
    fc.assert(
      fc.property(references, ({ domain, path, tag, digest }) => {
        const text = `${domain}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
        const image = parseImage(text);
        expect(image).toMatchObject({ domain, path });
        expect([image.tag, image.digest]).toEqual([
          tag ?? (digest === undefined ? 'latest' : undefined),
          digest,
        ]);
        expect(parseImage(image.full)).toEqual(image);
        expect(parseImage(image.familiar)).toEqual(image);
        if (digest === undefined) expect(parseReference(text)).toEqual(image);
      }),
    );
  });

  it('never makes anything but a refusal or an image of a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0.:/@-_[]%~ \n\u2603') }), (text) => {
        let image: ReturnType<typeof parseImage>;
        try {
          image = parseImage(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
          return;
        }
        expect(image.full).toMatch(/^[^/@\s]+\/[a-z0-9._/-]+(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/);
      }),
    );
  });
});

describe('the default domain', () => {
  it('has another host, and its login an old address', () => {
    const { domain } = parseImage('python:3.11-slim');
    expect(apiHost(domain)).toBe('registry-1.docker.io');
    expect(loginKey(domain)).toBe('https://index.docker.io/v1/');
    expect(apiHost('localhost:5000')).toBe('localhost:5000');
    expect(loginKey('ghcr.io')).toBe('ghcr.io');
  });
});

describe('a platform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/arm64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/s390x', 'linux/s390x'],
  ])('%s is %s', (text, spelt) => {
    expect(spellPlatform(parsePlatform(text))).toBe(spelt);
  });

  it.each(['', 'linux', 'linux/', 'Linux/amd64', 'linux/amd64/v1/x'])('is not %j', async (text) => {
    expect(await codeOf(() => parsePlatform(text))).toBe('TARGET_INVALID');
  });
});

describe('an image for one platform', () => {
  // containerd/platforms, compare_test.go, without other architectures.
  it.each<[wanted: string, best: readonly string[], never: readonly string[]]>([
    ['linux/amd64', ['linux/amd64/v1', 'linux/x86_64'], ['linux/amd64/v2', 'linux/386', 'windows/amd64']],
    ['linux/amd64/v3', ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64'], ['linux/amd64/v4']],
    ['linux/arm/v8', ['linux/arm/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'], ['linux/arm64']],
    ['linux/arm/v7', ['linux/arm', 'linux/armel', 'linux/arm/v5'], ['linux/arm/v8', 'linux/arm64/v8']],
    ['linux/arm', ['linux/armhf', 'linux/arm/6'], []],
    ['linux/arm/v5', ['linux/arm/v5'], ['linux/arm/v6']],
    ['linux/arm64', ['linux/aarch64/v8'], ['linux/arm/v7', 'linux/arm64/v9', 'linux/arm64/v8.1']],
    [
      'linux/arm64/v8.2',
      ['linux/arm64/v8.2', 'linux/arm64/v8.1', 'linux/arm64'],
      ['linux/arm64/v8.3', 'linux/arm64/v9'],
    ],
    [
      'linux/arm64/v9.1',
      ['linux/arm64/v9.1', 'linux/arm64/v9.0', 'linux/arm64/v8.6', 'linux/arm64/v8.5', 'linux/arm64'],
      ['linux/arm64/v9.2', 'linux/arm64/v8.7'],
    ],
    ['linux/riscv64', ['linux/riscv64'], ['linux/riscv64/rva22']],
    ['linux/mips64le/hardfloat', ['linux/mips64le/hardfloat'], ['linux/mips64le']],
  ])('%s', (wanted, best, never) => {
    const platformOf = (text: string): Platform => {
      const [os = '', architecture = '', variant] = text.split('/');
      return { os, architecture, ...(variant === undefined ? {} : { variant }) };
    };
    const rank = (text: string): number | undefined => platformRank(platformOf(text), platformOf(wanted));
    const ranks = best.map(rank);
    expect(ranks).not.toContain(undefined);
    expect(ranks).toEqual([...ranks].sort((left, right) => (left ?? 0) - (right ?? 0)));
    expect(never.map(rank)).toEqual(never.map(() => undefined));
  });
});
