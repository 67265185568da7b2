// Unified diffs of two texts, by lines (Myers, "An O(ND) Difference Algorithm", 1986). Lines keep their ends.

interface Change {
  readonly kind: ' ' | '-' | '+';
  readonly line: string;
}

const CONTEXT = 3;
/** Most differences that are looked for one by one; what differs more is replaced whole. */
const LIMIT = 1500;

/** As `diff -u` and `git apply` have it; empty where the texts are the same. */
export function unifiedDiff(before: string, after: string, oldName: string, newName: string): string {
  if (before === after) return '';
  const changes = changesOf(linesOf(before), linesOf(after));
  return [`--- ${oldName}\n`, `+++ ${newName}\n`, ...hunksOf(changes)].join('');
}

/** Lines with their ends; the last may have none. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function changesOf(before: readonly string[], after: readonly string[]): readonly Change[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (line: string): Change => ({ kind: ' ', line });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): readonly Change[] {
  const trace = search(before, after);
  if (trace === undefined) {
    return [
      ...before.map((line) => ({ kind: '-' as const, line })),
      ...after.map((line) => ({ kind: '+' as const, line })),
    ];
  }
  const changes: Change[] = [];
  let [x, y] = [before.length, after.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const furthest = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (furthest.get(fromK) ?? 0);
    const fromY = d === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY && before[x - 1] === after[y - 1]) {
      changes.push({ kind: ' ', line: before[--x]! });
      y--;
    }
    if (d === 0) break;
    if (down) changes.push({ kind: '+', line: after[--y]! });
    else changes.push({ kind: '-', line: before[--x]! });
  }
  return changes.reverse();
}

/** How far each diagonal was reached, before each further difference; undefined beyond the limit. */
function search(
  before: readonly string[],
  after: readonly string[],
): readonly ReadonlyMap<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(before.length + after.length, LIMIT); d++) {
    trace.push(furthest);
    const next = new Map(furthest);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (next.get(k - 1) ?? -1) < (next.get(k + 1) ?? -1));
      let x = down ? (next.get(k + 1) ?? 0) : (next.get(k - 1) ?? 0) + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) x++;
      next.set(k, x);
      if (x >= before.length && x - k >= after.length) return trace;
    }
    furthest = next;
  }
  return undefined;
}

function* hunksOf(changes: readonly Change[]): Generator<string> {
  let [oldLine, newLine] = [1, 1];
  let index = 0;
  while (index < changes.length) {
    const first = changes.findIndex(({ kind }, at) => at >= index && kind !== ' ');
    if (first < 0) return;
    const start = Math.max(index, first - CONTEXT);
    oldLine += start - index;
    newLine += start - index;
    const end = endOfHunk(changes, first);
    const hunk = changes.slice(start, end);
    const removed = hunk.filter(({ kind }) => kind !== '+').length;
    const added = hunk.filter(({ kind }) => kind !== '-').length;
    yield `@@ -${range(oldLine, removed)} +${range(newLine, added)} @@\n`;
    for (const { kind, line } of hunk)
      yield line.endsWith('\n') ? `${kind}${line}` : `${kind}${line}\n\\ No newline at end of file\n`;
    oldLine += removed;
    newLine += added;
    index = end;
  }
}

/** After the last change that is near enough to the one before, and its context. */
function endOfHunk(changes: readonly Change[], first: number): number {
  let last = first;
  for (let at = first; at < changes.length && at - last <= 2 * CONTEXT; at++) {
    if (changes[at]!.kind !== ' ') last = at;
  }
  return Math.min(changes.length, last + 1 + CONTEXT);
}

/** Lines are counted from 1; of no lines at all, the one before is named. */
function range(start: number, count: number): string {
  if (count === 1) return String(start);
  return `${count === 0 ? start - 1 : start},${count}`;
}
