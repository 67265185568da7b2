// What docs/registries.md says of the program, held against it.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KNOWLEDGE } from '../../src/app/base-knowledge.ts';
import { OFFICIAL_BASES } from '../../src/app/known-bases.ts';
import { KEY_ANNOTATION, OUTLINE_ANNOTATION, UNPACKED_ANNOTATION } from '../../src/app/layers.ts';
import { SHARED_ANNOTATION } from '../../src/app/overlaps.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { loginFiles } from '../../src/registry/credentials-file.ts';

const text = readFileSync('docs/registries.md', 'utf8');

describe('docs/registries.md', () => {
  it('names the bases that a build may choose, in their order', () => {
    const [, listed = ''] = /every platform asked:\n(.+)\.\s/.exec(text) ?? [];
    const versions = [...listed.matchAll(/\d+\.\d+/g)].map(([version]) => `python:${version}-slim`);
    expect(versions).toEqual(Object.keys(OFFICIAL_BASES));
  });

  it('names everything that is written for later builds', () => {
    const names = [KEY_ANNOTATION, OUTLINE_ANNOTATION, UNPACKED_ANNOTATION, SHARED_ANNOTATION, KNOWLEDGE];
    for (const name of names) expect(text).toContain(`\`${name}\``);
  });

  it('speaks of flags that there are', () => {
    const flags = new Set([...text.matchAll(/`--([a-z-]+)/g)].map(([, flag = '']) => flag));
    const known = Object.values(COMMANDS).flatMap(({ options }) => Object.keys(options));
    expect([...flags].filter((flag) => ![...known, 'json'].includes(flag))).toEqual([]);
  });

  it('says where logins are looked for', () => {
    const environment = { HOME: '/h', DOCKER_CONFIG: '/d', REGISTRY_AUTH_FILE: '/a', XDG_RUNTIME_DIR: '/r' };
    expect(loginFiles(environment)).toEqual([
      '/d/config.json',
      '/a',
      '/r/containers/auth.json',
      '/h/.config/containers/auth.json',
    ]);
    for (const words of ['`$DOCKER_CONFIG/config.json`', '`$REGISTRY_AUTH_FILE`', '`$XDG_RUNTIME_DIR`']) {
      expect(text).toContain(words);
    }
  });
});
