// A bill of materials as SPDX 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/), the form in which BuildKit attaches one.
// No kept library for Node writes SPDX documents, so this file does: packages, their hashes and how they relate.

import { canonicalJson, hexOf } from '../kernel/digest.ts';
import { VERSION } from '../kernel/program.ts';
import {
  type BaseContent,
  type DebianContent,
  type ImageContents,
  requirements,
  type WheelContent,
} from './contents.ts';
import { uuidOf } from './identifier.ts';
import { baseUrl, debianUrl, imageUrl, pythonUrl, wheelUrl } from './package-url.ts';
import { bareUrl } from './public-url.ts';

/** Clause 7 of the specification, the members that are used here. */
interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo?: string;
  readonly packageFileName?: string;
  readonly primaryPackagePurpose: 'APPLICATION' | 'CONTAINER' | 'LIBRARY' | 'OPERATING-SYSTEM';
  readonly downloadLocation: string;
  readonly filesAnalyzed: false;
  readonly checksums?: readonly { readonly algorithm: 'SHA256'; readonly checksumValue: string }[];
  readonly sourceInfo?: string;
  readonly description?: string;
  readonly licenseConcluded: 'NOASSERTION';
  readonly licenseDeclared: string;
  readonly copyrightText: 'NOASSERTION';
  readonly supplier: 'NOASSERTION';
  readonly externalRefs?: readonly {
    readonly referenceCategory: 'PACKAGE-MANAGER';
    readonly referenceType: 'purl';
    readonly referenceLocator: string;
  }[];
}

/** Clause 11. */
interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: 'DESCRIBES' | 'CONTAINS' | 'DEPENDS_ON' | 'DESCENDANT_OF';
  readonly relatedSpdxElement: string;
}

const DOCUMENT = 'SPDXRef-DOCUMENT';
const IMAGE = 'SPDXRef-Image';
const PROJECT = 'SPDXRef-Project';

/**
 * The document, as JSON has it.
 * @param epoch seconds since 1970 for its time stamp
 */
export function spdxDocument(contents: ImageContents, epoch: number): Readonly<Record<string, unknown>> {
  const { name, root, wheels } = contents;
  const system = systemPackages(contents);
  const packages = [
    imagePackage(contents),
    ...system,
    ...(root === undefined ? [] : [projectPackage(root, contents)]),
    ...wheels.map(wheelPackage),
  ];
  const relationships: Relationship[] = [
    { spdxElementId: DOCUMENT, relationshipType: 'DESCRIBES', relatedSpdxElement: IMAGE },
    ...packages.slice(1).map(
      ({ SPDXID }): Relationship => ({
        spdxElementId: IMAGE,
        relationshipType: SPDXID === BASE ? 'DESCENDANT_OF' : 'CONTAINS',
        relatedSpdxElement: SPDXID,
      }),
    ),
  ];
  for (const [from, names] of requirements(contents)) {
    const asking = from === '' ? (root === undefined ? IMAGE : PROJECT) : wheelId(from);
    for (const one of names) {
      relationships.push({
        spdxElementId: asking,
        relationshipType: 'DEPENDS_ON',
        relatedSpdxElement: wheelId(one),
      });
    }
  }
  const identity = uuidOf(canonicalJson({ document: 'spdx', epoch, bivy: VERSION, contents }));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name,
    documentNamespace: `urn:uuid:${identity}`,
    creationInfo: {
      created: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
      creators: [`Tool: bivy-${VERSION}`],
    },
    packages,
    relationships,
  };
}

/** The bytes of that document, spelled canonically. */
export function writeSpdx(contents: ImageContents, epoch: number): Uint8Array {
  return Buffer.from(canonicalJson(spdxDocument(contents, epoch)), 'utf8');
}

