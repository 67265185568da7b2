// The registry client: who is asked for what. What is pulled is looked for at mirrors first; what is pushed, and whatever
// is asked of where one pushes to, is the registry's own business.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { hasBlob, readBlob } from './blobs.ts';
import type { FindCredential } from './credential.ts';
import { openExchange } from './exchange.ts';
import { findManifest, getManifest, putManifest } from './manifests.ts';
import type { Registry, RegistryOptions, Repository } from './registry.ts';
import { nameOf } from './repository.ts';
import { openUploads } from './upload.ts';

/** Nothing is asked before the first call. @param find whose login to use, once a registry asks for one */
export function createRegistry(options: RegistryOptions, context: Context, find: FindCredential): Registry {
  const exchange = openExchange(options, context, find);
  const uploads = openUploads(exchange, context);
  const pushedTo = new Set(options.own === undefined ? [] : [options.own]);
  /** Mirrors that were told of, and those that do not answer: these are not asked again. */
  const told = new Set<string>();
  const silent = new Set<string>();
  /** Blobs that a repository said it has: not asked again. Where one goes meanwhile, the manifest is refused. */
  const seen = new Set<string>();

  /** Mirrors that are to be asked first, and then the registry itself. */
  function sourcesOf(repository: Repository): readonly Repository[] {
    const { domain, path } = repository;
    if (pushedTo.has(domain)) return [repository];
    const mirrors = Object.hasOwn(options.mirrors, domain) ? (options.mirrors[domain] ?? []) : [];
    const repositories = mirrors.map((mirror) => {
      const [host = '', ...above] = mirror.split('/').filter((part) => part !== '');
      return { domain: host, path: [...above, path].join('/') };
    });
    return [...repositories.filter((mirror) => !silent.has(mirror.domain)), repository];
  }

  /** Of a failure of a mirror only a note is left. */
  function passOver(mirror: Repository, repository: Repository, error: unknown): void {
    context.signal.throwIfAborted();
    if (!(error instanceof BivyError) || error.code === 'OFFLINE' || error.code === 'CONFIG_INVALID')
      throw error;
    if (error.code === 'REGISTRY_UNREACHABLE') silent.add(mirror.domain);
    if (told.has(mirror.domain)) return;
    told.add(mirror.domain);
    const message = `the mirror \`${mirror.domain}\` fails, and \`${repository.domain}\` is asked instead: ${error.message}`;
    context.emit({ type: 'note', message });
  }

  async function pull<T>(
    repository: Repository,
    ask: (source: Repository) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    for (const source of sourcesOf(repository)) {
      if (source === repository) break;
      try {
        const found = await ask(source);
        if (found !== undefined) return found;
      } catch (error) {
        passOver(source, repository, error);
      }
    }
    return ask(repository);
  }

  return {
    getManifest: (repository, reference) =>
      pull(repository, (source) => getManifest(exchange, source, reference)),
    findManifest: (repository, reference) =>
      pull(repository, (source) => findManifest(exchange, source, reference)),
    async putManifest(repository, reference, manifest) {
      pushedTo.add(repository.domain);
      await putManifest(exchange, repository, reference, manifest);
    },
    // Asked before something is sent: only the registry itself knows, and where its tags lead as well.
    async hasBlob(repository, digest) {
      pushedTo.add(repository.domain);
      const name = `${nameOf(repository)}@${digest}`;
      if (seen.has(name)) return true;
      const isThere = await hasBlob(exchange, repository, digest);
      if (isThere) seen.add(name);
      return isThere;
    },
    async *readBlob(repository, blob) {
      let came = 0;
      for (const source of sourcesOf(repository)) {
        let skip = came;
        try {
          for await (const chunk of readBlob(exchange, source, blob)) {
            const fresh = chunk.subarray(Math.min(skip, chunk.length));
            skip -= chunk.length - fresh.length;
            if (fresh.length === 0) continue;
            came += fresh.length;
            yield fresh;
          }
          return;
        } catch (error) {
          if (source === repository) throw error;
          passOver(source, repository, error);
        }
      }
    },
    async sendBlob(repository, blob, sending) {
      pushedTo.add(repository.domain);
      return uploads.send(repository, blob, sending);
    },
  };
}
