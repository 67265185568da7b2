// `bivy build --engine buildkit`: a Dockerfile built by what is there, the image taken back as a value, and written to the
// same destinations as the native way writes to.

import { mkdirSync, rmSync } from 'node:fs';
import type { Builder, BuilderName, BuilderRequest, Wish } from '../engines/builders/builder.ts';
import type { FoundBuilder } from '../engines/builders/find.ts';
import { redactor, secretFields } from '../engines/builders/redact.ts';
import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import { isSamePlatform, parsePlatform } from '../oci/platform.ts';
import type { Settings } from '../project/settings.ts';
import { type BuildDocument, buildDocument, imageSize } from '../report/build.ts';
import { openDestinations, publish, spellDestinations, spellTags } from './build.ts';
import { decodeInputs, once } from './decoded.ts';
import { type DockerfileChoice, type EngineDockerfile, prepareDockerfile } from './engine-dockerfile.ts';
import { inProject, readInputs } from './inputs.ts';

export interface EngineBuildRequest extends DockerfileChoice {
  readonly environment?: NodeJS.ProcessEnv;
  readonly tags?: readonly string[];
  readonly destinations?: readonly string[];
  readonly push?: boolean;
  readonly insecureRegistries?: readonly string[];
  /** Absent: the first that is there, unless `BIVY_BUILDKIT` names one. */
  readonly engine?: string;
  /** The builder's own instance: a name of buildx, an address of buildkitd. */
  readonly builder?: string;
  readonly arguments?: readonly string[];
  readonly secrets?: readonly string[];
  readonly ssh?: readonly string[];
  readonly cacheFrom?: readonly string[];
  readonly cacheTo?: readonly string[];
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly network?: string;
  readonly sbom?: boolean;
  readonly provenance?: boolean;
}

/**
 * Builds the Dockerfile and writes the image to every destination.
 * @throws BivyError `BUILD_FAILED`, `ENGINE_UNREACHABLE`, and any that a destination has; nothing is left behind then
 */
export function buildWithEngine(request: EngineBuildRequest, context: Context): Promise<BuildDocument> {
  return inProject(request.directory, () => build(request, context));
}

async function build(request: EngineBuildRequest, context: Context): Promise<BuildDocument> {
  const started = performance.now();
  const environment = request.environment ?? {};
  const inputs = readInputs(request);
  const decoded = await decodeInputs(inputs);
  const { settings } = decoded;
  const tags = spellTags(request, decoded);
  const spelled = spellDestinations(request, decoded);
  const registry = once(async () => {
    const { openRegistry } = await import('./registries.ts');
    const pushed = spelled.includes('registry') ? tags : [];
    return openRegistry({ ...request, environment }, settings, pushed, context);
  });
  const destinations = await openDestinations({ spelled, tags, registry }, [], { environment }, context);
  const engine = await findEngine(request, settings, context);
  if (inputs.pins !== undefined) {
    const message = 'bivy.lock pins the bases of the native way; an engine pulls what the Dockerfile names';
    context.emit({ type: 'note', message });
  }
  return inWorkFolder(context, async (work) => {
    const { platforms } = settings;
    const dockerfile = await prepareDockerfile(request, inputs, { work, platforms }, context);
    const order = { ...orderOf(request, settings, dockerfile, work), keepsImages: engine.found.keepsImages };
    return runEngine(engine.builder, order, dockerfile, { environment, context }, async (whole) => {
      refuseOtherPlatforms(whole, platforms, engine.builder.title);
      const seconds = (): number => (performance.now() - started) / 1000;
      announce(whole, seconds(), context);
      const publication = { destinations, spelled, tags, registry };
      const published = await publish({ whole, made: [] }, publication, context);
      const document = { image: whole, tags, destinations: published, seconds: seconds() };
      return buildDocument({ ...document, engine: engine.builder.title });
    });
  });
}

async function findEngine(
  request: EngineBuildRequest,
  settings: Settings,
  { emit, signal }: Context,
): Promise<FoundBuilder> {
  const { environment = {} } = request;
  const { findBuilder, parseBuilder } = await import('../engines/builders/find.ts');
  const named = namedBuilder(request, environment, parseBuilder);
  const surroundings = { environment, emit, signal, redact: (text: string) => text };
  const engine = await findBuilder(named, request.builder, wishesOf(request, settings), surroundings);
  emit({ type: 'engine', name: engine.builder.title, detail: engine.found.detail });
  return engine;
}

