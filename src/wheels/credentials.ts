// Whose password goes where: credentials of private sources as Poetry finds them (address, environment, `~/.netrc`), given
// only to the host that they belong to.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  basicAuthorization,
  mayShareCredentials,
  parseHttpUrl,
  splitCredentials,
} from '../kernel/http-address.ts';
import { type Login, parseNetrc } from './netrc.ts';

/** An index with an address; `name` is what the project calls it. */
export interface NamedIndex {
  readonly name?: string;
  readonly url: string;
}

/** The value of the `Authorization` header for a URL, or nothing. */
export type Authorize = (url: string) => string | undefined;

/** The environment variables of a private source's credentials, without `_USERNAME` and `_PASSWORD` (as Poetry). */
export function credentialVariable(source: string): string {
  return `POETRY_HTTP_BASIC_${source.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * Credentials in an index's address win over those of the environment, these over `~/.netrc` (or `NETRC`). Of several
 * indexes on one host the one whose path has the longest beginning in common with the URL's decides.
 */
export function credentialsOf(indexes: readonly NamedIndex[], environment: NodeJS.ProcessEnv): Authorize {
  const known = indexes.flatMap(({ name, url }) => {
    const parsed = parseHttpUrl(url);
    if (parsed === undefined) return [];
    const { url: bare, authorization } = splitCredentials(parsed);
    const value = authorization ?? (name === undefined ? undefined : fromEnvironment(name, environment));
    return value === undefined ? [] : [{ bare, value }];
  });
  let machines: ReadonlyMap<string, Login> | undefined;

  return (address) => {
    const url = parseHttpUrl(address);
    if (url === undefined) return undefined;
    let best: { readonly common: number; readonly value: string } | undefined;
    for (const { bare, value } of known) {
      if (!mayShareCredentials(bare, url)) continue;
      const common = commonSegments(bare.pathname, url.pathname);
      if (best === undefined || common > best.common) best = { common, value };
    }
    if (best !== undefined) return best.value;
    machines ??= readNetrc(environment);
    const entry = machines.get(url.hostname.toLowerCase());
    return entry === undefined ? undefined : basicAuthorization(entry.login, entry.password);
  };
}

function fromEnvironment(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const variable = credentialVariable(name);
  const username = environment[`${variable}_USERNAME`];
  const password = environment[`${variable}_PASSWORD`];
  if (username === undefined && password === undefined) return undefined;
  return basicAuthorization(username ?? '', password ?? '');
}

function readNetrc(environment: NodeJS.ProcessEnv): ReadonlyMap<string, Login> {
  const named = environment['NETRC'];
  const path = named !== undefined && named !== '' ? named : join(environment['HOME'] ?? homedir(), '.netrc');
  try {
    return parseNetrc(readFileSync(path, 'utf8'));
  } catch {
    return new Map(); // there is none, or it is not ours to read
  }
}

function commonSegments(left: string, right: string): number {
  const [a, b] = [left.split('/'), right.split('/')];
  let count = 0;
  while (count < a.length && a[count] === b[count]) count++;
  return count;
}
