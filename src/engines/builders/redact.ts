// Secrets out of what a build prints: a step may print what it was lent.

import { readFileSync, statSync } from 'node:fs';

/** Shorter ones would blot out ordinary words. */
const SHORTEST = 6;
const LARGEST = 64 << 10;
const SHOWN = '***';

/**
 * @param secrets as builders take them: `id=…,src=FILE`, `id=…,env=NAME`
 * @returns what takes the values of these secrets out of a text, line by line of each
 */
export function redactor(
  secrets: readonly string[],
  environment: NodeJS.ProcessEnv,
): (text: string) => string {
  const values = secrets
    .flatMap((secret) => secretValue(secret, environment)?.split('\n') ?? [])
    .flatMap((line) => [line.trim(), ...passwordsIn(line)])
    .filter((line) => line.length >= SHORTEST);
  // The longest first: one may be part of another.
  const distinct = [...new Set(values)].sort((a, b) => b.length - a.length);
  return (text) => distinct.reduce((rest, value) => rest.replaceAll(value, SHOWN), text);
}

/** In files that hold more than the secret: `.netrc`, `pip.conf`, `auth.toml`, an address with a login. */
function passwordsIn(line: string): string[] {
  const [, address] = /:\/\/[^/@\s]*:([^/@\s]+)@/.exec(line) ?? [];
  const [, named] =
    /(?:password|passwd|token|secret|_auth)["']?\s*[=:\s]\s*["']?([^\s"']+)/i.exec(line) ?? [];
  return [address, named].filter((found) => found !== undefined);
}

/** The fields of `id=…,src=…`; `source` is another name of `src`. */
export function secretFields(secret: string): ReadonlyMap<string, string> {
  return new Map(
    secret.split(',').map((field) => {
      const at = field.indexOf('=');
      const name = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
      return [name === 'source' ? 'src' : name, at < 0 ? '' : field.slice(at + 1)] as const;
    }),
  );
}

/** What a builder would read, where it can be read: that it cannot is the builder's to say. */
function secretValue(secret: string, environment: NodeJS.ProcessEnv): string | undefined {
  const fields = secretFields(secret);
  const id = fields.get('id');
  const path = fields.get('src');
  const name = fields.get('env') ?? (path === undefined ? id : undefined);
  if (name !== undefined && environment[name] !== undefined) return environment[name];
  if (path === undefined) return undefined;
  try {
    return statSync(path).size > LARGEST ? undefined : readFileSync(path, 'utf8');
  } catch {
    return fields.get('type') === 'env' ? environment[path] : undefined;
  }
}
