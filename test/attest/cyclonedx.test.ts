import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { ImageContents } from '../../src/attest/contents.ts';
import { writeCycloneDx } from '../../src/attest/cyclonedx.ts';
import { canonicalJson } from '../../src/kernel/digest.ts';
import { contentsOf, DIGEST, hex, pulledContents } from './facts.ts';

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly 'bom-ref': string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: unknown;
}

interface Bom {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string; readonly component: Component; readonly tools: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

function read(contents: ImageContents, epoch = 0): Bom {
  return JSON.parse(Buffer.from(writeCycloneDx(contents, epoch)).toString('utf8')) as Bom;
}

/** The official schema, as its project ships it. */
function validator(): (bom: unknown) => unknown {
  const library = dirname(
    createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json'),
  );
  const schema = (name: string): object =>
    JSON.parse(readFileSync(join(library, 'res/schema', `${name}.SNAPSHOT.schema.json`), 'utf8')) as object;
  const ajv = new Ajv({ strict: false });
  for (const name of ['spdx', 'jsf-0.82']) {
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  formats.default(ajv);
  for (const name of ['iri-reference', 'idn-email']) ajv.addFormat(name, true);
  const validate = ajv.compile(schema('bom-1.6'));
  return (bom) => (validate(bom) ? [] : validate.errors);
}

describe('a CycloneDX document', () => {
  it.each([
    ['on Debian packages', contentsOf()],
    ['on an image', pulledContents()],
  ])('is valid by the official schema: %s', (_, contents) => {
    expect(validator()(read(contents))).toEqual([]);
  });

  it('names every wheel and every Debian package by hash and package URL', () => {
    const found = read(contentsOf()).components.map(({ type, name, version, purl, hashes }) => [
      type,
      name,
      version,
      purl,
      hashes?.map(({ alg, content }) => `${alg} ${content}`).join(),
    ]);
    const sha = (text: string): string => `SHA-256 ${hex(text)}`;
    expect(found).toEqual([
      ['operating-system', 'debian', '12', undefined, undefined],
      [
        'library',
        'ca-certificates',
        '20230311',
        'pkg:deb/debian/ca-certificates@20230311?arch=all&distro=debian-12',
        sha('ca'),
      ],
      [
        'library',
        'libstdc++6',
        '12.2.0-14+deb12u1',
        'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12%4012.2.0-14%2Bdeb12u1',
        sha('libstdc'),
      ],
      [
        'library',
        'python3.11',
        '1:3.11.2-6',
        'pkg:deb/debian/python3.11@1:3.11.2-6?arch=amd64&distro=debian-12',
        sha('py'),
      ],
      ['application', 'annapurna', '1.0.0', undefined, undefined],
      [
        'library',
        'direct',
        '2.0',
        expect.stringMatching(/^pkg:pypi\/direct@2\.0\?download_url=/),
        sha('direct'),
      ],
      ['library', 'fastapi', '0.95.1', 'pkg:pypi/fastapi@0.95.1', sha('fastapi')],
      [
        'library',
        'inner',
        '1.0+cpu',
        'pkg:pypi/inner@1.0%2Bcpu?repository_url=https%3A%2F%2Fpackages.example%2Fsimple',
        sha('inner'),
      ],
      ['library', 'starlette', '0.26.1', 'pkg:pypi/starlette@0.26.1', sha('starlette')],
    ]);
  });

  it('says who brought in whom', () => {
    const { dependencies, metadata } = read(contentsOf());
    const on = new Map(dependencies.map(({ ref, dependsOn = [] }) => [ref, dependsOn]));
    expect(on.get('project')).toEqual([expect.stringContaining('/direct@'), 'pkg:pypi/fastapi@0.95.1']);
    expect(on.get('pkg:pypi/fastapi@0.95.1')).toEqual([
      expect.stringContaining('/inner@'),
      'pkg:pypi/starlette@0.26.1',
    ]);
    expect(on.get(metadata.component['bom-ref'])).toContain('project');
    expect(on.get(metadata.component['bom-ref'])).toHaveLength(5);
  });

  it('is about the image, by the digest of its manifest', () => {
    const { component } = read(contentsOf()).metadata;
    expect(component).toMatchObject({
      type: 'container',
      name: 'Annapurna',
      version: '1.0.0',
      purl: `pkg:oci/annapurna@${DIGEST}?arch=amd64`,
      hashes: [{ alg: 'SHA-256', content: DIGEST.slice(7) }],
      licenses: [{ expression: 'MIT OR Apache-2.0' }],
    });
  });

  it('on an image, names that image and its Python', () => {
    const { components, dependencies, metadata } = read(pulledContents());
    expect(components.slice(0, 2).map(({ type, purl }) => [type, purl])).toEqual([
      [
        'container',
        `pkg:oci/python@${DIGEST}?arch=arm64&repository_url=docker.io%2Flibrary%2Fpython&tag=3.11-slim`,
      ],
      ['application', 'pkg:generic/python@3.11.2'],
    ]);
    // Without the project, the image itself asks for what the project asks for.
    const own = dependencies.find(({ ref }) => ref === metadata.component['bom-ref']);
    expect(own?.dependsOn).toContain('pkg:pypi/fastapi@0.95.1');
  });

  it('is the same whenever it is written, and another one for another image', () => {
    const bytes = Buffer.from(writeCycloneDx(contentsOf(), 0)).toString('utf8');
    expect(Buffer.from(writeCycloneDx(contentsOf(), 0)).toString('utf8')).toBe(bytes);
    expect(bytes).toBe(canonicalJson(JSON.parse(bytes)));
    expect(bytes).not.toContain('secret');
    const { serialNumber, metadata } = read(contentsOf());
    expect(serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(metadata.timestamp).toBe('1970-01-01T00:00:00.000Z');
    expect(read(contentsOf(), 1_700_000_000).metadata.timestamp).toBe('2023-11-14T22:13:20.000Z');
    expect(read(contentsOf({ platform: 'linux/arm64' })).serialNumber).not.toBe(serialNumber);
  });
});
