// A registry client over a real HTTP client, impatient as tests are, with all that it emits.

import { createHash, randomBytes } from 'node:crypto';
import { afterEach } from 'vitest';
import type { Context } from '../../src/kernel/context.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import type { Event } from '../../src/kernel/events.ts';
import { createHttp, type Patience } from '../../src/kernel/http-client.ts';
import { createRegistry } from '../../src/registry/client.ts';
import type { Credential } from '../../src/registry/credential.ts';
import type { BlobSource, Registry, RegistryOptions, Repository } from '../../src/registry/registry.ts';
import { startRegistry, type TestRegistry, type TestRegistryOptions } from '../support/registry.ts';

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

export async function serve(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  closing.push(() => registry.close());
  return registry;
}

export interface Client {
  readonly registry: Registry;
  readonly events: Event[];
  readonly abort: AbortController;
  /** Repositories whose login was looked for. */
  readonly asked: Repository[];
}

export interface ClientOptions extends Partial<RegistryOptions> {
  readonly patience?: Partial<Patience>;
  readonly login?: Credential | ((repository: Repository) => Credential | undefined);
  readonly offline?: boolean;
}

const QUICK: Partial<Patience> = {
  backoffMs: 2,
  connectMs: 2000,
  headersMs: 2000,
  writtenMs: 2000,
  idleMs: 2000,
};

export function connect({ login, offline = false, patience: own, ...options }: ClientOptions = {}): Client {
  const events: Event[] = [];
  const asked: Repository[] = [];
  const abort = new AbortController();
  const emit = (event: Event): void => void events.push(event);
  const patience = { ...QUICK, ...own };
  const environment = options.environment ?? {};
  const http = createHttp({ userAgent: 'bivy/test', signal: abort.signal, emit, environment, patience });
  closing.push(() => http.close());
  const context = { http, emit, signal: abort.signal, offline } as unknown as Context;
  const registry = createRegistry(
    { insecure: [], mirrors: {}, certificates: [], ...options, environment },
    context,
    async (repository) => {
      asked.push(repository);
      return typeof login === 'function' ? login(repository) : login;
    },
  );
  return { registry, events, abort, asked };
}

export function sourceOf(
  bytes: Uint8Array,
  piece: number = 64 * 1024,
): BlobSource & { readonly opened: number[] } {
  const opened: number[] = [];
  return {
    digest: digestOf(bytes),
    size: bytes.length,
    opened,
    async *open(from) {
      opened.push(from);
      for (let at = from; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    },
  };
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Bytes that are nobody else's. */
export function someBytes(size: number): Buffer {
  return randomBytes(size);
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function failureOf(doing: Promise<unknown>): Promise<unknown> {
  return doing.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  );
}
