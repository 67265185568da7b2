// A base composed from Debian packages, as one layer: remembered, reused from an earlier image where the signed releases are
// still the same, held to by `bivy.lock`, or composed now.

import type { BasePackage } from '../debian/base.ts';
import type { PinnedComposition } from '../debian/composition.ts';
import type { DebianRequest } from '../debian/request.ts';
import type { Context } from '../kernel/context.ts';
import { type Digest, keyOf } from '../kernel/digest.ts';
import { entriesFormat } from '../layers/entries-key.ts';
import type { Compression } from '../layers/layout.ts';
import { PREFETCH } from '../layers/prefetch.ts';
import type { BaseFacts } from '../oci/facts.ts';
import type { ImageLayer } from '../oci/image.ts';
import { isBaseRecord } from './base-knowledge.ts';
import { debianRequest } from './debian-request.ts';
import { imageLayer, type LayerNote, makeLayer } from './layers.ts';
import type { BaseOptions, ResolvedBase } from './resolved-base.ts';
import type { FollowedReleases, Reuse } from './reuse.ts';

/** What a composed base was, by the key of what it was composed from. */
interface DebianRecord {
  readonly note: LayerNote;
  readonly facts: BaseFacts;
  readonly packages: readonly BasePackage[];
  readonly env: Readonly<Record<string, string>>;
}

export async function resolveComposed(
  options: BaseOptions,
  release: '12' | '13',
  pinned: PinnedComposition | undefined,
  context: Context,
): Promise<ResolvedBase> {
  const { cache } = context;
  const { compression } = options.settings;
  const request = { ...debianRequest(release, options), ...(pinned === undefined ? {} : { pinned }) };
  const { reuse } = options;
  const followed =
    pinned === undefined
      ? await followedNow(request, options, context)
      : { key: (await import('../debian/composition.ts')).pinnedKey(request, pinned) };
  if (followed !== undefined) {
    const key = layerKeyOf(followed.key, compression);
    const found = cache.readRecord<DebianRecord>('debian-bases', key);
    const known = isBaseRecord('debian-bases', found) ? found : undefined;
    if (known !== undefined && cache.findBlob(known.note.record.digest)?.size === known.note.record.size) {
      return resolved(options, release, followed, known, imageLayer(context, known.note, true));
    }
    const said = known ?? reuse?.findBase<DebianRecord>('debian-bases', key);
    const layer = said === undefined ? undefined : await reuse?.findLayer(key);
    if (said !== undefined && reuse !== undefined && layer?.record.digest === said.note.record.digest) {
      const note = { ...said.note, record: layer.record, remote: layer.remote };
      return resolved(options, release, followed, said, imageLayer(context, note, true, reuse));
    }
  }
  const { composeDebianBase } = await import('../debian/base.ts');
  // What failed is asked for once more, and says why.
  const read = await options.ahead?.releases?.catch(() => undefined);
  const composed = await composeDebianBase({ ...request, ...(read === undefined ? {} : { read }) }, context);
  const key = layerKeyOf(composed.key, compression);
  const { record, cached } = await makeLayer(
    key,
    async () => ({
      kind: 'entries',
      parts: await composed.parts(),
      compression,
      prefetch: PREFETCH.base,
      output: cache.temporary(),
    }),
    async (job) => (await options.pool()).run(job),
    cache,
  );
  const made: DebianRecord = {
    note: { kind: 'base', name: 'base', packages: [], record },
    facts: composed.facts,
    packages: composed.packages,
    env: composed.env,
  };
  cache.writeRecord('debian-bases', key, made);
  const { questionKey } = await import('../debian/question.ts');
  const answer = { question: questionKey(request), releases: composed.releases, key: composed.key };
  return resolved(
    options,
    release,
    pinned === undefined ? answer : { key: composed.key },
    made,
    imageLayer(context, made.note, cached),
  );
}

/** What is to be composed as far as that is known without a list of packages: remembered, or said by an earlier image. */
async function followedNow(
  request: DebianRequest,
  { refresh, reuse, ahead }: BaseOptions,
  context: Context,
): Promise<FollowedReleases | undefined> {
  const [{ rememberedDebian }, { questionKey }] = await Promise.all([
    import('../debian/remembered.ts'),
    import('../debian/question.ts'),
  ]);
  const remembered = refresh ? undefined : rememberedDebian(request, context);
  const question = questionKey(request);
  if (remembered !== undefined) return { question, releases: remembered.releases, key: remembered.key };
  return followedBefore(question, request, reuse, ahead, context);
}

/** What an earlier image followed, where the mirror's releases are still the same. */
async function followedBefore(
  question: Digest,
  request: DebianRequest,
  reuse: Reuse | undefined,
  ahead: BaseOptions['ahead'],
  context: Context,
): Promise<FollowedReleases | undefined> {
  const before = context.offline ? undefined : await reuse?.findFollowed(question);
  if (before === undefined) return undefined;
  const { areReleases, readReleases } = await import('../debian/current.ts');
  const texts = await (ahead?.releases ?? readReleases(request, context));
  return areReleases(texts, before.releases, request.now ?? Date.now()) ? before : undefined;
}

/** The same packages are other bytes in another format. */
function layerKeyOf(composed: Digest, compression: Compression): Digest {
  return keyOf({ kind: 'base', composed, ...entriesFormat(compression, PREFETCH.base) });
}

function resolved(
  { reference: name }: Pick<BaseOptions, 'reference'>,
  release: '12' | '13',
  answer: FollowedReleases | Pick<FollowedReleases, 'key'>,
  record: DebianRecord,
  layer: ImageLayer,
): ResolvedBase {
  const { facts, packages, env, note } = record;
  const value = { ...record, note: { ...note, remote: undefined } };
  return {
    name,
    key: answer.key,
    facts,
    layers: [layer],
    defaults: env,
    debian: { release, packages },
    ...('releases' in answer ? { followed: answer } : {}),
    knowledge: { kind: 'debian-bases', key: note.record.key, value },
  };
}
