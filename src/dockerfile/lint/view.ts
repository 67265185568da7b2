// What rules share: the view that fixes are offered from, and edits that take words away.

import type { Call } from '../reading/calls.ts';
import type { ShellWord } from '../shell/ast.ts';
import { placeOf } from '../shell/source.ts';
import type { Edit } from './finding.ts';
import type { View } from './judgements/judgement.ts';
import type { LintInput } from './rule.ts';

/** The input with what was read of it. */
export function viewOf(input: LintInput): View {
  return { input, reading: input.reading };
}

/** Takes words of a call away, from `first` to `last`, with what stands before them; undefined where that is not certain. */
export function removeWords(
  { input }: View,
  { command }: Call,
  first: ShellWord,
  last: ShellWord = first,
): Edit | undefined {
  const at = command.words.indexOf(first);
  const to = command.words.indexOf(last);
  const previous = command.words[at - 1];
  if (previous === undefined || to < at) return undefined;
  for (const word of command.words.slice(at - 1, to + 1)) {
    if (placeOf(word, word.pattern.length, word.pattern.length) === undefined) return undefined;
  }
  const { text } = input.dockerfile;
  const between = text.slice(previous.span.end, first.span.start);
  if (!/^(?:[ \t,]|[\\`][ \t]*\r?\n)+$/.test(between)) return undefined;
  return { span: { start: previous.span.end, end: last.span.end }, text: '' };
}
