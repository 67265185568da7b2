// One request to a registry: the host behind the domain, what proves who asks, and fresh proof where it has expired.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { type HttpRequest, type HttpResponse, readWhole, type WholeResponse } from '../kernel/http.ts';
import { routeTo } from './address.ts';
import { type Actions, type Auth, openAuth } from './auth.ts';
import type { FindCredential } from './credential.ts';
import { refusal } from './failure.ts';
import { type Host, openHosts } from './hosts.ts';
import type { RegistryOptions, Repository } from './registry.ts';

export interface RegistryRequest
  extends Pick<HttpRequest, 'method' | 'headers' | 'body' | 'limit' | 'verified' | 'attempts'> {
  /** Below the repository (`blobs/sha256:…`), or whole. */
  readonly to: string | URL;
  readonly actions: Actions;
  /** Another repository that is to be pulled from in the same request: the source of a mount. */
  readonly source?: Repository;
}

export interface Exchange {
  host(repository: Repository): Promise<Host>;
  /** Statuses are the caller's business, all of them. @throws BivyError as `Http`, `REGISTRY_DENIED` from the realm */
  ask(repository: Repository, request: RegistryRequest): Promise<HttpResponse>;
  /** `ask`, with the body here; asked again where it breaks off. */
  askWhole(repository: Repository, request: RegistryRequest): Promise<WholeResponse>;
  /** `ask`, once, for an answer that is its status and headers: of its body, words at most, as far as they come. */
  askBriefly(repository: Repository, request: Omit<RegistryRequest, 'limit'>): Promise<WholeResponse>;
  /** An address that the repository's registry sends to. @throws BivyError `REGISTRY_INVALID` */
  mayBePlain(url: URL, repository: Repository): boolean;
  /** The error that an answer stands for. @param doing continues `asked to`: ``push to `team/app` `` */
  refusal(repository: Repository, response: HttpResponse | WholeResponse, doing: string): Promise<BivyError>;
}

/** Bytes of an answer that nobody needs but for its errors. */
const MAX_WORDS = 64 * 1024;

export function openExchange(options: RegistryOptions, context: Context, find: FindCredential): Exchange {
  const hosts = openHosts(options, context);
  const auths = new Map<string, Auth>();

  function authOf(host: Host): Auth {
    const auth = auths.get(host.domain) ?? openAuth(host, hosts, find, context);
    auths.set(host.domain, auth);
    return auth;
  }

  async function ask(repository: Repository, request: RegistryRequest): Promise<HttpResponse> {
    const { to, actions, source, headers, ...rest } = request;
    const host = await hosts.find(repository.domain);
    const url = to instanceof URL ? to : new URL(`v2/${repository.path}/${to}`, host.root);
    const own = url.origin === host.root.origin;
    const common = { ...rest, ...routeTo(url), url: url.href, peer: 'registry', keepStatus: true } as const;
    if (!own) {
      // Another host than the registry's learns nothing of who asks.
      const trust = await hosts.trustOf(url, host);
      return context.http.request({
        ...common,
        ...(headers === undefined ? {} : { headers }),
        ...(trust === undefined ? {} : { trust }),
      });
    }
    const auth = authOf(host);
    const purpose = {
      repository,
      scopes: [
        { path: repository.path, actions },
        ...(source === undefined ? [] : [{ path: source.path, actions: 'pull' as const }]),
      ],
    };
    let sent = await auth.headerFor(purpose);
    return context.http.request({
      ...common,
      headers: { ...headers, ...(sent === undefined ? {} : { authorization: sent }) },
      ...(host.trust === undefined ? {} : { trust: host.trust }),
      async renew(answer) {
        const fresh = await auth.renew(purpose, sent, answer['www-authenticate']);
        if (fresh === undefined) return undefined;
        sent = fresh;
        return { authorization: fresh };
      },
    });
  }

  return {
    host: (repository) => hosts.find(repository.domain),
    ask,
    askWhole: (repository, request) => readWhole(() => ask(repository, request)),
    async askBriefly(repository, request) {
      const { body, ...response } = await ask(repository, { ...request, limit: MAX_WORDS });
      return { ...response, bytes: await readWords(body) };
    },
    mayBePlain: (url, { domain }) => hosts.mayBePlain(url, domain),
    async refusal(repository, response, doing) {
      const { domain } = repository;
      const bytes = 'bytes' in response ? response.bytes : await readWords(response.body);
      const login =
        (response.status === 401 || response.status === 403) &&
        (await authOf(await hosts.find(domain)).hasLogin(repository));
      return refusal({ ...response, bytes }, { domain, doing, login });
    },
  };
}

/** The status is the answer, however its body ends. */
async function readWords(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk);
  } catch (error) {
    if (!(error instanceof BivyError)) throw error;
  }
  return Buffer.concat(chunks);
}
