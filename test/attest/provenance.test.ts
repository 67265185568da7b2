import { describe, expect, it } from 'vitest';
import { uuidOf } from '../../src/attest/identifier.ts';
import { writeProvenance } from '../../src/attest/provenance.ts';
import { attestContents, CYCLONEDX_PREDICATE, SPDX_PREDICATE } from '../../src/attest/statement.ts';
import { digestOf } from '../../src/kernel/digest.ts';
import { contentsOf, DIGEST, hex, pulledContents } from './facts.ts';

const read = (bytes: Uint8Array): Record<string, never> =>
  JSON.parse(Buffer.from(bytes).toString('utf8')) as never;

const OPTIONS = {
  contents: contentsOf(),
  parameters: {
    flags: { base: 'debian:12' },
    index: ['https://user:secret@packages.example/simple', 'https://a@b/c?d=e@f'],
    platform: 'a wish',
  },
  files: [{ name: 'poetry.lock', digest: digestOf('lock') }],
  sources: digestOf('app'),
  git: { revision: 'a'.repeat(40), source: 'https://code.example/team/app.git' },
};

describe('provenance', () => {
  it('is an in-toto statement about the image, with a SLSA predicate', () => {
    const { predicateType, statement } = writeProvenance(OPTIONS);
    expect(predicateType).toBe('https://slsa.dev/provenance/v1');
    expect(read(statement)).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType,
      subject: [{ digest: { sha256: DIGEST.slice(7) } }],
      predicate: {
        buildDefinition: { buildType: 'pkg:npm/bivy#build/v1' },
        runDetails: { builder: { id: 'pkg:npm/bivy', version: { bivy: expect.any(String) } } },
      },
    });
  });

  it('names every input by its hash', () => {
    const { predicate } = read(writeProvenance(OPTIONS).statement) as never as {
      predicate: { buildDefinition: { resolvedDependencies: { name?: string; digest: object }[] } };
    };
    const { resolvedDependencies } = predicate.buildDefinition;
    expect(resolvedDependencies.slice(0, 3)).toEqual([
      { uri: 'git+https://code.example/team/app.git', digest: { gitCommit: 'a'.repeat(40) } },
      { name: 'poetry.lock', digest: { sha256: digestOf('lock').slice(7) } },
      { name: 'application', digest: { sha256: digestOf('app').slice(7) } },
    ]);
    expect(resolvedDependencies).toHaveLength(3 + 3 + 4);
    expect(resolvedDependencies).toContainEqual({
      name: 'fastapi-0.95.1-py3-none-any.whl',
      uri: 'pkg:pypi/fastapi@0.95.1',
      digest: { sha256: hex('fastapi') },
    });
    expect(resolvedDependencies.map(({ name }) => name)).toContain('libstdc++6');
  });

  it('says the base that was pulled, and nothing of a repository that is not known', () => {
    const { statement } = writeProvenance({ contents: pulledContents(), parameters: {}, files: [], git: {} });
    const text = Buffer.from(statement).toString('utf8');
    expect(text).toContain('"name":"docker.io/library/python:3.11-slim"');
    expect(text).not.toContain('gitCommit');
  });

  it('repeats what was asked for, without credentials', () => {
    const text = Buffer.from(writeProvenance(OPTIONS).statement).toString('utf8');
    expect(text).not.toContain('secret');
    expect(text).toContain('"index":["https://packages.example/simple","https://b/c?d=e@f"]');
    expect(text).toContain('"platform":"linux/amd64"');
    expect(text).not.toMatch(/startedOn|finishedOn|invocationId/);
  });
});

describe('the bills of materials', () => {
  it('are stated of the image, SPDX first', async () => {
    const attestations = await attestContents(contentsOf(), 0);
    expect(attestations.map(({ predicateType }) => predicateType)).toEqual([
      SPDX_PREDICATE,
      CYCLONEDX_PREDICATE,
    ]);
    expect(attestations.map(({ statement }) => read(statement))).toMatchObject([
      { predicate: { spdxVersion: 'SPDX-2.3' }, subject: [{ digest: { sha256: DIGEST.slice(7) } }] },
      { predicate: { bomFormat: 'CycloneDX', specVersion: '1.6' } },
    ]);
  });
});

describe('identifiers', () => {
  it('are UUIDs of version 5', () => {
    expect(uuidOf('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf('a')).toBe(uuidOf('a'));
    expect(uuidOf('a')).not.toBe(uuidOf('b'));
  });
});
