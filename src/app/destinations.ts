// The destinations of a build by their spelling: those of this disk, and engines.

import type { Destination } from '../oci/destination.ts';

/** @throws BivyError `DESTINATION_INVALID` with the nearest known kind */
export async function openDestination(text: string, environment: NodeJS.ProcessEnv): Promise<Destination> {
  if (text === 'docker') {
    const { dockerDestination } = await import('../engines/docker.ts');
    return dockerDestination(environment);
  }
  const { parseDestination } = await import('../oci/destinations/parse.ts');
  return parseDestination(text);
}
