// Layers on their way to a registry while later ones are made. Nothing names them until the image's manifest does: what
// was sent for an image that is never finished is the registry's to collect.

import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { deliverBlobs, type SendingOptions, type SentBlob } from './destination-blobs.ts';
import type { PushedBlob } from './destination-contents.ts';
import type { Registry, Repository } from './registry.ts';

export interface Ahead {
  /** Begins to send a blob; a second time it does nothing. */
  begin(blob: PushedBlob, context: Context): void;
  /** What became of these: those that were never begun, or failed, are left out. */
  settle(blobs: readonly PushedBlob[]): Promise<readonly SentBlob[]>;
  /** Ends what is on its way. */
  stop(): Promise<void>;
}

export function sendAhead(
  registry: Registry,
  repository: Repository,
  { sources, jobs }: SendingOptions,
): Ahead {
  const stopping = new AbortController();
  const sent = new Map<Digest, Promise<SentBlob | undefined>>();
  const lanes: Promise<unknown>[] = Array.from({ length: jobs }, () => Promise.resolve());

  async function send(blob: PushedBlob, context: Context): Promise<SentBlob | undefined> {
    const signal = AbortSignal.any([context.signal, stopping.signal]);
    if (signal.aborted) return undefined;
    // What is said of progress is said of an image that is whole.
    const emit: Context['emit'] = (event) => (event.type === 'upload' ? undefined : context.emit(event));
    const options = { sources, jobs: 1 };
    const [only] = await deliverBlobs(registry, repository, [blob], options, { ...context, emit, signal });
    return only;
  }

  return {
    begin(blob, context) {
      if (sent.has(blob.digest)) return;
      const lane = sent.size % jobs;
      // A failure is met again, and told, when the image is pushed.
      const sending = lanes[lane]!.then(() => send(blob, context)).catch(() => undefined);
      lanes[lane] = sending;
      sent.set(blob.digest, sending);
    },
    async settle(blobs) {
      const settled = await Promise.all(blobs.map(({ digest }) => sent.get(digest)));
      return settled.filter((each) => each !== undefined);
    },
    async stop() {
      stopping.abort();
      await Promise.all(lanes);
    },
  };
}
