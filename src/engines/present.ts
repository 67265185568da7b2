// How much of an image an engine has: the classic store knows layers by the chain of all that is under them, so only a
// common beginning can be left out.

import type { BuiltImage } from '../oci/image.ts';
import { expectOk, parse } from './answer.ts';
import { askEngine } from './client.ts';
import type { Endpoint } from './endpoint.ts';

/** Asked about at once. */
const PARALLEL = 4;
/** Newest images looked at; the rest is not worth the time. */
const MAX_IMAGES = 400;

/** How many of the image's lowest layers need not be sent: 0 for a store of containerd's, which wants them all. */
export async function presentLayers(
  endpoint: Endpoint,
  image: BuiltImage,
  signal: AbortSignal,
): Promise<number> {
  const info = await askEngine(endpoint, { method: 'GET', path: '/info', signal });
  expectOk(info, 'what store it has');
  const { DriverStatus: status } = parse(info, 'what store it has') as { DriverStatus?: unknown };
  if (JSON.stringify(status ?? null).includes('io.containerd.snapshotter')) return 0;

  const list = await askEngine(endpoint, { method: 'GET', path: '/images/json', signal });
  expectOk(list, 'what images it has');
  const images = parse(list, 'what images it has') as readonly { Id?: unknown; Created?: unknown }[];
  const ids = (Array.isArray(images) ? images : [])
    .flatMap(({ Id: id }) => (typeof id === 'string' && /^sha256:[0-9a-f]{64}$/.test(id) ? [id] : []))
    .slice(0, MAX_IMAGES);
  const wanted = image.layers.map((layer) => layer.diffId as string);
  let longest = 0;
  const next = ids.values();
  const work = async (): Promise<void> => {
    for (const id of next) {
      if (longest === wanted.length) return;
      const response = await askEngine(endpoint, { method: 'GET', path: `/images/${id}/json`, signal });
      // Removed since it was listed.
      if (response.status === 404) continue;
      expectOk(response, `about \`${id}\``);
      const { RootFS: root } = parse(response, `about \`${id}\``) as { RootFS?: { Layers?: unknown } };
      const layers = Array.isArray(root?.Layers) ? (root.Layers as unknown[]) : [];
      let common = 0;
      while (common < wanted.length && layers[common] === wanted[common]) common++;
      longest = Math.max(longest, common);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return longest;
}
