// The hosts behind domains: by which scheme they are reached, whom they are trusted by, what they ask of strangers. Each
// is asked once (`GET /v2/`, distribution-spec v1.1 "Determining Support").

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { type HostTrust, requestWhole, type WholeResponse } from '../kernel/http.ts';
import type { Failure } from '../kernel/http-failure.ts';
import { isPassing } from '../kernel/http-patience.ts';
import { apiHost } from '../oci/reference.ts';
import { isLoopback, routeTo } from './address.ts';
import { CERTIFICATES, readCertificates } from './certificates.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { refusal } from './failure.ts';
import type { RegistryOptions } from './registry.ts';

export interface Host {
  /** As users write it: `docker.io`. */
  readonly domain: string;
  /** `https://registry-1.docker.io/` */
  readonly root: URL;
  readonly trust: HostTrust | undefined;
  /** What it asked of a stranger. */
  readonly challenges: readonly Challenge[];
}

export interface Hosts {
  /** @throws BivyError `REGISTRY_UNREACHABLE`, `REGISTRY_INVALID`, `CONFIG_INVALID`, `OFFLINE` */
  find(domain: string): Promise<Host>;
  /**
   * How the host of an address that a registry sends to proves who it is: by what is configured for it, else by the
   * registry's own authorities, as engines have it.
   * @throws BivyError `CONFIG_INVALID`
   */
  trustOf(url: URL, sender: Host): Promise<HostTrust | undefined>;
  /** Whether the user said that an address may be asked in the clear, by itself or as one of the domain's host. */
  mayBePlain(url: URL, domain: string): boolean;
}

const MAX_ANSWER = 64 * 1024;

/** What servers of HTTPS answer to who speaks plain HTTP, of those that answer at all. */
const SPEAKS_TLS: ReadonlySet<number> = new Set([400, 426, 497]);

/** Nothing is asked before the first domain is looked for. */
export function openHosts(
  { insecure, certificates = CERTIFICATES }: Pick<RegistryOptions, 'insecure' | 'certificates'>,
  { http, offline }: Context,
): Hosts {
  const known = new Map<string, Promise<Host>>();
  const open = new Set(insecure.map((domain) => apiHost(domain).toLowerCase()));
  const isOpen = (host: string): boolean => open.has(host.toLowerCase());

  async function trustFor(...names: readonly string[]): Promise<HostTrust | undefined> {
    if (names.some(isOpen)) return { unverified: true };
    const own = await readCertificates(certificates, names);
    return own.length === 0 ? undefined : { certificates: own };
  }

  function mayBePlain(url: URL, domain: string): boolean {
    const host = apiHost(domain);
    return isOpen(url.host) || (isOpen(host) && rootOf('http', domain).hostname === url.hostname);
  }

  async function ask(root: URL, trust: HostTrust | undefined, last: boolean): Promise<WholeResponse> {
    return requestWhole(http, {
      url: new URL('v2/', root).href,
      peer: 'registry',
      limit: MAX_ANSWER,
      keepStatus: true,
      ...routeTo(root),
      ...(last ? {} : { attempts: 1 }),
      ...(trust === undefined ? {} : { trust }),
    });
  }

  async function meet(domain: string): Promise<Host> {
    if (offline) throw unasked(domain);
    const host = apiHost(domain);
    const secure = rootOf('https', domain);
    const trust = await trustFor(domain, host);
    const plain = rootOf('http', domain);
    // On this machine nobody listens in, so the usual one is asked first, and patiently once the other is none either;
    // elsewhere what is secure comes first.
    const insecurely = isOpen(host) ? [secure, plain] : [secure];
    const roots = isLoopback(secure.hostname) ? [plain, secure, plain] : insecurely;
    for (const [index, root] of roots.entries()) {
      const last = index === roots.length - 1;
      let answer: WholeResponse;
      try {
        answer = await ask(root, trust, last);
      } catch (error) {
        if (!(error instanceof BivyError) || error.code !== 'REGISTRY_UNREACHABLE') throw error;
        if (last || unproven(error)) throw unreachable(error, domain);
        continue;
      }
      if (!last && (SPEAKS_TLS.has(answer.status) || isPassing(answer.status))) continue;
      if (isPassing(answer.status)) throw refusal(answer, { domain, doing: 'say that it is there' });
      const here = answer.status === 401 && new URL(answer.url).origin === root.origin;
      const header = here ? answer.headers['www-authenticate'] : undefined;
      return { domain, root, trust, challenges: parseChallenges(header ?? '') };
    }
    throw unasked(domain);
  }

  return {
    find(domain) {
      const host = known.get(domain) ?? meet(domain);
      known.set(domain, host);
      host.catch(() => known.delete(domain));
      return host;
    },
    async trustOf(url, { domain, trust }) {
      if (url.protocol !== 'https:') return undefined;
      if (mayBePlain(url, domain)) return { unverified: true };
      const { certificates: own } = trust ?? {};
      return (await trustFor(url.host)) ?? (own === undefined ? undefined : { certificates: own });
    },
    mayBePlain,
  };
}

function rootOf(scheme: 'https' | 'http', domain: string): URL {
  const text = `${scheme}://${apiHost(domain)}/`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What is no host would become a path, or a directory of certificates.
  if (
    url?.pathname === '/' &&
    url.username === '' &&
    url.search === '' &&
    /^[\w.:[\]-]*\w[\w.:[\]-]*$/.test(domain)
  )
    return url;
  throw new BivyError('CONFIG_INVALID', `\`${domain.slice(0, 100)}\` is no host of a registry`, {
    hint: 'write it as `HOST` or `HOST:PORT`, without a scheme',
  });
}

function unproven({ cause }: BivyError): boolean {
  return (cause as Failure | undefined)?.unproven === true;
}

function unreachable(error: BivyError, domain: string): BivyError {
  const hint = unproven(error)
    ? `put its authority's certificate into \`${CERTIFICATES[0]}/${domain}/ca.crt\` or name it in \`SSL_CERT_FILE\`; \`--insecure-registry ${domain}\` takes any`
    : `check the name and the network; a registry that speaks plain HTTP is named with \`--insecure-registry ${domain}\``;
  return new BivyError(error.code, error.message, { hint, cause: error.cause });
}

function unasked(domain: string): BivyError {
  return new BivyError('OFFLINE', `\`${domain}\` would have to be asked, and the network is not to be used`, {
    hint: 'leave `--offline` out once; what was learnt is kept in the cache',
  });
}
