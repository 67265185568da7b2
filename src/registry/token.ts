// Tokens of a Bearer realm: distribution's token specification (docs/spec/auth/token.md), and its OAuth 2 variant
// (oauth.md) for logins that are refresh tokens.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { requestWhole, type WholeResponse } from '../kernel/http.ts';
import { basicAuthorization } from '../kernel/http-address.ts';
import { addressOf, routeTo } from './address.ts';
import type { Challenge } from './challenge.ts';
import type { Credential } from './credential.ts';
import { denial, refusal } from './failure.ts';
import type { Host, Hosts } from './hosts.ts';

export interface Token {
  /** The value of an `Authorization` header. */
  readonly header: string;
  /** Until when it is sent, on the clock of `performance.now()`. */
  readonly until: number;
}

export interface TokenRequest {
  readonly host: Host;
  /** A Bearer challenge with a realm. */
  readonly challenge: Challenge;
  /** `repository:team/app:pull,push`; some realms read the first alone. */
  readonly scopes: readonly string[];
  /** `bearer` needs no token, and is not for here. */
  readonly credential: Exclude<Credential, { kind: 'bearer' }> | undefined;
}

const MAX_ANSWER = 1 << 20;
/** Seconds that a token lives whose realm does not say; token.md. */
const LIFETIME = 60;
/** Milliseconds before its end in which a token is not sent any more, and at most this share of its life. */
const MARGIN = 10_000;
const MARGIN_SHARE = 0.25;

/** @throws BivyError `REGISTRY_DENIED`, `REGISTRY_INVALID`, `REGISTRY_UNREACHABLE` */
export async function fetchToken(request: TokenRequest, hosts: Hosts, { http }: Context): Promise<Token> {
  const { host, challenge, scopes, credential } = request;
  const { domain } = host;
  const url = addressOf(challenge.parameters.get('realm') ?? '', host.root.href, {
    from: host.root,
    domain,
    why: 'for tokens',
    mayBePlain: (address) => hosts.mayBePlain(address, domain),
  });
  const trust = url.origin === host.root.origin ? host.trust : await hosts.trustOf(url, host);
  const common = {
    peer: 'registry',
    limit: MAX_ANSWER,
    keepStatus: true,
    ...routeTo(url),
    ...(trust === undefined ? {} : { trust }),
  } as const;
  const service = challenge.parameters.get('service');
  const asked = performance.now();

  async function exchange(token: string): Promise<WholeResponse> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'bivy',
      ...(service === undefined ? {} : { service }),
      scope: scopes.join(' '),
      refresh_token: token,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return requestWhole(http, {
      ...common,
      url: url.href,
      method: 'POST',
      headers,
      body: Buffer.from(form.toString()),
    });
  }

  async function ask(): Promise<WholeResponse> {
    const address = new URL(url);
    if (service !== undefined) address.searchParams.set('service', service);
    for (const scope of scopes) address.searchParams.append('scope', scope);
    const authorization = basicOf(credential);
    return requestWhole(http, {
      ...common,
      url: address.href,
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
  }

  let answer = credential?.kind === 'identity' ? await exchange(credential.token) : await ask();
  // Realms without OAuth 2 take the refresh token for a password.
  if (credential?.kind === 'identity' && (answer.status === 404 || answer.status === 405))
    answer = await ask();
  const what = { domain, doing: `have a token for ${spell(scopes)}`, login: credential !== undefined };
  if (answer.status === 200) return readToken(answer, asked, domain);
  const failure = refusal(answer, what);
  // OAuth 2 refuses a login with 400 `invalid_grant`.
  throw answer.status === 400 && credential !== undefined ? denial(what, failure.causes) : failure;
}

/** What a login is to those who want Basic; a refresh token has the name that Docker gives it. */
export function basicOf(credential: Credential | undefined): string | undefined {
  if (credential?.kind === 'password') return basicAuthorization(credential.username, credential.password);
  return credential?.kind === 'identity' ? basicAuthorization('<token>', credential.token) : undefined;
}

function readToken({ bytes, headers }: WholeResponse, asked: number, domain: string): Token {
  let body: Readonly<Record<string, unknown>> = {};
  try {
    body = (JSON.parse(Buffer.from(bytes).toString('utf8')) ?? {}) as typeof body;
  } catch {
    // what is no JSON has no token
  }
  const token = [body['token'], body['access_token']].find(
    (value): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
  );
  if (token === undefined) {
    throw new BivyError('REGISTRY_INVALID', `\`${domain}\` sends for tokens to where none is given`, {
      hint: 'the realm answered with success, but with no `token` and no `access_token`',
    });
  }
  const said = body['expires_in'];
  const lifetime = (typeof said === 'number' && said > 0 ? said : LIFETIME) * 1000;
  // A realm may give the same token twice; how old it is, its own clock says.
  const issued = Date.parse(typeof body['issued_at'] === 'string' ? body['issued_at'] : '');
  const age = Math.max(0, Date.parse(headers['date'] ?? '') - issued);
  const left = Number.isNaN(age) ? lifetime : lifetime - age;
  return { header: `Bearer ${token}`, until: asked + left - Math.min(MARGIN, lifetime * MARGIN_SHARE) };
}

function spell(scopes: readonly string[]): string {
  return scopes.map((scope) => `\`${scope.slice(0, 200)}\``).join(' and ') || 'nothing in particular';
}
