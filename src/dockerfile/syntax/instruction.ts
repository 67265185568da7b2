// One instruction from its joined line: keyword, flags, and the argument in the way of that keyword. BuildKit's
// `newNodeFromLine` and `line_parsers.go`.

import type { Instruction, Logical, Pair, Span, Word } from './ast.ts';
import { isBlank, isSpace, skipSpaces, trimSpaces } from './blanks.ts';
import { readFlags } from './flags.ts';
import { readJsonForm } from './json-form.ts';
import { type JoinedLine, sliceLine, spanOf } from './lines.ts';
import { readPairs } from './pairs.ts';
import { makeWord, splitBlanks } from './words.ts';

export type ArgumentKind =
  | 'shell'
  | 'list'
  | 'blanks'
  | 'pairs'
  | 'whole'
  | 'health'
  | 'instruction'
  | 'unknown';

const KINDS: ReadonlyMap<string, ArgumentKind> = new Map<string, ArgumentKind>([
  ['ADD', 'list'],
  ['ARG', 'pairs'],
  ['CMD', 'shell'],
  ['COPY', 'list'],
  ['ENTRYPOINT', 'shell'],
  ['ENV', 'pairs'],
  ['EXPOSE', 'blanks'],
  ['FROM', 'blanks'],
  ['HEALTHCHECK', 'health'],
  ['LABEL', 'pairs'],
  ['MAINTAINER', 'whole'],
  ['ONBUILD', 'instruction'],
  ['RUN', 'shell'],
  ['SHELL', 'shell'],
  ['STOPSIGNAL', 'whole'],
  ['USER', 'whole'],
  ['VOLUME', 'list'],
  ['WORKDIR', 'whole'],
]);

/** How the argument of a keyword in upper case is read. */
export function argumentKind(keyword: string): ArgumentKind {
  return KINDS.get(keyword) ?? 'unknown';
}

/** Something that the parser itself refuses, beside the instruction. */
export interface Refusal {
  readonly message: string;
  readonly span: Span;
}

interface Argument {
  readonly form: 'shell' | 'exec';
  readonly words: readonly Word[];
  readonly pairs: readonly Pair[];
  readonly trigger: Instruction | undefined;
}

const NO_ARGUMENT: Argument = { form: 'shell', words: [], pairs: [], trigger: undefined };

/**
 * Reads the joined line from `start` on; undefined where it holds nothing. Heredocs are not looked for. What is refused
 * goes to `refusals`.
 */
export function readInstruction(
  line: JoinedLine,
  token: string,
  refusals: Refusal[],
  start = 0,
  nested = false,
): Instruction | undefined {
  const { text } = line;
  const begin = skipSpaces(text, start, text.length);
  const end = trimSpaces(text, begin, text.length);
  if (begin === end) return undefined;
  let stop = begin;
  while (stop < end && !isBlank(text.charCodeAt(stop))) stop += 1;
  const keyword = text.slice(begin, stop).toUpperCase();
  const { flags, rest } = readFlags(line, stop, end, token);
  const from = skipSpaces(text, rest, end);
  const argument = readArgument(line, keyword, from, end, token, refusals, nested);
  const logical: Logical = sliceLine(line, from, end);
  return {
    keyword,
    keywordSpan: spanOf(line, begin, stop),
    span: spanOf(line, begin, end),
    flags,
    argument: logical,
    heredocs: [],
    ...argument,
  };
}

function readArgument(
  line: JoinedLine,
  keyword: string,
  start: number,
  end: number,
  token: string,
  refusals: Refusal[],
  nested: boolean,
): Argument {
  const { text } = line;
  const kind = argumentKind(keyword);
  if (start === end) return NO_ARGUMENT;
  switch (kind) {
    case 'shell':
    case 'list': {
      const json = readList(line, start, end, token, refusals);
      if (json !== undefined) return { ...NO_ARGUMENT, form: 'exec', words: json };
      return kind === 'shell' ? NO_ARGUMENT : readBlanks(line, start, end, token);
    }
    case 'blanks':
      return readBlanks(line, start, end, token);
    case 'whole':
      return { ...NO_ARGUMENT, words: [makeWord(line, { start, end }, token)] };
    case 'pairs': {
      const { words, pairs, bare } = readPairs(line, start, end, token, keyword);
      for (const word of bare) {
        const message = `${keyword} needs \`NAME=value\`, and \`${shorten(word.raw)}\` has no \`=\``;
        refusals.push({ message, span: word.span });
      }
      return { ...NO_ARGUMENT, words, pairs };
    }
    case 'health': {
      let stop = start;
      while (stop < end && !isSpace(text.charCodeAt(stop))) stop += 1;
      const type = makeWord(line, { start, end: stop }, token);
      const next = skipSpaces(text, stop, end);
      const json = readList(line, next, end, token, refusals);
      if (json === undefined) return { ...NO_ARGUMENT, words: [type] };
      return { ...NO_ARGUMENT, form: 'exec', words: [type, ...json] };
    }
    case 'instruction':
      // BuildKit refuses a trigger that is another ONBUILD, so there is nothing to read in one.
      if (nested) return NO_ARGUMENT;
      return { ...NO_ARGUMENT, trigger: readInstruction(line, token, refusals, start, true) };
    case 'unknown':
      return NO_ARGUMENT;
  }
}

function readBlanks(line: JoinedLine, start: number, end: number, token: string): Argument {
  const ranges = splitBlanks(line.text, start, end);
  return { ...NO_ARGUMENT, words: ranges.map((range) => makeWord(line, range, token)) };
}

/** The elements of a JSON array; undefined where it is none. */
function readList(
  line: JoinedLine,
  start: number,
  end: number,
  token: string,
  refusals: Refusal[],
): readonly Word[] | undefined {
  const json = readJsonForm(line.text, start, end);
  if (json.kind === 'mixed') {
    const message = 'an array in JSON form must hold strings alone';
    refusals.push({ message, span: spanOf(line, start, end) });
  }
  if (json.kind !== 'strings') return undefined;
  return json.ranges.map((range, index) => makeWord(line, range, token, json.values[index]!));
}

/** For messages: no more of a word than a line can show. */
export function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
