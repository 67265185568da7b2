// The image, from the two files of the project to the destinations. Each stage is remembered under the digest of what it
// depends on, so that a build costs what changed: nothing, the code, a wheel, the base.

import type { Context } from '../kernel/context.ts';
import { BivyError, toBivyError } from '../kernel/errors.ts';
import type { LayerRecord } from '../layers/record.ts';
import type { Destination } from '../oci/destination.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import { parseReference } from '../oci/reference.ts';
import type { Project } from '../project/project.ts';
import type { Registry } from '../registry/registry.ts';
import { type BuildDestination, type BuildDocument, buildDocument, imageSize } from '../report/build.ts';
import { type Decoded, decodeInputs, once, openPins, warnOfIgnored } from './decoded.ts';
import { openDestination } from './destinations.ts';
import type { MadeImage } from './image.ts';
import { type MadeImages, makeImages } from './images.ts';
import { type InputRequest, inProject, readInputs } from './inputs.ts';
import type { Reuse } from './reuse.ts';
import { choosePlatforms } from './target.ts';
import { type Workbench, withWorkbench } from './workbench.ts';

export interface BuildRequest extends InputRequest {
  /** Names for the image, `team/app:1.2`; empty: the project's own. */
  readonly tags?: readonly string[];
  /** `oci:DIR`, `docker`, …; empty: `oci:dist/NAME`. */
  readonly destinations?: readonly string[];
  /** Ask the Debian mirror for newer packages now. */
  readonly refresh?: boolean;
  readonly workers?: number;
  /** Push to the repositories of the tags, besides what `destinations` name. */
  readonly push?: boolean;
  /** Images whose layers may be reused, with whoever may push there trusted; the tags pushed to are read anyway. */
  readonly cacheFrom?: readonly string[];
  /** False: every layer is made here. */
  readonly reuse?: boolean;
  /** Attach bills of materials, and what was built from what; the documents as files too. */
  readonly sbom?: boolean;
  readonly provenance?: boolean;
  readonly attestations?: string;
  /** Domains that may be asked over plain HTTP. */
  readonly insecureRegistries?: readonly string[];
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
  const spelled = spellDestinations(request, decoded);
  const tags = spellTags(request, decoded);
  const isPushed = spelled.includes('registry');
  const pins = await openPins(inputs, decoded.settings);
  const piece = { inputs, decode, images: isPushed ? tags : [], files: spelled, pins };
  return withWorkbench(request, piece, context, async (bench) => {
    const cacheFrom = request.cacheFrom ?? [];
    const { registry } = bench;
    const destinations = await openDestinations({ spelled, tags, registry }, cacheFrom, request, context);
    const own = isPushed ? tags : [];
    const isAlone = request.reuse === false || own.length + cacheFrom.length === 0 || context.offline;
    // While earlier images are read, the base is asked for: neither waits for the other.
    const ahead = isAlone
      ? undefined
      : await (await import('./base-ahead.ts')).askAhead(request, bench, context);
    const made = ({ digest, size }: LayerRecord): void => {
      const blob = { path: context.cache.blobPath(digest), offset: 0 };
      for (const destination of destinations) destination.begin?.({ digest, size, blob }, tags, context);
    };
    try {
      const reuse = isAlone ? undefined : await openReuse(own, cacheFrom, bench, context);
      const tools: Workbench = {
        ...bench,
        made,
        ...(reuse === undefined ? {} : { reuse }),
        ...(ahead === undefined ? {} : { ahead }),
      };
      return await makeAndPublish(
        request,
        { destinations, spelled, tags, registry },
        tools,
        started,
        context,
      );
    } finally {
      await ahead?.stop();
      for (const destination of destinations) await destination.close?.();
    }
  });
}

async function makeAndPublish(
  request: BuildRequest,
  publication: Publication,
  bench: Workbench,
  started: number,
  context: Context,
): Promise<BuildDocument> {
  for (let attempt = 1; ; attempt += 1) {
    const images = await makeImages(request, bench, context);
    const seconds = (): number => (performance.now() - started) / 1000;
    for (const { image } of images.made) {
      context.emit({
        type: 'image',
        platform: image.platform,
        unpacked: image.unpacked,
        size: imageSize(image),
        seconds: seconds(),
      });
    }
    try {
      const published = await publish(images, publication, context);
      const { tags } = publication;
      return buildDocument({ image: images.whole, tags, destinations: published, seconds: seconds() });
    } catch (error) {
      if (attempt > 1 || !(await discardDamaged(error, images.made, context))) throw error;
    }
  }
}

