import { describe, expect, it } from 'vitest';
import { parsePlatform, spellPlatform } from '../../src/oci/platform.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { codeOf } from '../support/images.ts';

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
