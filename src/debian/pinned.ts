// Which packages a base would be composed of now, to be taken again later: then neither a release file nor a package list
// is asked for. A mirror need only still have the files, wherever in it they lie by then.

import type { Context } from '../kernel/context.ts';
import { choosePackages } from './choose.ts';
import { compositionKey, type PinnedComposition } from './composition.ts';
import type { DebianRequest } from './request.ts';

/**
 * What the request would get now, without fetching a package.
 * @throws BivyError as `composeDebianBase` does of releases and lists
 */
export async function pinDebianBase(request: DebianRequest, context: Context): Promise<PinnedComposition> {
  const { packages } = await choosePackages(request, context);
  return {
    composition: compositionKey(request, packages),
    packages: packages.map(({ name, version, architecture, sha256, size, archive, filename }) => ({
      name,
      version,
      architecture,
      sha256,
      size,
      archive,
      filename,
    })),
  };
}
