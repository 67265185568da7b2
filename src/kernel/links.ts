// Following symbolic links by names alone, in trees that are no file system of this host. POSIX path resolution.

/** As many as Linux follows before it says ELOOP. */
const MAX_LINKS = 40;

export interface LinkTree {
  /** What the link at that path says, as written; `undefined` where no link is. Paths as in `followLinks`. */
  readonly targetOf: (path: string) => string | undefined;
  /** @throws always: the links at the path go round in circles */
  readonly refuse: () => never;
  /** False: a link at the very end is not followed. */
  readonly last?: boolean;
}

/**
 * Where a path leads, also in what does not exist yet: with `app` a link to `/srv/real`, `app/x` is `srv/real/x`.
 * `/`-separated, relative to the tree's root, as given and as returned; nothing climbs above the root.
 */
export function followLinks(path: string, { targetOf, refuse, last = true }: LinkTree): string {
  let left = partsOf(path);
  let done: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const [name, ...rest] = left as [string, ...string[]];
    left = rest;
    if (name === '..') {
      done.pop();
      continue;
    }
    const here = [...done, name];
    const target = left.length === 0 && !last ? undefined : targetOf(here.join('/'));
    if (target === undefined) {
      done = here;
      continue;
    }
    if (++links > MAX_LINKS) refuse();
    if (target.startsWith('/')) done = [];
    left = [...partsOf(target), ...left];
  }
  return done.join('/');
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