/** Runs `use` with a new folder on the disk of the cache, and removes it. */
async function inWorkFolder<T>({ cache }: Context, use: (work: string) => Promise<T>): Promise<T> {
  const work = cache.temporary();
  mkdirSync(work, { mode: 0o700 });
  try {
    return await use(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param use is given the image while the engine still has it */
async function runEngine<T>(
  builder: Builder,
  order: BuilderRequest,
  dockerfile: EngineDockerfile,
  { environment, context }: { readonly environment: NodeJS.ProcessEnv; readonly context: Context },
  use: (whole: BuiltImage | ImageIndex) => Promise<T>,
): Promise<T> {
  if (order.pull && order.keepsImages) refusePull(dockerfile);
  const { emit, signal } = context;
  const redact = redactor(order.secrets, environment);
  const result = await builder.build(order, { environment, emit, signal, redact });
  if ('failure' in result) {
    const { buildFailure } = await import('./engine-failure.ts');
    throw buildFailure(builder, result.failure, dockerfile);
  }
  try {
    const { readForeignImage } = await import('../oci/foreign-image.ts');
    const name = `what \`${builder.title}\` built`;
    return await use(await readForeignImage({ ...result.image, name }, context));
  } finally {
    await result.release();
  }
}

function namedBuilder(
  { engine }: EngineBuildRequest,
  environment: NodeJS.ProcessEnv,
  parse: (text: string, from: string) => BuilderName,
): BuilderName | undefined {
  if (engine !== undefined) return parse(engine, '`--engine`');
  const text = environment['BIVY_BUILDKIT'] ?? '';
  return text === '' ? undefined : parse(text, '`BIVY_BUILDKIT`');
}

function wishesOf(request: EngineBuildRequest, { platforms, compression }: Settings): readonly Wish[] {
  const wished: Readonly<Record<Wish, boolean>> = {
    builder: request.builder !== undefined,
    platforms: platforms.length > 1,
    secret: isAny(request.secrets),
    ssh: isAny(request.ssh),
    'cache-from': isAny(request.cacheFrom),
    'cache-to': isAny(request.cacheTo),
    sbom: request.sbom === true,
    provenance: request.provenance === true,
    compression: compression !== 'gzip',
    pull: request.pull === true,
  };
  return (Object.keys(wished) as Wish[]).filter((wish) => wished[wish]);
}

function isAny(list: readonly string[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}

function orderOf(
  request: EngineBuildRequest,
  { platforms, compression }: Settings,
  { path, ignoreFile, context, bases, ...taken }: EngineDockerfile,
  work: string,
): Omit<BuilderRequest, 'keepsImages'> {
  const { target, network, builder, secrets: asked = [] } = request;
  return {
    context,
    work,
    dockerfile: path,
    bases,
    platforms,
    arguments: request.arguments ?? [],
    secrets: [...asked, ...taken.secrets.filter((secret) => !asked.some((one) => isSame(one, secret)))],
    ssh: isAny(request.ssh) ? (request.ssh ?? []) : taken.ssh,
    cacheFrom: request.cacheFrom ?? [],
    cacheTo: request.cacheTo ?? [],
    noCache: request.noCache === true,
    pull: request.pull === true,
    sbom: request.sbom === true,
    provenance: request.provenance === true,
    ...(ignoreFile === undefined ? {} : { ignoreFile }),
    ...(target === undefined ? {} : { target }),
    ...(network === undefined ? {} : { network }),
    ...(builder === undefined ? {} : { builder }),
    ...(compression === 'gzip' ? {} : { compression }),
  };
}

/** An engine that pulls looks for every name in a registry, those of bases from this disk too. */
function refusePull({ bases }: EngineDockerfile): void {
  if (bases.length === 0) return;
  throw new BivyError('USAGE', '`--pull` cannot be used with a base from this disk here', {
    causes: ['the engine would look for it in a registry, by the name that it was loaded under'],
    hint: 'leave `--pull` out, or build with buildctl or a builder of buildx’s own',
  });
}

/** A base that has one platform alone is built on for all of them by some engines, and one of several forgotten by others. */
function refuseOtherPlatforms(whole: BuiltImage | ImageIndex, asked: readonly string[], title: string): void {
  const built = ('images' in whole ? whole.images : [whole]).map(({ platform }) => platform);
  const isBuilt = (platform: string): boolean =>
    built.some((one) => isSamePlatform(parsePlatform(one), parsePlatform(platform)));
  if (asked.every(isBuilt)) return;
  throw new BivyError('ENGINE_FAILED', `\`${title}\` did not build what was asked for`, {
    causes: [`asked: ${asked.join(', ')}`, `built: ${built.join(', ')}`],
    hint: 'see that the bases have these platforms, or take another builder: `--engine buildkit:NAME`',
  });
}

/** Two spellings of one secret. */
function isSame(one: string, other: string): boolean {
  return secretFields(one).get('id') === secretFields(other).get('id');
}

function announce(whole: BuiltImage | ImageIndex, seconds: number, { emit }: Context): void {
  for (const image of 'images' in whole ? whole.images : [whole]) {
    const { platform, unpacked } = image;
    emit({ type: 'image', platform, unpacked, size: imageSize(image), seconds });
  }
}
