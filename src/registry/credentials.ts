// Whose login goes where: `BIVY_REGISTRY_USERNAME` and `BIVY_REGISTRY_PASSWORD` for the registry pushed to, then what
// `docker login` and `podman login` keep, in files and in helpers. Files are read once, and only when a registry asks.

import { BivyError } from '../kernel/errors.ts';
import { apiHost, loginKey } from '../oci/reference.ts';
import type { Credential, FindCredential } from './credential.ts';
import { decodeLogin, type LoginFile, loginFiles, readLoginFile } from './credentials-file.ts';
import { askHelper } from './credentials-helper.ts';
import type { RegistryOptions, Repository } from './registry.ts';

const USERNAME = 'BIVY_REGISTRY_USERNAME';
const PASSWORD = 'BIVY_REGISTRY_PASSWORD';

/**
 * Of one file, the helper of that server wins over the helper for all, this over a login in the file; of several logins
 * the one for the longest beginning of the repository's name. The first file that has anything decides.
 */
export function findCredentials(options: RegistryOptions): FindCredential {
  const { environment } = options;
  let files: Promise<readonly LoginFile[]> | undefined;
  const answers = new Map<string, Promise<Credential | undefined>>();

  /** Asked once: some helpers want a finger on a sensor. */
  function ask(helper: string, server: string, file: string): Promise<Credential | undefined> {
    const key = JSON.stringify([helper, server]);
    const known = answers.get(key) ?? askHelper({ helper, server, file, environment });
    answers.set(key, known);
    return known;
  }

  async function findIn(file: LoginFile, repository: Repository): Promise<Credential | undefined> {
    const { domain } = repository;
    for (const server of [loginKey(domain), ...serversOf(domain)]) {
      const helper = file.helpers.get(server);
      if (helper === undefined || helper === '') continue;
      const found = await ask(helper, server, file.path);
      if (found !== undefined) return found;
    }
    const stored = file.store === undefined ? undefined : await ask(file.store, loginKey(domain), file.path);
    return stored ?? loginFor(file, repository);
  }

  return async (repository) => {
    const own = ownLogin(options, repository.domain);
    if (own !== undefined) return own;
    files ??= readAll(environment);
    for (const file of await files) {
      const found = await findIn(file, repository);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

async function readAll(environment: NodeJS.ProcessEnv): Promise<readonly LoginFile[]> {
  const files: LoginFile[] = [];
  for (const path of new Set(loginFiles(environment))) {
    const file = await readLoginFile(path);
    if (file !== undefined) files.push(file);
  }
  return files;
}

function ownLogin({ environment, own }: RegistryOptions, domain: string): Credential | undefined {
  if (domain !== own) return undefined;
  const username = environment[USERNAME] ?? '';
  const password = environment[PASSWORD] ?? '';
  if (username === '' && password === '') return undefined;
  if (username !== '' && password !== '') return { kind: 'password', username, password };
  const [said, missing] = username === '' ? [PASSWORD, USERNAME] : [USERNAME, PASSWORD];
  throw new BivyError('CONFIG_INVALID', `\`${said}\` is set and \`${missing}\` is not`, {
    hint: `set both, or neither: then the login that \`docker login ${domain}\` keeps is used`,
  });
}

function loginFor(file: LoginFile, { domain, path }: Repository): Credential | undefined {
  const servers = serversOf(domain);
  const segments = path.split('/');
  for (let count = segments.length; count >= 0; count--) {
    const rest = segments.slice(0, count);
    for (const server of servers) {
      const entry = file.logins.get([server, ...rest].join('/'));
      const found = entry === undefined ? undefined : decodeLogin(entry);
      if (found !== undefined) return found;
    }
  }
  for (const [key, entry] of file.logins) {
    const found = servers.includes(serverOf(key)) ? decodeLogin(entry) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names that a domain's registry goes by. */
function serversOf(domain: string): readonly string[] {
  return [...new Set([domain, serverOf(loginKey(domain)), apiHost(domain)])];
}

/** A key without scheme, and without the path of an API: `https://index.docker.io/v1/` is `index.docker.io`. */
function serverOf(key: string): string {
  const [, scheme, host = '', path = ''] = /^(https?:\/\/)?([^/]*)(\/.*)?$/.exec(key) ?? [];
  return scheme !== undefined || /^\/(?:v[12]\/?)?$/.test(path) ? host : key;
}
