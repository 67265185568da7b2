// Where PyPI's simple API is: asked from the library that knows the homes of package types, never written down here.

import { BivyError } from '../kernel/errors.ts';

const PROBE = 'name';

/** Root of the default index's simple API, with a final `/`. */
export async function defaultIndexUrl(): Promise<string> {
  const { PackageURL, UrlConverter } = await import('@socketregistry/packageurl-js');
  const page = UrlConverter.toDownloadUrl(
    new PackageURL('pypi', undefined, PROBE, '1', undefined, undefined),
  )?.url;
  const end = `/simple/${PROBE}/`;
  if (page?.endsWith(end) !== true)
    throw new BivyError('INTERNAL', 'cannot tell where the default package index is');
  return page.slice(0, -PROBE.length - 1);
}
