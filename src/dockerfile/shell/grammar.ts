// Lists, pipelines and simple commands: POSIX shell, 2.9 and 2.10.

import type { Span } from '../syntax/ast.ts';
import { CLOSING, readCompound, readFunctionBody } from './compounds.ts';
import {
  atEnd,
  type Cursor,
  type GivenHeredoc,
  giveUp,
  lineEnd,
  nest,
  openCursor,
  skipBlanks,
  skipUnread,
} from './cursor.ts';
import { readLineEnd } from './heredocs.ts';
import { readRedirect } from './redirects.ts';
import { isEnding, peekWord, skipLines } from './reserved.ts';
import { type Source, spanOf } from './source.ts';
import type { Chain, Node, Pipeline, RawAssignment, RawRedirect, RawWord, Sequence } from './tree.ts';
import { readAssignment, readWord } from './words.ts';

/** Builtins whose arguments may be assignments. */
const DECLARING: ReadonlySet<string> = new Set(['export', 'readonly', 'local', 'declare', 'typeset']);

/** The grammar of a script; never throws. `unread` has file spans, in no order. */
export function readTree(
  source: Source,
  heredocs: readonly GivenHeredoc[],
): { readonly sequence: Sequence; readonly unread: Span[] } {
  const unread: Span[] = [];
  const shared = { unread, given: heredocs.toReversed(), depth: 0, readSequence };
  return { sequence: readSequence(openCursor(source, shared), []), unread };
}

/** Commands up to one of the words or operators that end them, which stay, or to the end of the text. */
function readSequence(cursor: Cursor, ends: readonly string[]): Sequence {
  const { text } = cursor;
  const chains: Chain[] = [];
  let separator: Chain['separator'] = 'start';
  for (;;) {
    skipBlanks(cursor);
    const before = cursor.at;
    if (lineEnd(text, before) > 0) {
      readLineEnd(cursor);
      if (chains.length > 0) separator = ';';
      continue;
    }
    if (atEnd(cursor) || isEnding(cursor, ends)) return chains;
    const pipelines = readChain(cursor, ends);
    if (pipelines.length > 0) chains.push({ separator, pipelines });
    separator = ';';
    skipBlanks(cursor);
    const c = text[cursor.at];
    const next = text[cursor.at + 1];
    if (cursor.at === before) skipUnread(cursor, strayLength(cursor));
    else if (c === ';' && next !== ';' && next !== '&') cursor.at += 1;
    else if (c === '&') {
      cursor.at += 1;
      separator = '&';
    } else if (!atEnd(cursor) && lineEnd(text, cursor.at) === 0 && !isEnding(cursor, ends))
      giveUp(cursor, cursor.at);
  }
}

/** Of an operator or a reserved word that stands where a command should. */
function strayLength(cursor: Cursor): number {
  const word = peekWord(cursor);
  if (word !== undefined) return word.length;
  return /^(?:&&|\|\||;;)/.test(cursor.text.slice(cursor.at, cursor.at + 2)) ? 2 : 1;
}

function readChain(cursor: Cursor, ends: readonly string[]): readonly Pipeline[] {
  const pipelines: Pipeline[] = [];
  let operator: Pipeline['operator'] = 'first';
  let operatorAt = cursor.at;
  for (;;) {
    const pipeline = readPipeline(cursor, operator, ends);
    if (pipeline === undefined) {
      if (operator !== 'first') cursor.shared.unread.push(spanOf(cursor.source, operatorAt, operatorAt + 2));
      return pipelines;
    }
    pipelines.push(pipeline);
    skipBlanks(cursor);
    const two = cursor.text.slice(cursor.at, cursor.at + 2);
    if (two !== '&&' && two !== '||') return pipelines;
    operator = two;
    operatorAt = cursor.at;
    cursor.at += 2;
    skipLines(cursor);
  }
}

function readPipeline(
  cursor: Cursor,
  operator: Pipeline['operator'],
  ends: readonly string[],
): Pipeline | undefined {
  let negated = false;
  while (peekWord(cursor) === '!') {
    negated = !negated;
    cursor.at += 1;
    skipBlanks(cursor);
  }
  const stages: Node[] = [];
  for (;;) {
    const at = cursor.at;
    const node = isEnding(cursor, ends) ? undefined : nest(cursor, () => readCommand(cursor), undefined);
    if (node === undefined) {
      if (stages.length === 0) return undefined;
      cursor.shared.unread.push(spanOf(cursor.source, at - 1, at));
      break;
    }
    stages.push(node);
    skipBlanks(cursor);
    if (cursor.text[cursor.at] !== '|' || cursor.text[cursor.at + 1] === '|') break;
    cursor.at += cursor.text[cursor.at + 1] === '&' ? 2 : 1;
    skipLines(cursor);
  }
  return { operator, negated, stages };
}

function readCommand(cursor: Cursor): Node | undefined {
  const word = peekWord(cursor);
  if (word !== undefined && CLOSING.has(word)) return undefined;
  return readCompound(cursor) ?? readSimple(cursor);
}

function readSimple(cursor: Cursor): Node | undefined {
  const from = cursor.at;
  let to = from;
  const assignments: RawAssignment[] = [];
  const words: RawWord[] = [];
  const redirects: RawRedirect[] = [];
  let declares = false;
  for (; ; to = cursor.at) {
    const before = cursor.at;
    skipBlanks(cursor);
    const redirect = readRedirect(cursor);
    if (redirect !== undefined) {
      redirects.push(redirect);
      continue;
    }
    const assignment = words.length === 0 || declares ? readAssignment(cursor) : undefined;
    if (assignment !== undefined) {
      if (words.length === 0) assignments.push(assignment);
      else words.push({ from: assignment.from, to: assignment.to, parts: [], declares: assignment });
      continue;
    }
    if (words.length === 1 && assignments.length === 0 && isFunction(cursor))
      return readFunctionBody(cursor, from);
    const word = readWord(cursor);
    if (word === undefined) {
      if (words.length + assignments.length + redirects.length > 0) cursor.at = before;
      break;
    }
    words.push(word);
    if (words.length === 1) declares = DECLARING.has(cursor.text.slice(word.from, word.to));
  }
  if (to === from) return undefined;
  return { kind: 'simple', from, to, assignments, words, redirects };
}

function isFunction(cursor: Cursor): boolean {
  return /^\([ \t]*\)/.test(cursor.text.slice(cursor.at, cursor.at + 8));
}
