// The image, from the two files of the project to the destinations. Each stage is remembered under the digest of what it
// depends on, so that a build costs what changed: nothing, the code, a wheel, the base.

import type { Context } from '../kernel/context.ts';
import { BivyError, toBivyError } from '../kernel/errors.ts';
import type { LayerPool } from '../layers/worker-pool.ts';
import type { Destination } from '../oci/destination.ts';
import type { BuiltImage } from '../oci/image.ts';
import { parseReference } from '../oci/reference.ts';
import { type BuildDestination, type BuildDocument, buildDocument, imageSize } from '../report/build.ts';
import { type Decoded, decodeInputs, once, warnOfIgnored } from './decoded.ts';
import { makeImage } from './image.ts';
import { type InputRequest, inProject, readInputs } from './inputs.ts';

export interface BuildRequest extends InputRequest {
  /** Names for the image, `team/app:1.2`; empty: the project's own. */
  readonly tags?: readonly string[];
  /** `oci:DIR`, `docker`, …; empty: `oci:dist/NAME`. */
  readonly destinations?: readonly string[];
  /** Ask the Debian mirror for newer packages now. */
  readonly refresh?: boolean;
  readonly workers?: number;
}

/**
 * Builds the image and writes it to every destination.
 * @throws BivyError with any code; nothing is half-written then
 */
export function buildImage(request: BuildRequest, context: Context): Promise<BuildDocument> {
  return inProject(request.directory, () => build(request, context));
}

async function build(request: BuildRequest, context: Context): Promise<BuildDocument> {
  const started = performance.now();
  const inputs = readInputs(request);
  const decode = once(() => decodeInputs(inputs));
  const decoded = await decode();
  await warnOfIgnored(decoded, inputs, context.emit);
  const { destinations, spelled, named } = await openDestinations(request, decoded);
  const tags = request.tags !== undefined && request.tags.length > 0 ? request.tags : [named];
  for (const tag of tags) parseReference(tag);
  for (const [position, destination] of destinations.entries()) {
    await naming(spelled[position] ?? '', destination.check(context));
  }
  const pools: LayerPool[] = [];
  const pool = once(async () => {
    const { openLayerPool, workerCount } = await import('./layer-pool.ts');
    const opened = openLayerPool({
      workers: request.workers ?? workerCount(request.environment ?? {}),
      signal: context.signal,
    });
    pools.push(opened);
    return opened;
  });
  try {
    for (let attempt = 1; ; attempt += 1) {
      const image = await makeImage(request, inputs, spelled, decode, pool, context);
      const seconds = (): number => (performance.now() - started) / 1000;
      context.emit({
        type: 'image',
        platform: image.platform,
        unpacked: image.unpacked,
        size: imageSize(image),
        seconds: seconds(),
      });
      try {
        const published: BuildDestination[] = [];
        for (const [position, destination] of destinations.entries()) {
          const { kind, path, changed } = await naming(
            spelled[position] ?? '',
            destination.write(image, tags, context),
          );
          // Where the image is found: an engine knows it by its names alone.
          const where = path === undefined ? `${kind} · ${tags.join(' · ')}` : `${kind}:${path}`;
          context.emit({ type: 'published', where, changed });
          published.push({ kind, ...(path === undefined ? {} : { path }) });
        }
        return buildDocument({ image, tags, destinations: published, seconds: seconds() });
      } catch (error) {
        if (attempt > 1 || !(await discardDamaged(error, image, context))) throw error;
      }
    }
  } finally {
    for (const opened of pools) await opened.close();
  }
}

/** Fails with what the system says where a destination cannot be written, and with what was being done. */
function naming<T>(destination: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw unwritten(error, destination);
  });
}

function unwritten(error: unknown, destination: string): BivyError {
  if (error instanceof BivyError || (error as NodeJS.ErrnoException).syscall === undefined) {
    return toBivyError(error);
  }
  const { code, location, hint } = toBivyError(error);
  const full = code === 'DISK_FULL' ? 'free some space, or choose' : 'choose';
  return new BivyError(
    code === 'INTERNAL' ? 'DESTINATION_INVALID' : code,
    `cannot write \`${destination}\``,
    {
      ...(location === undefined ? {} : { location }),
      hint: code === 'PERMISSION' && hint !== undefined ? hint : `${full} another destination`,
      cause: error,
    },
  );
}

/** A layer in the cache whose bytes are no longer what they were: forgotten, so that it is made anew. */
async function discardDamaged(error: unknown, image: BuiltImage, { cache, emit }: Context): Promise<boolean> {
  if (!(error instanceof BivyError) || error.code !== 'HASH_MISMATCH') return false;
  let discarded = false;
  for (const { digest, blob } of image.layers) {
    if (!('path' in blob) || blob.path !== cache.blobPath(digest)) continue;
    if ((await cache.verifyBlob(digest)) === undefined) discarded = true;
  }
  if (discarded) emit({ type: 'warning', message: 'a layer in the cache was damaged; it is made anew' });
  return discarded;
}

async function openDestinations(
  request: BuildRequest,
  { project }: Decoded,
): Promise<{
  readonly destinations: readonly Destination[];
  readonly spelled: readonly string[];
  readonly named: string;
}> {
  const { openDestination } = await import('./destinations.ts');
  const name =
    (project.name ?? 'app')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'app';
  const version =
    (project.version ?? 'latest')
      .replace(/[^A-Za-z0-9_.-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 128) || 'latest';
  const spelled =
    request.destinations !== undefined && request.destinations.length > 0
      ? request.destinations
      : [`oci:dist/${name}`];
  const destinations: Destination[] = [];
  for (const text of spelled) destinations.push(await openDestination(text, request.environment ?? {}));
  return { destinations, spelled, named: `${name}:${version}` };
}
