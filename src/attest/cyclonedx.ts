// A bill of materials as CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/), written by the project's own library.
// What it makes is spelled canonically: one image, one document, whatever host wrote it.

import { ComponentType, ExternalReferenceType, HashAlgorithm } from '@cyclonedx/cyclonedx-library/Enums';
import {
  Bom,
  Component,
  ComponentRepository,
  ExternalReference,
  ExternalReferenceRepository,
  HashDictionary,
  LicenseExpression,
  LicenseRepository,
  Metadata,
  Property,
  PropertyRepository,
  Tools,
} from '@cyclonedx/cyclonedx-library/Models';
import { JSON as Json, JsonSerializer } from '@cyclonedx/cyclonedx-library/Serialize';
import { Spec1dot6 } from '@cyclonedx/cyclonedx-library/Spec';
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

/**
 * The bytes of the document.
 * @param epoch seconds since 1970 for its time stamp
 */
export function writeCycloneDx(contents: ImageContents, epoch: number): Uint8Array {
  const image = imageComponent(contents);
  const tool = new Component(ComponentType.Application, 'bivy', { version: VERSION });
  const bom = new Bom({
    serialNumber: `urn:uuid:${uuidOf(canonicalJson({ document: 'cyclonedx', epoch, bivy: VERSION, contents }))}`,
    metadata: new Metadata({
      timestamp: new Date(epoch * 1000),
      tools: new Tools({ components: new ComponentRepository([tool]) }),
      component: image,
    }),
  });
  const wheels = new Map(contents.wheels.map((wheel) => [wheel.name, wheelComponent(wheel)]));
  const system = systemComponents(contents);
  const root = rootComponent(contents);
  for (const component of [...system, ...root, ...wheels.values()]) bom.components.add(component);
  for (const component of system) image.dependencies.add(component.bomRef);
  const [project = image] = root;
  if (project !== image) image.dependencies.add(project.bomRef);
  for (const [from, names] of requirements(contents)) {
    const asking = from === '' ? project : wheels.get(from);
    for (const name of names) asking?.dependencies.add(wheels.get(name)!.bomRef);
  }
  const serializer = new JsonSerializer(new Json.Normalize.Factory(Spec1dot6));
  // The library sorts by the host's locale where it is asked to: everything was given in order instead.
  const written = serializer.serialize(bom, { sortLists: false });
  return Buffer.from(canonicalJson(JSON.parse(written)), 'utf8');
}

function imageComponent({ name, version, description, license, digest, platform }: ImageContents): Component {
  const purl = imageUrl(name, digest, platform);
  return new Component(ComponentType.Container, name, {
    bomRef: purl,
    purl,
    hashes: sha256(hexOf(digest)),
    properties: propertiesOf({ platform }),
    ...(version === undefined ? {} : { version }),
    ...(description === undefined || description === '' ? {} : { description }),
    ...(license === undefined ? {} : { licenses: licensesOf(license) }),
  });
}

/** The project's own package. It has no package URL: an index may know another project by that name. */
function rootComponent({ root, license }: ImageContents): readonly Component[] {
  if (root === undefined) return [];
  return [
    new Component(ComponentType.Application, root.name, {
      bomRef: 'project',
      version: root.version,
      ...(license === undefined ? {} : { licenses: licensesOf(license) }),
    }),
  ];
}

function wheelComponent(wheel: WheelContent): Component {
  const { name, version, file, source } = wheel;
  const purl = wheelUrl(wheel);
  const url = source.kind === 'url' && source.url !== undefined ? bareUrl(source.url) : undefined;
  return new Component(ComponentType.Library, name, {
    bomRef: purl,
    purl,
    version,
    hashes: sha256(file.sha256),
    properties: propertiesOf({ file: file.name }),
    ...(url === undefined
      ? {}
      : {
          externalReferences: new ExternalReferenceRepository([
            new ExternalReference(url, ExternalReferenceType.Distribution),
          ]),
        }),
  });
}

/** What is below the wheels: the operating system, whose name scanners need, and its packages; or the image pulled. */
function systemComponents({ debian, base, python, platform }: ImageContents): readonly Component[] {
  if (debian !== undefined) {
    const { release, packages } = debian;
    return [
      new Component(ComponentType.OperatingSystem, 'debian', { bomRef: 'debian', version: release }),
      ...packages.map((found) => debianComponent(found, release)),
    ];
  }
  const purl = pythonUrl(python);
  return [
    ...(base === undefined ? [] : [baseComponent(base, platform)]),
    new Component(ComponentType.Application, 'python', { bomRef: purl, purl, version: python }),
  ];
}

function debianComponent(found: DebianContent, release: string): Component {
  const { name, version, architecture, sha256: hash, source } = found;
  const purl = debianUrl(found, release);
  return new Component(ComponentType.Library, name, {
    bomRef: purl,
    purl,
    version,
    hashes: sha256(hash),
    properties: propertiesOf({
      architecture,
      ...(source === undefined ? {} : { source: `${source.name} ${source.version}` }),
    }),
  });
}

function baseComponent(base: BaseContent, platform: string): Component {
  const purl = baseUrl(base, platform);
  return new Component(ComponentType.Container, base.reference, {
    bomRef: purl,
    purl,
    hashes: sha256(hexOf(base.digest)),
  });
}

function sha256(hex: string): HashDictionary {
  return new HashDictionary([[HashAlgorithm['SHA-256'], hex]]);
}

function licensesOf(expression: string): LicenseRepository {
  return new LicenseRepository([new LicenseExpression(expression)]);
}

function propertiesOf(values: Readonly<Record<string, string>>): PropertyRepository {
  return new PropertyRepository(
    Object.entries(values).map(([name, value]) => new Property(`bivy:${name}`, value)),
  );
}