function imagePackage({ name, version, description, license, digest, platform }: ImageContents): SpdxPackage {
  return packageOf({
    SPDXID: IMAGE,
    name,
    primaryPackagePurpose: 'CONTAINER',
    ...(version === undefined ? {} : { versionInfo: version }),
    ...(description === undefined || description === '' ? {} : { description }),
    ...(license === undefined ? {} : { licenseDeclared: declared(license) }),
    ...identified(hexOf(digest), imageUrl(name, digest, platform)),
  });
}

/** It has no package URL: an index may know another project by that name. */
function projectPackage(
  root: { readonly name: string; readonly version: string },
  { license }: ImageContents,
): SpdxPackage {
  return packageOf({
    SPDXID: PROJECT,
    name: root.name,
    versionInfo: root.version,
    primaryPackagePurpose: 'APPLICATION',
    ...(license === undefined ? {} : { licenseDeclared: declared(license) }),
  });
}

function wheelPackage(wheel: WheelContent): SpdxPackage {
  const { name, version, file, source } = wheel;
  const url = source.kind === 'url' && source.url !== undefined ? bareUrl(source.url) : undefined;
  return packageOf({
    SPDXID: wheelId(name),
    name,
    versionInfo: version,
    packageFileName: file.name,
    primaryPackagePurpose: 'LIBRARY',
    ...(url === undefined ? {} : { downloadLocation: url }),
    ...identified(file.sha256, wheelUrl(wheel)),
  });
}

/** What is below the wheels: the operating system, whose name scanners need, and its packages; or the image pulled. */
function systemPackages({ debian, base, python, platform }: ImageContents): readonly SpdxPackage[] {
  if (debian !== undefined) {
    const { release, packages } = debian;
    return [
      packageOf({
        SPDXID: 'SPDXRef-OperatingSystem',
        name: 'debian',
        versionInfo: release,
        primaryPackagePurpose: 'OPERATING-SYSTEM',
      }),
      ...packages.map((found) => debianPackage(found, release)),
    ];
  }
  return [
    ...(base === undefined ? [] : [basePackage(base, platform)]),
    packageOf({
      SPDXID: 'SPDXRef-Python',
      name: 'python',
      versionInfo: python,
      primaryPackagePurpose: 'APPLICATION',
      ...identified(undefined, pythonUrl(python)),
    }),
  ];
}

function debianPackage(found: DebianContent, release: string): SpdxPackage {
  const { name, version, architecture, source, sha256 } = found;
  return packageOf({
    SPDXID: `SPDXRef-Debian-${idText(name)}`,
    name,
    versionInfo: version,
    packageFileName: `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`,
    primaryPackagePurpose: 'LIBRARY',
    sourceInfo: `built package from: ${source?.name ?? name} ${source?.version ?? version}`,
    ...identified(sha256, debianUrl(found, release)),
  });
}

const BASE = 'SPDXRef-Base';

function basePackage(base: BaseContent, platform: string): SpdxPackage {
  return packageOf({
    SPDXID: BASE,
    name: base.reference,
    primaryPackagePurpose: 'CONTAINER',
    ...identified(hexOf(base.digest), baseUrl(base, platform)),
  });
}

type Stated = Pick<SpdxPackage, 'SPDXID' | 'name' | 'primaryPackagePurpose'> & Partial<SpdxPackage>;

function packageOf(stated: Stated): SpdxPackage {
  return {
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    supplier: 'NOASSERTION',
    ...stated,
  };
}

function identified(
  sha256: string | undefined,
  purl: string,
): Pick<SpdxPackage, 'externalRefs'> & Partial<Pick<SpdxPackage, 'checksums'>> {
  return {
    ...(sha256 === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }] }),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}

/** A licence of one's own would need its text in the document. */
function declared(license: string): string {
  return license.includes('LicenseRef-') ? 'NOASSERTION' : license;
}

function wheelId(name: string): string {
  return `SPDXRef-Wheel-${idText(name)}`;
}

/** Identifiers have letters, digits, `.` and `-`: anything else is spelled by its code, so that no two names meet. */
function idText(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, (found) => `.${found.codePointAt(0)?.toString(16)}.`);
}
