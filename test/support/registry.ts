// A container registry on loopback, over HTTP or HTTPS, which speaks the distribution protocol and misbehaves by script.
// What it holds is in `registry-store.ts`, whom it lets in in `registry-auth.ts`, faults in
// `registry-step.ts`; here are requests and their log.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { permissionFor, type RegistryAuth, RegistryGate } from './registry-auth.ts';
import { performStep, type RegistryStep } from './registry-step.ts';
import { type Answer, RegistryStore, type StoredManifest, type StoreOptions } from './registry-store.ts';

export interface ReceivedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it came. */
  readonly search: string;
  readonly authorization: 'none' | 'basic' | 'bearer' | 'other';
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of the answer, 0 where there was none. */
  readonly status: () => number;
  /** Bytes of the request's body, so far. */
  readonly received: () => number;
}

export interface TestRegistryOptions extends StoreOptions {
  /** HTTPS with the self-signed certificate that `CERTIFICATE` names. */
  readonly tls?: boolean;
  readonly auth?: RegistryAuth;
  /** Tokens are given by a server of their own, on another port. */
  readonly ownRealm?: boolean;
  /** Asked before each request is answered; what it returns happens instead. Scripts come first. */
  readonly on?: (request: ReceivedRequest) => RegistryStep | undefined;
}

export interface TestRegistry {
  /** `http://127.0.0.1:PORT`, or `https:`. */
  readonly url: string;
  /** `127.0.0.1:PORT`, as it stands in references. */
  readonly domain: string;
  /** In order of arrival; those for tokens too. */
  readonly log: readonly ReceivedRequest[];
  /** By `repository@digest`: `team/app@sha256:…`. May be changed. */
  readonly blobs: Map<string, Buffer>;
  /** By `repository@digest` and `repository:tag`. May be changed. */
  readonly manifests: Map<string, StoredManifest>;
  /** Bytes of bodies, taken and given. */
  readonly bytes: { readonly in: number; readonly out: number };
  /** Adds a blob; its digest. */
  addBlob(repository: string, bytes: Uint8Array): string;
  /** Adds a manifest, under a tag too where one is given; its digest. Nothing is checked. */
  addManifest(repository: string, tag: string | undefined, bytes: Uint8Array, mediaType: string): string;
  /** Requests of that method whose path ends or matches so. */
  count(method?: string, path?: RegExp): number;
  /** The next requests of that method and path take these steps, one each. `*` is any method. */
  script(method: string, path: RegExp, ...steps: readonly RegistryStep[]): void;
  /** Every request of that method and path takes that step. */
  always(method: string, path: RegExp, step: RegistryStep): void;
  /** Tokens given so far, and an end to their worth. */
  tokens(): number;
  expireTokens(): void;
  /** Requests being answered at this moment, at most, since the start. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

/** The certificate for 127.0.0.1, which nobody trusts by itself, with its key. */
export const CERTIFICATE: string = fileURLToPath(new URL('../kernel/fixtures/loopback.pem', import.meta.url));

interface Script {
  readonly method: string;
  readonly path: RegExp;
  readonly steps: RegistryStep[];
  readonly forever: boolean;
}

/** Listens on a free port of the loopback address until it is closed. */
export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const log: ReceivedRequest[] = [];
  const scripts: Script[] = [];
  const bytes = { in: 0, out: 0 };
  let open = 0;
  let most = 0;
  const store = new RegistryStore(options, () => originOf(server));
  const gate = new RegistryGate(options.auth, () => `${originOf(realm ?? server)}/token`);

  function stepFor(request: ReceivedRequest): RegistryStep {
    const script = scripts.find(
      ({ method, path, steps }) =>
        (method === '*' || method === request.method) && path.test(request.path) && steps.length > 0,
    );
    const next = script?.forever === true ? script.steps[0] : script?.steps.shift();
    return next ?? options.on?.(request) ?? { kind: 'right' };
  }

  async function rightAnswer(request: ReceivedRequest, body: AsyncIterable<Uint8Array>): Promise<Answer> {
    const { method, path, query, search, headers } = request;
    const { authorization } = headers;
    if (path === '/token') {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      return gate.giveToken(method, authorization, query, form);
    }
    const refusal = gate.check(authorization, permissionFor(method, path));
    if (refusal !== undefined) return refusal;
    const mayPull = (repository: string): boolean => gate.may(authorization, { repository, action: 'pull' });
    return store.answer({ method, path, query, search, headers, mayPull, body });
  }

  function listen(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, search, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const { socket } = request;
    const headers = request.headers as Record<string, string | undefined>;
    let received = 0;
    const entry: ReceivedRequest = {
      method: request.method ?? '',
      path: decodeURIComponent(pathname),
      query: searchParams,
      search,
      authorization: kindOf(headers['authorization']),
      headers,
      status: () => (response.headersSent ? response.statusCode : 0),
      received: () => received,
    };
    async function* body(): AsyncGenerator<Buffer> {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        received += chunk.length;
        bytes.in += chunk.length;
        yield chunk;
      }
    }
    log.push(entry);
    open += 1;
    most = Math.max(most, open);
    response.on('close', () => {
      open -= 1;
    });
    const counting = countOut(response, bytes);
    performStep(stepFor(entry), request, counting, () => rightAnswer(entry, body()), store, body).catch(
      () => {
        socket.destroy();
      },
    );
  }

  const server = await start(listen, options.tls === true);
  const realm = options.ownRealm === true ? await start(listen, options.tls === true) : undefined;
  return {
    url: originOf(server),
    domain: originOf(server).replace(/^https?:\/\//, ''),
    log,
    blobs: store.blobs,
    manifests: store.manifests,
    bytes,
    addBlob: (repository, content) => store.addBlob(repository, content),
    addManifest: (repository, tag, content, mediaType) =>
      store.addManifest(repository, tag, content, mediaType),
    count: (method, path) =>
      log.filter(
        (entry) =>
          (method === undefined || entry.method === method) && (path === undefined || path.test(entry.path)),
      ).length,
    script: (method, path, ...steps) =>
      void scripts.push({ method, path, steps: [...steps], forever: false }),
    always: (method, path, step) => void scripts.unshift({ method, path, steps: [step], forever: true }),
    tokens: () => gate.given,
    expireTokens: () => gate.expireAll(),
    mostAtOnce: () => most,
    close: async () => {
      await Promise.all([stop(server), ...(realm === undefined ? [] : [stop(realm)])]);
    },
  };
}

async function start(
  listen: (request: IncomingMessage, response: ServerResponse) => void,
  tls: boolean,
): Promise<Server> {
  const pem = tls ? readFileSync(CERTIFICATE) : '';
  const server = tls ? createSecureServer({ key: pem, cert: pem }, listen) : createServer(listen);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function originOf(server: Server): string {
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function kindOf(authorization: string | undefined): ReceivedRequest['authorization'] {
  if (authorization === undefined) return 'none';
  const scheme = authorization.split(' ')[0]?.toLowerCase();
  return scheme === 'basic' || scheme === 'bearer' ? scheme : 'other';
}

function countOut(response: ServerResponse, bytes: { out: number }): ServerResponse {
  const write = response.write.bind(response);
  response.write = ((chunk: Uint8Array, ...rest: []) => {
    bytes.out += chunk.length;
    return write(chunk, ...rest);
  }) as ServerResponse['write'];
  return response;
}
