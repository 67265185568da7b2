// Whole builds in this process: a folder with a project, a tiny base, a cache and destinations; a package index on
// loopback; and what was said and asked while an image was made.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach } from 'vitest';
import { type BuildRequest, buildImage } from '../../src/app/build.ts';
import { type ContextOptions, withContext } from '../../src/app/context.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Event } from '../../src/kernel/events.ts';
import type { BuildDocument } from '../../src/report/build.ts';
import { type PackageIndex, type PackageIndexOptions, startPackageIndex } from './package-index.ts';
import { type Locked, locked, type PoetryProject, writeProject } from './poetry-project.ts';
import { type TinyBase, writeTinyBase } from './tiny-base.ts';
import type { BuiltWheel } from './wheel.ts';

export interface Built {
  readonly made: BuildDocument;
  readonly events: readonly Event[];
  /** Names of the layers that this build had to make. */
  readonly fresh: readonly string[];
  /** Paths that the index was asked for. */
  readonly asked: readonly string[];
}

export interface Workshop {
  readonly folder: string;
  readonly project: string;
  readonly cache: string;
  readonly index: PackageIndex;
  /** The reference of its base. */
  readonly base: string;
  path(...names: string[]): string;
  /** Writes the project anew with these wheels, and serves them. */
  lay(
    wheels: readonly (BuiltWheel | { readonly wheel: BuiltWheel; readonly locked: Partial<Locked> })[],
    project?: PoetryProject,
  ): void;
  /** Builds into `oci:out` unless told otherwise. */
  build(request?: Partial<BuildRequest>, options?: BuildConditions): Promise<Built>;
  /** The error of a build that must fail. */
  fails(request?: Partial<BuildRequest>, options?: BuildConditions): Promise<BivyError>;
}

export interface BuildConditions {
  readonly offline?: boolean;
  readonly cache?: string;
  /** How long to wait for the index: short, where it misbehaves. */
  readonly patience?: ContextOptions['patience'];
  readonly environment?: Readonly<Record<string, string>>;
}

const open: { folder: string; index: PackageIndex }[] = [];

afterEach(async () => {
  for (const { folder, index } of open.splice(0)) {
    await index.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

export async function openWorkshop(
  base: TinyBase = {},
  indexOptions: PackageIndexOptions = {},
): Promise<Workshop> {
  const folder = mkdtempSync(join(tmpdir(), 'bivy-workshop-'));
  const index = await startPackageIndex(indexOptions);
  open.push({ folder, index });
  const path = (...names: string[]): string => join(folder, ...names);
  const reference = writeTinyBase(path('base'), base);

  async function build(
    request: Partial<BuildRequest> = {},
    conditions: BuildConditions = {},
  ): Promise<Built> {
    const events: Event[] = [];
    const before = index.log.length;
    const environment = { BIVY_INDEX_URL: index.url, BIVY_BASE: reference, ...conditions.environment };
    const made = await withContext(
      {
        environment,
        emit: (event) => events.push(event),
        signal: new AbortController().signal,
        offline: conditions.offline ?? false,
        cache: new DirectoryCache(conditions.cache ?? path('cache')),
        ...(conditions.patience === undefined ? {} : { patience: conditions.patience }),
      },
      (context) =>
        buildImage(
          {
            directory: path('project'),
            destinations: [`oci:${path('out')}`],
            environment,
            ...request,
            flags: { platforms: ['linux/amd64'], ...request.flags },
          },
          context,
        ),
    );
    const fresh = events.flatMap((event) => (event.type === 'layer' && !event.cached ? [event.name] : []));
    return { made, events, fresh, asked: index.log.slice(before).map((entry) => entry.path) };
  }

  return {
    folder,
    project: path('project'),
    cache: path('cache'),
    index,
    base: reference,
    path,
    lay(wheels, project = {}) {
      const packages = wheels.map((item) =>
        'wheel' in item ? locked(item.wheel, item.locked) : locked(item),
      );
      for (const item of wheels) {
        const { fileName, bytes } = 'wheel' in item ? item.wheel : item;
        index.serve({ name: fileName, bytes });
      }
      rmSync(path('project'), { recursive: true, force: true });
      writeProject(path('project'), { packages, ...project });
    },
    build,
    async fails(request, conditions) {
      try {
        await build(request, conditions);
      } catch (error) {
        if (error instanceof BivyError) return error;
        throw error;
      }
      throw new Error('the build was to fail and did not');
    },
  };
}

/** What an image's layers hold, by kind: packages of those of wheels. */
export function layersOf({ made }: Built): readonly {
  readonly kind: string;
  readonly digest: string;
  readonly packages: readonly string[];
}[] {
  return made.images[0]?.layers ?? [];
}

/** Whatever stands below a folder: paths, sorted. */
export function listing(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Everything below a folder with its bytes, to tell whether anything changed. */
export function contents(folder: string): ReadonlyMap<string, string> {
  return new Map(listing(folder).map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}

/** The image's configuration as it was published in an OCI layout. */
export function configOf(
  { made }: Built,
  layout: string,
): { readonly config: Readonly<Record<string, unknown>> } {
  const hex = made.images[0]?.config.slice('sha256:'.length) ?? '';
  return JSON.parse(readFileSync(join(layout, 'blobs', 'sha256', hex), 'utf8'));
}

export interface PublishedMember {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly link: string;
  readonly size: number;
}

/** The members of a published layer's tar, by a reader that knows nothing but ustar and pax paths. */
export function membersOf(layout: string, digest: string): readonly PublishedMember[] {
  const tar = gunzipSync(readFileSync(join(layout, 'blobs', 'sha256', digest.slice('sha256:'.length))));
  const members: PublishedMember[] = [];
  const text = (at: number, length: number): string =>
    (
      tar
        .subarray(at, at + length)
        .toString('utf8')
        .split('\0')[0] ?? ''
    ).trim();
  for (let at = 0, pax = ''; tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const type = String.fromCharCode(tar[at + 156] ?? 0);
    const body = at + 512;
    at = body + Math.ceil(size / 512) * 512;
    if (type === 'x') {
      pax = /\d+ path=([^\n]*)\n/.exec(tar.subarray(body, body + size).toString('utf8'))?.[1] ?? '';
      continue;
    }
    const head = body - 512;
    const prefix = text(head + 345, 155);
    const path = pax !== '' ? pax : `${prefix === '' ? '' : `${prefix}/`}${text(head, 100)}`;
    pax = '';
    const [mode, uid] = [Number.parseInt(text(head + 100, 8), 8), Number.parseInt(text(head + 108, 8), 8)];
    members.push({ path: path.replace(/\/$/, ''), type, mode, uid, link: text(head + 157, 100), size });
  }
  return members;
}
