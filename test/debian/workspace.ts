// What the tests of this room share: a cache of their own, a client, and what was said.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../src/kernel/context.ts';
import { DirectoryCache } from '../../src/kernel/directory-cache.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Event } from '../../src/kernel/events.ts';
import { createHttp } from '../../src/kernel/http-client.ts';

export interface Workspace {
  readonly root: string;
  readonly context: Context;
  readonly events: readonly Event[];
  /** The same cache, network forbidden. */
  readonly offline: Context;
  close(): Promise<void>;
}

export function openWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), 'bivy-debian-'));
  const events: Event[] = [];
  const emit = (event: Event): void => void events.push(event);
  const { signal } = new AbortController();
  const patience = { attempts: 2, backoffMs: 1, pauseMs: 1 };
  const http = createHttp({ userAgent: 'bivy-test', signal, emit, environment: {}, patience });
  const context: Context = {
    cache: new DirectoryCache(join(root, 'cache')),
    http,
    emit,
    signal,
    offline: false,
  };
  return {
    root,
    context,
    events,
    offline: { ...context, offline: true },
    async close() {
      await http.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** The error that a promise is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<BivyError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof BivyError) return error;
  throw error;
}
