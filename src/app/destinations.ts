// The destinations of a build by their spelling: those of this disk, engines, and registries.

import { BivyError } from '../kernel/errors.ts';
import type { Destination } from '../oci/destination.ts';
import { parseImage } from '../oci/reference.ts';
import type { Registry } from '../registry/registry.ts';

/**
 * @param sources references of images whose repositories may lend their layers
 * @throws BivyError `DESTINATION_INVALID` with the nearest known kind
 */
export async function openDestination(
  text: string,
  environment: NodeJS.ProcessEnv,
  registry: () => Promise<Registry>,
  sources: readonly string[],
): Promise<Destination> {
  if (text === 'docker') {
    const { dockerDestination } = await import('../engines/docker.ts');
    return dockerDestination(environment);
  }
  if (text === 'registry') {
    const { registryDestination } = await import('../registry/destination.ts');
    const lenders = sources.map((reference) => {
      const { domain, path } = parseImage(reference);
      return { domain, path };
    });
    return registryDestination(await registry(), { sources: lenders });
  }
  if (text.startsWith('registry:')) {
    throw new BivyError('DESTINATION_INVALID', `\`registry\` takes nothing after it: \`${text}\``, {
      hint: `name the image with its registry: \`-t ${text.slice('registry:'.length)} -o registry\``,
    });
  }
  const { parseDestination } = await import('../oci/destinations/parse.ts');
  return parseDestination(text);
}
