// Who may do what at the tests' registry: Basic, and Bearer with a realm that gives tokens (distribution's token
// specification and its OAuth 2 variant), which expire as the test says.

import { type Answer, answer, failure } from './registry-store.ts';

export interface RegistryAuth {
  readonly kind: 'basic' | 'bearer';
  readonly username?: string;
  readonly password?: string;
  /** What those may who do not say who they are. Default: nothing. */
  readonly anonymous?: 'nothing' | 'pull';
  /** The OAuth 2 refresh token that buys tokens by POST. */
  readonly identity?: string;
  /** Whether the realm answers a POST. Default: true. */
  readonly oauth?: boolean;
  /** Repositories of which nobody may pull, whoever asks. */
  readonly closed?: readonly string[];
  /** Requests that a token is good for; it is expired afterwards. Default: any number. */
  readonly tokenUses?: number;
  /** What the answer says of its life, in seconds. */
  readonly expiresIn?: number;
  /** Name of the answer's member. Default: `token`. */
  readonly field?: 'token' | 'access_token';
  /** Grants what the first scope asked for says, and nothing of the others. */
  readonly firstScopeOnly?: boolean;
  /** Rewrites the challenge. */
  readonly challenge?: (usual: string) => string;
  /** Where the challenge sends for tokens, where not to the registry's own. */
  readonly realm?: string;
}

interface Token {
  readonly scopes: ReadonlySet<string>;
  uses: number;
}

export interface Permission {
  readonly repository: string;
  readonly action: 'pull' | 'push';
}

/** What a request needs; nothing where everybody may who is known. */
export function permissionFor(method: string, path: string): Permission | undefined {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1];
  if (repository === undefined) return undefined;
  const reads = (method === 'GET' || method === 'HEAD') && !path.includes('/blobs/uploads/');
  return { repository, action: reads ? 'pull' : 'push' };
}

export class RegistryGate {
  /** Tokens given so far. */
  given = 0;
  readonly #auth: RegistryAuth | undefined;
  readonly #realm: () => string;
  readonly #tokens: Map<string, Token> = new Map();

  constructor(auth: RegistryAuth | undefined, realm: () => string) {
    this.#auth = auth;
    this.#realm = realm;
  }

  /** The refusal of a request, or nothing. */
  check(authorization: string | undefined, needed: Permission | undefined): Answer | undefined {
    if (this.#auth === undefined) return undefined;
    if (needed !== undefined && this.may(authorization, needed)) {
      const token = this.#token(authorization);
      if (token !== undefined) token.uses -= 1;
      return undefined;
    }
    if (needed === undefined && (this.#known(authorization) || this.#token(authorization) !== undefined))
      return undefined;
    return this.#refuse(needed);
  }

  may(authorization: string | undefined, { repository, action }: Permission): boolean {
    const auth = this.#auth;
    if (auth === undefined) return true;
    if (action === 'pull' && auth.closed?.includes(repository) === true) return false;
    if (auth.kind === 'basic') {
      return this.#known(authorization) || (auth.anonymous === 'pull' && action === 'pull');
    }
    return this.#token(authorization)?.scopes.has(`${repository}:${action}`) === true;
  }

  /** The realm's answer. */
  giveToken(
    method: string,
    authorization: string | undefined,
    query: URLSearchParams,
    form: URLSearchParams,
  ): Answer {
    const auth = this.#auth;
    if (auth?.kind !== 'bearer') return failure(404, 'UNSUPPORTED', 'no tokens here');
    if (method === 'POST' && auth.oauth === false) return failure(404, 'UNSUPPORTED', 'no such place');
    const scopes =
      method === 'POST'
        ? (form.get('scope') ?? '').split(' ')
        : query.getAll('scope').flatMap((s) => s.split(' '));
    const known =
      method === 'POST'
        ? auth.identity !== undefined && form.get('refresh_token') === auth.identity
        : this.#known(authorization);
    const anonymous = method === 'GET' && authorization === undefined && auth.anonymous === 'pull';
    if (!known && !anonymous) return failure(401, 'UNAUTHORIZED', 'incorrect username or password');
    const asked = auth.firstScopeOnly === true ? scopes.slice(0, 1) : scopes;
    const granted = asked.flatMap((scope) => {
      const [, repository = '', actions = ''] = /^repository:(.+):([a-z,]*)$/.exec(scope) ?? [];
      return actions
        .split(',')
        .flatMap((action) => (known || action === 'pull' ? [`${repository}:${action}`] : []));
    });
    this.given += 1;
    const token = `token-${this.given}`;
    this.#tokens.set(token, { scopes: new Set(granted), uses: auth.tokenUses ?? Number.POSITIVE_INFINITY });
    const body = {
      [auth.field ?? 'token']: token,
      ...(auth.expiresIn === undefined ? {} : { expires_in: auth.expiresIn }),
    };
    return answer(200, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  /** All tokens given so far are worth nothing from now on. */
  expireAll(): void {
    this.#tokens.clear();
  }

  #known(authorization: string | undefined): boolean {
    const { username, password, identity } = this.#auth ?? {};
    const basic = (name: string, secret: string): string =>
      `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    if (identity !== undefined && authorization === basic('<token>', identity)) return true;
    return username !== undefined && authorization === basic(username, password ?? '');
  }

  #token(authorization: string | undefined): Token | undefined {
    const name = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    const token = this.#tokens.get(name);
    return token === undefined || token.uses <= 0 ? undefined : token;
  }

  #refuse(needed: Permission | undefined): Answer {
    const auth = this.#auth;
    const scope =
      needed === undefined
        ? ''
        : `,scope="repository:${needed.repository}:${needed.action === 'push' ? 'pull,push' : 'pull'}"`;
    const usual =
      auth?.kind === 'basic'
        ? 'Basic realm="the tests\' registry"'
        : `Bearer realm="${auth?.realm ?? this.#realm()}",service="tests"${scope}`;
    const refusal = failure(401, 'UNAUTHORIZED', 'authentication required');
    return {
      ...refusal,
      headers: { ...refusal.headers, 'www-authenticate': auth?.challenge?.(usual) ?? usual },
    };
  }
}
