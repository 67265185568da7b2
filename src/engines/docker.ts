// `docker`: an image into Docker's engine, over its own API. The engine is asked first what it has: an image that is
// there is not sent, and a classic store is sent only the layers above the longest chain that it holds already
// (moby, image/tarexport/load.go: a layer whose chain is known is never opened).

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Destination, Published } from '../oci/destination.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import { isSamePlatform, parsePlatform, spellPlatform } from '../oci/platform.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { expectOk, failed, faultOf, parse } from './answer.ts';
import { askEngine } from './client.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import { loadArchive } from './load-archive.ts';
import { presentLayers } from './present.ts';

/** @param environment `DOCKER_HOST`, `DOCKER_CONTEXT`, `DOCKER_CONFIG`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH` */
export function dockerDestination(environment: NodeJS.ProcessEnv): Destination {
  return {
    async check({ signal }): Promise<void> {
      const endpoint = findEndpoint(environment);
      expectOk(
        await askEngine(endpoint, { method: 'GET', path: '/_ping', signal }),
        'to say that it is there',
      );
    },
    write: (image, tags, context) => load(findEndpoint(environment), image, tags, context),
  };
}

async function load(
  endpoint: Endpoint,
  image: BuiltImage | ImageIndex,
  tags: readonly string[],
  context: Context,
): Promise<Published> {
  const { signal, emit } = context;
  const references = tags.map(parseReference);
  const one = 'images' in image ? await imageForEngine(endpoint, image, context) : image;
  const missing: Reference[] = [];
  for (const reference of references) {
    if (!(await holds(endpoint, reference.full, one, signal))) missing.push(reference);
  }
  if (missing.length === 0 && references.length > 0) return { kind: 'docker', changed: false };
  const id = await idOf(endpoint, one, signal);
  if (id !== undefined) {
    for (const reference of missing) await tag(endpoint, id, reference, signal);
    return { kind: 'docker', changed: missing.length > 0 };
  }

  const present = await presentLayers(endpoint, one, signal);
  const first = await send(endpoint, one, references, present, context);
  if (first !== undefined) {
    if (present === 0) throw first;
    // What was there may have gone meanwhile, or the store is of a kind that keeps no chains.
    emit({ type: 'note', message: 'the engine wants every layer: sending the whole image' });
    const second = await send(endpoint, one, references, 0, context);
    if (second !== undefined) throw second;
  }
  for (const reference of references) {
    if (await holds(endpoint, reference.full, one, signal)) continue;
    throw new BivyError(
      'ENGINE_FAILED',
      `Docker's engine took the image and does not have \`${reference.familiar}\``,
      {
        hint: `see \`docker image inspect ${reference.familiar}\`, and what the engine logged`,
      },
    );
  }
  return { kind: 'docker', changed: true };
}

/** @returns what the engine said against it, if anything */
async function send(
  endpoint: Endpoint,
  image: BuiltImage,
  references: readonly Reference[],
  present: number,
  context: Context,
): Promise<BivyError | undefined> {
  const response = await askEngine(endpoint, {
    method: 'POST',
    path: '/images/load?quiet=1',
    body: await loadArchive(image, references, present, context),
    signal: context.signal,
  });
  const fault = faultOf(response);
  return fault === undefined ? undefined : failed('to load the image', fault);
}

/** Whether that name leads to the image: the classic store knows it by its configuration, containerd's by its manifest. */
async function holds(
  endpoint: Endpoint,
  name: string,
  image: BuiltImage,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await askEngine(endpoint, { method: 'GET', path: `/images/${name}/json`, signal });
  if (response.status === 404) return false;
  expectOk(response, `about \`${name}\``);
  const { Id: id } = parse(response, `about \`${name}\``) as { Id?: unknown };
  return id === image.configDigest || id === image.manifestDigest;
}

/** The identity under which the engine has the image, if it has it under any name. */
async function idOf(endpoint: Endpoint, image: BuiltImage, signal: AbortSignal): Promise<string | undefined> {
  for (const id of [image.configDigest, image.manifestDigest]) {
    if (await holds(endpoint, id, image, signal)) return id;
  }
  return undefined;
}

async function tag(
  endpoint: Endpoint,
  id: string,
  { full, tag: name, familiar }: Reference,
  signal: AbortSignal,
): Promise<void> {
  const repository = encodeURIComponent(full.slice(0, -name.length - 1));
  const path = `/images/${id}/tag?repo=${repository}&tag=${encodeURIComponent(name)}`;
  expectOk(await askEngine(endpoint, { method: 'POST', path, signal }), `to name the image \`${familiar}\``);
}

/** Of several platforms, the one that the engine runs. */
async function imageForEngine(
  endpoint: Endpoint,
  { images }: ImageIndex,
  { signal, emit }: Context,
): Promise<BuiltImage> {
  const response = await askEngine(endpoint, { method: 'GET', path: '/version', signal });
  expectOk(response, 'about itself');
  const { Os: os, Arch: architecture } = parse(response, 'about itself') as { Os?: unknown; Arch?: unknown };
  const own = { os: String(os), architecture: String(architecture) };
  const image = images.find(({ platform }) => isSamePlatform(parsePlatform(platform), own));
  if (image === undefined) {
    throw new BivyError('DESTINATION_INVALID', `Docker's engine runs \`${spellPlatform(own)}\``, {
      causes: [`the image is for ${images.map(({ platform }) => platform).join(', ')}`],
      hint: `add \`--platform ${spellPlatform(own)}\`, or write the image to \`oci:DIR\``,
    });
  }
  if (images.length > 1) emit({ type: 'note', message: `docker is sent the image for ${image.platform}` });
  return image;
}
