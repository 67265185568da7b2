// Proving who asks, to one host: what goes into `Authorization` before a request, and after a 401. A login is looked for
// when the host asks for one, and no earlier; tokens are kept as long as they live, and fetched once for all who wait.

import type { Context } from '../kernel/context.ts';
import { type Challenge, chooseChallenge, parseChallenges } from './challenge.ts';
import type { Credential, FindCredential } from './credential.ts';
import type { Host, Hosts } from './hosts.ts';
import type { Repository } from './registry.ts';
import { basicOf, fetchToken, type Token } from './token.ts';

export type Actions = 'pull' | 'pull,push';

export interface Purpose {
  /** Whose login counts. */
  readonly repository: Repository;
  /** What is to be done where: its own repository first. */
  readonly scopes: readonly { readonly path: string; readonly actions: Actions }[];
}

export interface Auth {
  /** @returns nothing where the host wants nothing, or nothing is known */
  headerFor(purpose: Purpose): Promise<string | undefined>;
  /**
   * After a 401.
   * @param sent the header that went along
   * @param asked the answer's `WWW-Authenticate`
   * @returns nothing where there is nothing else to send
   */
  renew(purpose: Purpose, sent: string | undefined, asked: string | undefined): Promise<string | undefined>;
  /** Whether there is a login for what was refused. */
  hasLogin(repository: Repository): Promise<boolean>;
}

interface Kept {
  readonly realm: string;
  /** `team/app:pull`, `team/app:push`. */
  readonly covers: ReadonlySet<string>;
  readonly token: Promise<Token>;
}

export function openAuth(host: Host, hosts: Hosts, find: FindCredential, context: Context): Auth {
  let challenge = chooseChallenge(host.challenges);
  const logins = new Map<string, Promise<Credential | undefined>>();
  let kept: readonly Kept[] = [];

  function login(repository: Repository): Promise<Credential | undefined> {
    const found = logins.get(repository.path) ?? find(repository);
    logins.set(repository.path, found);
    return found;
  }

  function forget(old: Kept): void {
    kept = kept.filter((one) => one !== old);
  }

  /** A token that is good for the purpose and was not refused, from those that are here or from the realm. */
  async function tokenFor(
    purpose: Purpose,
    bearer: Challenge,
    credential: TokenCredential,
    refused: string | undefined,
    first: string | undefined,
  ): Promise<string> {
    const realm = JSON.stringify(
      [...bearer.parameters].filter(([name]) => name === 'realm' || name === 'service'),
    );
    const own = `${realm} ${purpose.repository.path}`;
    const wanted = purpose.scopes.flatMap(({ path, actions }) =>
      actions.split(',').map((action) => `${path}:${action}`),
    );
    for (;;) {
      const one = kept.find(({ realm, covers }) => realm === own && wanted.every((part) => covers.has(part)));
      if (one === undefined) break;
      const { header, until } = await one.token;
      if (header !== refused && performance.now() < until) return header;
      // Whoever waited for the same token finds the next one, once it is asked for.
      forget(one);
    }
    const scopes = purpose.scopes.map(({ path, actions }) => `repository:${path}:${actions}`);
    const ordered = first === undefined ? scopes : [first, ...scopes.filter((scope) => scope !== first)];
    const token = fetchToken({ host, challenge: bearer, scopes: ordered, credential }, hosts, context);
    const one = { realm: own, covers: new Set(wanted), token };
    kept = [...kept, one];
    token.catch(() => forget(one));
    return (await token).header;
  }

  async function header(
    purpose: Purpose,
    refused: string | undefined,
    first: string | undefined,
  ): Promise<string | undefined> {
    if (challenge === undefined) return undefined;
    const credential = await login(purpose.repository);
    if (credential?.kind === 'bearer') return `Bearer ${credential.token}`;
    if (challenge.scheme !== 'bearer') return basicOf(credential);
    return tokenFor(purpose, challenge, credential, refused, first);
  }

  return {
    headerFor: (purpose) => header(purpose, undefined, undefined),
    async renew(purpose, sent, asked) {
      challenge = chooseChallenge(parseChallenges(asked ?? '')) ?? challenge;
      const fresh = await header(purpose, sent, challenge?.parameters.get('scope'));
      return fresh === sent ? undefined : fresh;
    },
    hasLogin: async (repository) => (await login(repository)) !== undefined,
  };
}

type TokenCredential = Exclude<Credential, { kind: 'bearer' }> | undefined;
