// A Dockerfile as a tree. Never throws, takes time in proportion to the text, and tells as `problems` what BuildKit would
// refuse; what follows a problem is read all the same.

import type { Comment, Directive, Dockerfile, Instruction, SyntaxProblem } from './ast.ts';
import { skipSpaces } from './blanks.ts';
import { directiveAt, directiveProblem } from './directives.ts';
import { findHeredocs, readBodies } from './heredoc.ts';
import { type Refusal, readInstruction, shorten } from './instruction.ts';
import { commentAt, findLineStarts, joinLines, lineCount, lineEnd } from './lines.ts';
import { findFaults } from './validity.ts';

const BYTE_ORDER_MARK = '\ufeff';
const DEFAULT_ESCAPE = '\\';
const HEREDOC_KEYWORDS: readonly string[] = ['RUN', 'COPY', 'ADD'];
/** Of BuildKit's scanner: bytes of a line with its end. */
const MAX_LINE = 65_536;

/** Parses any text. */
export function parseDockerfile(text: string): Dockerfile {
  const lineStarts = findLineStarts(text);
  const count = lineCount(text, lineStarts);
  const directives: Directive[] = [];
  const instructions: Instruction[] = [];
  const comments: Comment[] = [];
  const problems: SyntaxProblem[] = [];
  let token: '\\' | '`' = DEFAULT_ESCAPE;
  let head = true;
  for (let index = 0; index < count; ) {
    const begin = index === 0 && text.startsWith(BYTE_ORDER_MARK) ? 1 : lineStarts[index]!;
    const end = lineEnd(text, lineStarts, index);
    const start = skipSpaces(text, begin, end);
    const comment = commentAt(text, start, end, false);
    if (comment !== undefined || start === end) {
      const directive = head && comment !== undefined ? directiveAt(text, start, end) : undefined;
      if (directive !== undefined) {
        const problem = directiveProblem(directive, directives);
        if (problem !== undefined) problems.push(problem);
        else if (directive.name === 'escape') token = directive.value === '`' ? '`' : '\\';
        directives.push(directive);
      } else {
        head = false;
        if (comment !== undefined) comments.push(comment);
      }
      index += 1;
      continue;
    }
    head = false;
    const first = index;
    const line = joinLines(text, lineStarts, index, start, token, comments);
    index = line.next;
    const refusals: Refusal[] = [];
    const read = readInstruction(line, token, refusals);
    if (read === undefined) continue;
    const takesHeredocs = read.keyword === 'ONBUILD' ? read.trigger : read;
    let instruction: Instruction = read;
    if (takesHeredocs?.form === 'shell' && HEREDOC_KEYWORDS.includes(takesHeredocs.keyword)) {
      const { heredocs, next, unterminated } = readBodies(text, lineStarts, index, findHeredocs(line));
      index = next;
      if (unterminated !== undefined) {
        const message = `the heredoc \`${shorten(unterminated.name)}\` does not end`;
        problems.push({ code: 'unterminated-heredoc', message, span: unterminated.marker });
      }
      if (heredocs.length > 0) {
        const last = lineEnd(text, lineStarts, Math.min(index, count) - 1);
        const holder = { ...takesHeredocs, heredocs, span: { start: takesHeredocs.span.start, end: last } };
        instruction = read.trigger === undefined ? holder : { ...read, trigger: holder };
      }
    }
    const span = { start, end: lineEnd(text, lineStarts, Math.max(first, Math.min(index, count) - 1)) };
    instruction = { ...instruction, span };
    instructions.push(instruction);
    for (const { message, span } of refusals) problems.push({ code: 'bad-argument', message, span });
    problems.push(...findFaults(instruction));
  }
  problems.push(...findLongLines(text, lineStarts), ...findMissingStages(instructions));
  problems.sort((one, other) => one.span.start - other.span.start);
  return { text, lineStarts, directives, escape: token, instructions, comments, problems };
}

function findLongLines(text: string, lineStarts: readonly number[]): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  lineStarts.forEach((start, index) => {
    const end = lineStarts[index + 1] ?? text.length;
    // A UTF-16 unit is three bytes at most.
    if ((end - start) * 3 <= MAX_LINE || Buffer.byteLength(text.slice(start, end)) <= MAX_LINE) return;
    const message = 'BuildKit reads no line of more than 64 KiB';
    problems.push({ code: 'long-line', message, span: { start, end: lineEnd(text, lineStarts, index) } });
  });
  return problems;
}

function findMissingStages(instructions: readonly Instruction[]): SyntaxProblem[] {
  const from = instructions.findIndex(({ keyword }) => keyword === 'FROM');
  if (from === -1) {
    const span = instructions[0]?.keywordSpan ?? { start: 0, end: 0 };
    const message = instructions.length === 0 ? 'there is no instruction' : 'there is no FROM';
    return [{ code: 'no-stage', message, span }];
  }
  const early = instructions.slice(0, from).find(({ keyword }) => keyword !== 'ARG');
  if (early === undefined) return [];
  const message = `${shorten(early.keyword)} stands before the first FROM, where only ARG may`;
  return [{ code: 'before-from', message, span: early.keywordSpan }];
}
