// The registries of a build: opened when one is first asked, with what is configured about them.

import type { Context } from '../kernel/context.ts';
import { parseReference } from '../oci/reference.ts';
import type { Settings } from '../project/settings.ts';
import type { Registry } from '../registry/registry.ts';

export interface RegistryRequest {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Domains that may be asked over plain HTTP: `--insecure-registry`. */
  readonly insecureRegistries?: readonly string[];
}

/** @param tags that are pushed: the first one's registry is the one that `BIVY_REGISTRY_USERNAME` is for */
export async function openRegistry(
  request: RegistryRequest,
  settings: Pick<Settings, 'insecureRegistries' | 'registryMirrors'>,
  tags: readonly string[],
  context: Context,
): Promise<Registry> {
  const [{ createRegistry }, { findCredentials }] = await Promise.all([
    import('../registry/client.ts'),
    import('../registry/credentials.ts'),
  ]);
  const [first] = tags;
  const options = {
    environment: request.environment ?? {},
    insecure: [...settings.insecureRegistries, ...(request.insecureRegistries ?? [])],
    mirrors: Object.fromEntries(settings.registryMirrors),
    ...(first === undefined ? {} : { own: parseReference(first).domain }),
  };
  return createRegistry(options, context, findCredentials(options));
}
