// Why a package is there: the shortest chain of names from the project to it. Ties go to the name that sorts first.

/**
 * @param start what every chain begins with
 * @param roots the names that the project asks for
 * @param edges names by the name that asks for them
 * @param wanted only these are passed through
 * @returns for each wanted name its chain, from `start` to the name; those that nothing leads to have only the two
 */
export function explainNames(
  start: string,
  roots: Iterable<string>,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>();
  let level: readonly (readonly [string, readonly string[]])[] = [...new Set(roots)]
    .sort()
    .map((name) => [name, [start]]);
  while (level.length > 0) {
    const next: (readonly [string, readonly string[]])[] = [];
    for (const [name, chain] of level) {
      if (!wanted.has(name) || chains.has(name)) continue;
      const own = [...chain, name];
      chains.set(name, own);
      for (const target of [...(edges.get(name) ?? [])].sort()) next.push([target, own]);
    }
    level = next;
  }
  for (const name of wanted) if (!chains.has(name)) chains.set(name, [start, name]);
  return chains;
}
