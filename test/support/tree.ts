// A project's tree in memory, for what is decided without a disk.

import type { Tree, TreeEntry } from '../../src/project/tree.ts';

/** What stands at a path: a file's text, or where a link leads. A path that ends in `/` is an empty directory. */
export type Files = Readonly<Record<string, string | { readonly link: string } | { readonly special: true }>>;

export function memoryTree(files: Files): Tree {
  const directories = new Map<string, Map<string, TreeEntry['kind']>>([['', new Map()]]);
  const enter = (path: string, kind: TreeEntry['kind']): void => {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? '' : path.slice(0, slash);
    if (!directories.has(parent)) enter(parent, 'directory');
    directories.get(parent)!.set(path.slice(slash + 1), kind);
    if (kind === 'directory' && !directories.has(path)) directories.set(path, new Map());
  };
  for (const [path, value] of Object.entries(files)) {
    if (path.endsWith('/')) enter(path.slice(0, -1), 'directory');
    else enter(path, typeof value === 'string' ? 'file' : 'link' in value ? 'link' : 'other');
  }
  const kind = (path: string): TreeEntry['kind'] | undefined => {
    const slash = path.lastIndexOf('/');
    return path === ''
      ? 'directory'
      : directories.get(slash < 0 ? '' : path.slice(0, slash))?.get(path.slice(slash + 1));
  };
  const resolve = (path: string, hops = 0): string | null | undefined => {
    const value = files[path];
    if (kind(path) !== 'link') return kind(path) === undefined ? undefined : path;
    const { link } = value as { link: string };
    if (link.startsWith('/') || hops > 40) return link.startsWith('/') ? null : undefined;
    const parts = path.split('/').slice(0, -1);
    for (const part of link.split('/')) {
      if (part === '..' && parts.pop() === undefined) return null;
      if (part !== '..' && part !== '.' && part !== '') parts.push(part);
    }
    return resolve(parts.join('/'), hops + 1);
  };
  return {
    list(path) {
      const found = directories.get(path);
      if (found === undefined) return undefined;
      return [...found]
        .map(([name, each]) => ({ name, kind: each }))
        .filter(({ name }) => name !== '.git')
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    kind,
    text(path) {
      const real = resolve(path);
      const value = typeof real === 'string' ? files[real] : undefined;
      return typeof value === 'string' ? value : undefined;
    },
    link: (path) => (files[path] as { link: string }).link,
    resolve: (path) => resolve(path),
  };
}