export interface Publication {
  readonly destinations: readonly Destination[];
  readonly spelled: readonly string[];
  readonly tags: readonly string[];
  readonly registry: () => Promise<Registry>;
}

/** Opens the destinations, and checks that each may be written before anything is made. */
export async function openDestinations(
  { spelled, tags, registry }: Omit<Publication, 'destinations'>,
  sources: readonly string[],
  { environment = {} }: Pick<BuildRequest, 'environment'>,
  context: Context,
): Promise<readonly Destination[]> {
  const destinations: Destination[] = [];
  for (const text of spelled) destinations.push(await openDestination(text, environment, registry, sources));
  for (const [position, destination] of destinations.entries()) {
    await naming(spelled[position] ?? '', destination.check(context, tags));
  }
  return destinations;
}

/** Writes the images to every destination, in their order. @throws BivyError; what was written before stays */
export async function publish(
  images: MadeImages,
  { destinations, spelled, tags, registry }: Publication,
  context: Context,
): Promise<readonly BuildDestination[]> {
  const published: BuildDestination[] = [];
  let here: BuiltImage | ImageIndex | undefined;
  for (const [position, destination] of destinations.entries()) {
    const name = spelled[position] ?? '';
    // A registry is sent what it lacks; elsewhere every byte is needed.
    if (name !== 'registry') here ??= await localImages(images, context);
    const image = here !== undefined && name !== 'registry' ? here : images.whole;
    const { kind, path, changed, moved } = await naming(name, destination.write(image, tags, context));
    // Where the image is found: an engine and a registry know it by its names alone.
    const where = path === undefined ? `${kind} · ${tags.join(' · ')}` : `${kind}:${path}`;
    context.emit({ type: 'published', where, changed });
    published.push({
      kind,
      ...(path === undefined ? {} : { path }),
      ...(moved === undefined ? {} : { moved }),
    });
  }
  if (spelled.includes('registry')) {
    const { noteReleases } = await import('./publishing.ts');
    await noteReleases(images.made, tags, registry, context);
  }
  return published;
}

/** The images with every blob on this disk. */
async function localImages({ whole, made }: MadeImages, context: Context): Promise<MadeImages['whole']> {
  if (made.every(({ image }) => image.layers.every(({ blob }) => 'path' in blob))) return whole;
  const { fetchBlobs } = await import('./publishing.ts');
  return fetchBlobs(whole, context);
}

async function openReuse(
  own: readonly string[],
  asked: readonly string[],
  { decode, registry, pins }: Workbench,
  context: Context,
): Promise<Reuse> {
  const { openPrevious } = await import('./previous-images.ts');
  const platforms = choosePlatforms((await decode()).settings);
  return openPrevious({ own, asked, platforms, pins, registry: await registry() }, context);
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
async function discardDamaged(
  error: unknown,
  made: readonly MadeImage[],
  { cache, emit }: Context,
): Promise<boolean> {
  if (!(error instanceof BivyError) || error.code !== 'HASH_MISMATCH') return false;
  let discarded = false;
  for (const { digest, blob } of made.flatMap(({ image }) => image.layers)) {
    if ('path' in blob && blob.path !== cache.blobPath(digest)) continue;
    if (cache.findBlob(digest) === undefined) continue;
    if ((await cache.verifyBlob(digest)) === undefined) discarded = true;
  }
  if (discarded) emit({ type: 'warning', message: 'a layer in the cache was damaged; it is made anew' });
  return discarded;
}

/** What `-o` and `--push` ask for; a layout named after the project where they ask for nothing. */
export function spellDestinations(
  request: Pick<BuildRequest, 'destinations' | 'push'>,
  { project }: Decoded,
): readonly string[] {
  const named = request.destinations ?? [];
  const pushed = request.push === true && !named.includes('registry') ? ['registry'] : [];
  const spelled = [...named, ...pushed];
  return spelled.length > 0 ? spelled : [`oci:dist/${nameOf(project).split(':')[0]}`];
}

/** The names of the image; the project's own where none is given. @throws BivyError `USAGE` */
export function spellTags(
  { tags = [] }: Pick<BuildRequest, 'tags'>,
  { project }: Decoded,
): readonly string[] {
  const spelled = tags.length > 0 ? tags : [nameOf(project)];
  for (const tag of spelled) parseReference(tag);
  return spelled;
}

/** The project's own name for an image of it: `annapurna:1.0.0`. */
function nameOf(project: Pick<Project, 'name' | 'version'>): string {
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
  return `${name}:${version}`;
}
