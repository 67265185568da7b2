import { describe, expect, it } from 'vitest';
import { imageAnnotations } from '../../src/attest/annotations.ts';
import { licenseExpression } from '../../src/attest/license.ts';
import { DIGEST } from './facts.ts';

const PROJECT = {
  name: 'annapurna',
  version: '1.0.0',
  description: 'Climbs',
  authors: ['Ann <ann@example.org>', 'Bob'],
  homepage: 'https://user:secret@example.org/',
  repository: 'https://code.example/declared',
  documentation: 'https://docs.example/',
};

describe('annotations', () => {
  it('say what the project and its repository say', () => {
    const annotations = imageAnnotations({
      project: PROJECT,
      license: 'MIT',
      git: { revision: 'a'.repeat(40), source: 'https://code.example/real' },
      base: { reference: 'docker.io/library/python:3.11-slim', digest: DIGEST },
    });
    expect(
      Object.entries(annotations).map(([key, value]) => [
        key.replace('org.opencontainers.image.', ''),
        value,
      ]),
    ).toEqual([
      ['authors', 'Ann <ann@example.org>, Bob'],
      ['base.digest', DIGEST],
      ['base.name', 'docker.io/library/python:3.11-slim'],
      ['description', 'Climbs'],
      ['documentation', 'https://docs.example/'],
      ['licenses', 'MIT'],
      ['revision', 'a'.repeat(40)],
      ['source', 'https://code.example/real'],
      ['title', 'annapurna'],
      ['url', 'https://example.org/'],
      ['version', '1.0.0'],
    ]);
  });

  it('take the repository that the project declares where Git knows none', () => {
    expect(imageAnnotations({ project: PROJECT })['org.opencontainers.image.source']).toBe(
      'https://code.example/declared',
    );
  });

  it('leave out what nobody said', () => {
    const project = {
      name: null,
      version: null,
      description: ' ',
      authors: [],
      homepage: 'none',
      repository: null,
      documentation: null,
    };
    expect(imageAnnotations({ project, git: {} })).toEqual({});
  });
});

describe('the licence of a project', () => {
  it.each<[Parameters<typeof licenseExpression>[0], string | undefined]>([
    [{ kind: 'expression', text: 'mit or apache-2.0' }, 'MIT OR Apache-2.0'],
    [{ kind: 'text', text: 'BSD-3-Clause' }, 'BSD-3-Clause'],
    [{ kind: 'text', text: 'MIT License' }, 'MIT'],
    [{ kind: 'text', text: 'Proprietary' }, undefined],
    [{ kind: 'text', text: 'All rights reserved' }, undefined],
    [{ kind: 'file', path: 'LICENSE' }, undefined],
    [null, undefined],
  ])('%j is %j', async (license, expression) => {
    expect(await licenseExpression(license)).toBe(expression);
  });
});
