// Package URLs: the names under which scanners know a wheel, a Debian package, an image (package-url/purl-spec, the
// types pypi, deb, oci and generic). The library spells and escapes them.

import { PackageURL } from '@socketregistry/packageurl-js';
import type { Digest } from '../kernel/digest.ts';
import { parsePlatform } from '../oci/platform.ts';
import type { BaseContent, DebianContent, WheelContent } from './contents.ts';
import { bareUrl } from './public-url.ts';

/** Where a wheel of that source is to be had. */
const PLACES: Readonly<Record<string, string>> = { legacy: 'repository_url', url: 'download_url' };

/** `pkg:pypi/fastapi@0.95.1`; what comes from elsewhere than the default index says from where. */
export function wheelUrl({ name, version, source }: WheelContent): string {
  const place = source.url === undefined ? undefined : bareUrl(source.url);
  const qualifier = PLACES[source.kind];
  const qualifiers = place === undefined || qualifier === undefined ? {} : { [qualifier]: place };
  return spell('pypi', undefined, name, version, qualifiers);
}

/** `pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12`, with `upstream` where the source is another. */
export function debianUrl(
  { name, version, architecture, source }: Omit<DebianContent, 'sha256'>,
  release: string,
): string {
  return spell('deb', 'debian', name, version, {
    arch: architecture,
    distro: `debian-${release}`,
    ...(source === undefined ? {} : { upstream: `${source.name}@${source.version}` }),
  });
}

/** `pkg:oci/annapurna@sha256%3A…?arch=amd64`: the image by its manifest, wherever it is pushed to. */
export function imageUrl(name: string, digest: Digest, platform: string): string {
  return spell('oci', undefined, name.toLowerCase(), digest, { arch: parsePlatform(platform).architecture });
}

/** `pkg:oci/python@sha256%3A…?repository_url=docker.io/library/python&tag=3.11-slim` */
export function baseUrl({ reference, digest }: BaseContent, platform: string): string {
  const [name = reference] = reference.split('@', 1);
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const repository = tagged ? name.slice(0, colon) : name;
  return spell('oci', undefined, repository.slice(repository.lastIndexOf('/') + 1), digest, {
    arch: parsePlatform(platform).architecture,
    repository_url: repository,
    ...(tagged ? { tag: name.slice(colon + 1) } : {}),
  });
}

/** `pkg:generic/python@3.11.2` */
export function pythonUrl(version: string): string {
  return spell('generic', undefined, 'python', version, {});
}

function spell(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string,
  qualifiers: Readonly<Record<string, string>>,
): string {
  return new PackageURL(type, namespace, name, version, { ...qualifiers }, undefined).toString();
}
