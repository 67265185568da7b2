import { describe, expect, it } from 'vitest';
import { spdxDocument, writeSpdx } from '../../src/attest/spdx.ts';
import { canonicalJson } from '../../src/kernel/digest.ts';
import { contentsOf, DIGEST, hex, pulledContents } from './facts.ts';

interface Described {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo?: string;
  readonly checksums?: readonly { readonly checksumValue: string }[];
  readonly externalRefs?: readonly { readonly referenceLocator: string }[];
}

interface Document {
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly Described[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
  }[];
}

const read = (...parameters: Parameters<typeof spdxDocument>): Document =>
  spdxDocument(...parameters) as unknown as Document;

// `test/e2e/attest.test.ts` has SPDX's own tools judge these documents.
describe('an SPDX document', () => {
  it('names every wheel and every Debian package by hash and package URL', () => {
    const found = read(contentsOf(), 0).packages.map(({ SPDXID, checksums, externalRefs }) => [
      SPDXID.replace('SPDXRef-', ''),
      checksums?.[0]?.checksumValue,
      externalRefs?.[0]?.referenceLocator.split('?')[0],
    ]);
    expect(found).toEqual([
      ['Image', DIGEST.slice(7), `pkg:oci/annapurna@${DIGEST}`],
      ['OperatingSystem', undefined, undefined],
      ['Debian-ca-certificates', hex('ca'), 'pkg:deb/debian/ca-certificates@20230311'],
      ['Debian-libstdc.2b..2b.6', hex('libstdc'), 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1'],
      ['Debian-python3.2e.11', hex('py'), 'pkg:deb/debian/python3.11@1:3.11.2-6'],
      ['Project', undefined, undefined],
      ['Wheel-direct', hex('direct'), 'pkg:pypi/direct@2.0'],
      ['Wheel-fastapi', hex('fastapi'), 'pkg:pypi/fastapi@0.95.1'],
      ['Wheel-inner', hex('inner'), 'pkg:pypi/inner@1.0%2Bcpu'],
      ['Wheel-starlette', hex('starlette'), 'pkg:pypi/starlette@0.26.1'],
    ]);
  });

  it('says what the image is made of and who brought in whom', () => {
    const { relationships } = read(contentsOf(), 0);
    const spelled = relationships.map(({ spdxElementId, relationshipType, relatedSpdxElement }) =>
      `${spdxElementId} ${relationshipType} ${relatedSpdxElement}`.replaceAll('SPDXRef-', ''),
    );
    expect(spelled[0]).toBe('DOCUMENT DESCRIBES Image');
    expect(spelled.filter((text) => text.includes('CONTAINS'))).toHaveLength(9);
    expect(spelled.filter((text) => text.includes('DEPENDS_ON'))).toEqual(
      [
        'Wheel-fastapi DEPENDS_ON Wheel-inner',
        'Wheel-fastapi DEPENDS_ON Wheel-starlette',
        'Project DEPENDS_ON Wheel-direct',
        'Project DEPENDS_ON Wheel-fastapi',
      ].sort((a, b) => spelled.indexOf(a) - spelled.indexOf(b)),
    );
  });

  it('on an image, descends from it and has its Python', () => {
    const { packages, relationships } = read(pulledContents(), 0);
    expect(packages.map(({ SPDXID }) => SPDXID).slice(1, 3)).toEqual(['SPDXRef-Base', 'SPDXRef-Python']);
    expect(relationships).toContainEqual({
      spdxElementId: 'SPDXRef-Image',
      relationshipType: 'DESCENDANT_OF',
      relatedSpdxElement: 'SPDXRef-Base',
    });
    expect(relationships).toContainEqual({
      spdxElementId: 'SPDXRef-Image',
      relationshipType: 'DEPENDS_ON',
      relatedSpdxElement: 'SPDXRef-Wheel-fastapi',
    });
  });

  it('declares no licence whose text it lacks', () => {
    const declared = (license: string): unknown =>
      (read(contentsOf({ license }), 0).packages[0] as { licenseDeclared?: string }).licenseDeclared;
    expect(declared('MIT')).toBe('MIT');
    expect(declared('MIT OR LicenseRef-Own')).toBe('NOASSERTION');
  });

  it('is the same whenever it is written, and another one for another image', () => {
    const text = Buffer.from(writeSpdx(contentsOf(), 0)).toString('utf8');
    expect(Buffer.from(writeSpdx(contentsOf(), 0)).toString('utf8')).toBe(text);
    expect(text).toBe(canonicalJson(JSON.parse(text)));
    expect(text).not.toContain('secret');
    const document = read(contentsOf(), 0);
    expect(document.creationInfo.created).toBe('1970-01-01T00:00:00Z');
    expect(document.documentNamespace).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    expect(read(pulledContents(), 0).documentNamespace).not.toBe(document.documentNamespace);
  });
});
