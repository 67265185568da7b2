// Which composed base the signed releases gave that a build followed: a note beside the image, in the repository pushed
// to. It stands in no image: the release files change several times a day, and what is composed from them seldom does,
// so an image that named them would have another digest each day. A small artifact under a tag of its own.

import { canonicalJson, digestOf, hexOf, isDigest } from '../kernel/digest.ts';
import { MANIFEST } from '../oci/spec.ts';
import type { Registry, RemoteManifest, Repository } from '../registry/registry.ts';
import type { FollowedReleases } from './reuse.ts';

const TYPE = 'application/vnd.dev.bivy.releases.v1+json';
/** Its own digest and size are known: the two bytes `{}` (image-spec, manifest.md, guidance for an empty descriptor). */
const EMPTY = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const NOTE = 'dev.bivy.releases';

/** Nothing where there is no note, or none that makes sense. */
export async function readFollowed(
  repository: Repository,
  question: FollowedReleases['question'],
  registry: Registry,
): Promise<FollowedReleases | undefined> {
  const manifest = await registry.getManifest(repository, tagOf(question));
  if (manifest === undefined) return undefined;
  try {
    const { annotations } = JSON.parse(Buffer.from(manifest.bytes).toString('utf8')) as {
      annotations?: Record<string, string>;
    };
    const note = JSON.parse(annotations?.[NOTE] ?? '') as FollowedReleases;
    const releases = Object.entries(note.releases);
    const isSound =
      note.question === question && isDigest(note.key) && releases.every(([, digest]) => isDigest(digest));
    return isSound ? { question, key: note.key, releases: Object.fromEntries(releases) } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the note where it does not stand already. */
export async function writeFollowed(
  repository: Repository,
  followed: FollowedReleases,
  registry: Registry,
): Promise<void> {
  const manifest = noteOf(followed);
  const tag = tagOf(followed.question);
  if ((await registry.findManifest(repository, tag)) === manifest.digest) return;
  const empty = digestOf(EMPTY);
  if (!(await registry.hasBlob(repository, empty))) {
    const open = async function* (from: number): AsyncGenerator<Uint8Array> {
      yield EMPTY.subarray(from);
    };
    await registry.sendBlob(repository, { digest: empty, size: EMPTY.length, open });
  }
  await registry.putManifest(repository, tag, manifest);
}

function noteOf(followed: FollowedReleases): RemoteManifest {
  const empty = { mediaType: EMPTY_TYPE, digest: digestOf(EMPTY), size: EMPTY.length };
  const bytes = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType: TYPE,
      config: empty,
      layers: [empty],
      annotations: { [NOTE]: canonicalJson(followed) },
    }),
  );
  return { mediaType: MANIFEST, digest: digestOf(bytes), bytes };
}

function tagOf(question: FollowedReleases['question']): string {
  return `bivy-releases-${hexOf(question).slice(0, 16)}`;
}
