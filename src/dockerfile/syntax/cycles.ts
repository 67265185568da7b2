// Which nodes of a graph lie on a common cycle: Tarjan's strongly connected components, without recursion.

/** The number of each node's component; two nodes have the same one where each can be reached from the other. */
export function findComponents(edges: readonly (readonly number[])[]): readonly number[] {
  const order: (number | undefined)[] = [];
  const lowest: number[] = [];
  const component: (number | undefined)[] = edges.map(() => undefined);
  const open: number[] = [];
  let visited = 0;
  let components = 0;
  for (let root = 0; root < edges.length; root += 1) {
    if (order[root] !== undefined) continue;
    const path: { node: number; edge: number }[] = [{ node: root, edge: 0 }];
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const { node } = step;
      if (step.edge === 0) {
        order[node] = visited;
        lowest[node] = visited;
        visited += 1;
        open.push(node);
      }
      const target = edges[node]?.[step.edge];
      step.edge += 1;
      if (target !== undefined) {
        if (order[target] === undefined) path.push({ node: target, edge: 0 });
        else if (component[target] === undefined) lowest[node] = Math.min(lowest[node]!, order[target]);
        continue;
      }
      path.pop();
      const caller = path.at(-1)?.node;
      if (caller !== undefined) lowest[caller] = Math.min(lowest[caller]!, lowest[node]!);
      if (lowest[node] !== order[node]) continue;
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        component[member] = components;
        if (member === node) break;
      }
      components += 1;
    }
  }
  return component.map((number) => number ?? 0);
}
