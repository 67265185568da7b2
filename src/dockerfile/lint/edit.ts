// Edits by range: what stands outside the ranges stays as it is, to the byte. Pure.

import type { Span } from '../syntax/ast.ts';
import type { Edit, Finding, Fix } from './finding.ts';

/**
 * The text with the edits in it, whatever their order. A `\n` of an inserted text becomes the line end that is used where
 * it is inserted.
 * @throws RangeError where edits overlap or leave the text: a fault of the rule that made them
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = inOrder(edits);
  let result = '';
  let from = 0;
  for (const { span, text: inserted } of sorted) {
    if (span.start < from || span.end < span.start || span.end > text.length) {
      throw new RangeError(`an edit of ${span.start} to ${span.end} does not fit`);
    }
    result += text.slice(from, span.start) + insertedText(text, { span, text: inserted });
    from = span.end;
  }
  return result + text.slice(from);
}

/** What an edit really inserts: with the line ends that are used there. */
export function insertedText(text: string, { span, text: inserted }: Edit): string {
  return inserted.includes('\n') ? inserted.replace(/\r?\n/g, lineEndAt(text, span.start)) : inserted;
}

/** The end of the line at an offset; of the last line that has one where it has none; `\n` where no line has. */
function lineEndAt(text: string, offset: number): '\n' | '\r\n' {
  let end = text.indexOf('\n', offset);
  if (end < 0) end = text.lastIndexOf('\n');
  return end > 0 && text[end - 1] === '\r' ? '\r\n' : '\n';
}

/**
 * Fixes that can be applied together, first come first served in the order of the file: no two of them touch, not even
 * two places of one instruction, since the second was thought out for the text before the first. What was left out
 * comes in a later round.
 *
 * @param regions spans of which only one fix may touch each: the instructions
 */
export function chooseFixes(
  findings: readonly Finding[],
  regions: readonly Span[],
  wanted: (fix: Fix, finding: Finding) => boolean,
): readonly Finding[] {
  const candidates = findings
    .flatMap((finding) => {
      const { fix } = finding;
      if (fix === null || fix.edits.length === 0 || !wanted(fix, finding)) return [];
      return [{ finding, spans: fix.edits.map(({ span }) => widen(span, regions)) }];
    })
    .sort(
      (a, b) =>
        firstOf(a.spans).start - firstOf(b.spans).start ||
        firstOf(a.spans).end - firstOf(b.spans).end ||
        (a.finding.rule < b.finding.rule ? -1 : a.finding.rule > b.finding.rule ? 1 : 0),
    );
  const taken: Span[] = [];
  const chosen: Finding[] = [];
  for (const { finding, spans } of candidates) {
    if (spans.some((span) => taken.some((other) => touch(span, other)))) continue;
    taken.push(...spans);
    chosen.push(finding);
  }
  return chosen;
}

function inOrder(edits: readonly Edit[]): readonly Edit[] {
  return edits
    .map((edit, index) => ({ edit, index }))
    .sort(
      (a, b) =>
        a.edit.span.start - b.edit.span.start || a.edit.span.end - b.edit.span.end || a.index - b.index,
    )
    .map(({ edit }) => edit);
}

/** The span with the regions that it reaches into; what only ends where a region begins stays outside. */
function widen({ start, end }: Span, regions: readonly Span[]): Span {
  let [from, to] = [start, end];
  for (const region of regions) {
    if (region.start >= Math.max(end, start + 1) || region.end <= Math.min(start, end - 1)) continue;
    from = Math.min(from, region.start);
    to = Math.max(to, region.end);
  }
  return { start: from, end: to };
}

function touch(left: Span, right: Span): boolean {
  return left.start <= right.end && right.start <= left.end;
}

function firstOf(spans: readonly Span[]): Span {
  return spans.reduce((first, span) => (span.start < first.start ? span : first));
}
