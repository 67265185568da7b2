// How a repository is spelled in one word, with the domain in front.

import type { Repository } from './registry.ts';

/** @param name with the domain spelled out: `docker.io/library/python` */
export function repositoryOf(name: string): Repository {
  const slash = name.indexOf('/');
  return { domain: name.slice(0, slash), path: name.slice(slash + 1) };
}

/** @returns as in `repositoryOf` */
export function nameOf({ domain, path }: Repository): string {
  return `${domain}/${path}`;
}
