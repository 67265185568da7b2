// Edits that the fixes of these judgements are made of. What cannot be edited with certainty gives no edit.

import type { Call } from '../../reading/calls.ts';
import { isTemplate } from '../../reading/templates.ts';
import type { ShellWord } from '../../shell/ast.ts';
import { placeOf } from '../../shell/source.ts';
import type { Instruction } from '../../syntax/ast.ts';
import type { Edit, Fix, Safety } from '../finding.ts';
import { continuation, wantsLine } from '../style.ts';
import type { View } from './judgement.ts';

/** A fix, as a part of a problem: nothing where an edit is missing or the file is a template. */
export function offer(
  { input }: View,
  title: string,
  safety: Safety,
  edits: readonly (Edit | undefined)[] | undefined,
): { readonly fix?: Fix } {
  if (edits === undefined || edits.length === 0 || isTemplate(input.dockerfile.text)) return {};
  const known = edits.filter((edit) => edit !== undefined);
  return known.length === edits.length ? { fix: { title, safety, edits: known } } : {};
}

/** Words without blanks or quotes, put behind a word of a call: of a script, or of a JSON array. */
export function insertAfter(
  { input }: View,
  call: Call,
  word: ShellWord,
  words: readonly string[],
): Edit | undefined {
  const { end, start } = word.span;
  const written = input.dockerfile.text.slice(start, end);
  const { instruction } = call.step;
  if (instruction.form === 'exec' && written.startsWith('"')) {
    return { span: { start: end, end }, text: words.map((one) => `, ${JSON.stringify(one)}`).join('') };
  }
  const place = placeOf(word, word.pattern.length, word.pattern.length);
  // Behind the closing quote, where the word has quotes of its own.
  if (place === undefined || !/^["']?[^"'$`\\\s]*["']?$/.test(written)) return undefined;
  return { span: { start: end, end }, text: words.map((one) => ` ${one}`).join('') };
}

/** The whole text of a word in place of another one; its quotes stay. */
export function replaceWord(word: ShellWord, text: string): Edit | undefined {
  const span = placeOf(word, 0, word.pattern.length);
  return span === undefined ? undefined : { span, text };
}

/** `--mount=…` flags put before what a RUN runs: a line each where there are several, or lines are broken anyway. */
export function insertMounts({ input }: View, instruction: Instruction, mounts: readonly string[]): Edit {
  const { dockerfile } = input;
  const { end } = instruction.keywordSpan;
  const flags = mounts.map((mount) => `--mount=${mount}`);
  const blank = /^[ \t]*/.exec(dockerfile.text.slice(end))?.[0] ?? '';
  const broken = /^[\\`][ \t]*\r?\n/.test(dockerfile.text.slice(end + blank.length));
  const length = flags.reduce((sum, flag) => sum + flag.length + 1, 0);
  // A heredoc's marker stands on the first line.
  const breaks =
    instruction.heredocs.length === 0 && (flags.length > 1 || wantsLine(dockerfile, instruction, length));
  const next = breaks ? continuation(dockerfile, instruction) : ' ';
  if (broken) return { span: { start: end, end }, text: ` ${flags.join(next)}` };
  return { span: { start: end, end: end + blank.length }, text: ` ${flags.join(next)}${next}` };
}
