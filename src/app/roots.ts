// Where a layer's files lie in the environment, in few words: the directories that hold files of their own, not each
// file. Two layers whose roots do not meet ship no file in common, which is known without their contents. Pure.

/** Names below the environment, outside of site-packages, after which a directory stands for what is in it. */
const DEPTH = 4;

/**
 * Sorted. `numpy/` is a directory under site-packages with all below it, `six.py` a file there; `/bin/uvicorn` and
 * `/share/man/man1/` stand right under the environment. A directory without files of its own (`google/`) does not count
 * as one: those below it do, so that packages of one namespace do not meet.
 * @param paths of files, as in `FileNote`; those outside of the environment are passed over
 * @param python `3.11`
 */
export function rootsOf(paths: readonly string[], python: string): readonly string[] {
  const site = `/lib/python${python}/site-packages/`;
  const roots = new Set<string>();
  const inside: string[] = [];
  for (const path of paths) {
    const at = `/${path}`.indexOf('/.venv/');
    if (at < 0) continue;
    // `at` counts the slash put in front.
    const rest = path.slice(at - 1 + '/.venv'.length);
    if (rest.startsWith(site)) inside.push(rest.slice(site.length));
    else roots.add(cut(rest));
  }
  const holding = new Set(inside.map((path) => path.slice(0, path.lastIndexOf('/') + 1)));
  for (const path of inside) roots.add(rootOf(path, holding));
  return [...roots].sort();
}

/** Whether a file could be in both. */
export function rootsMeet(left: readonly string[], right: readonly string[]): boolean {
  return covers(left, right) || covers(right, left);
}

/** Whether a root of `inner` is one of `outer`, or lies below one. */
function covers(outer: readonly string[], inner: readonly string[]): boolean {
  const known = new Set(outer);
  return inner.some((root) => known.has(root) || ancestorsOf(root).some((ancestor) => known.has(ancestor)));
}

/** `a/`, `a/b/` of `a/b/c` and of `a/b/c/`. */
function ancestorsOf(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/', 1); at >= 0 && at < path.length - 1; at = path.indexOf('/', at + 1)) {
    found.push(path.slice(0, at + 1));
  }
  return found;
}

function rootOf(path: string, holding: ReadonlySet<string>): string {
  return ancestorsOf(path).find((ancestor) => holding.has(ancestor)) ?? path;
}

function cut(path: string): string {
  const names = path.split('/', DEPTH + 2);
  return names.length <= DEPTH + 1 ? path : `${names.slice(0, DEPTH).join('/')}/`;
}
