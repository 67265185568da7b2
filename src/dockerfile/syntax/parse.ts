// A Dockerfile as a tree. Never throws, takes time in proportion to the text, and tells as `problems` what BuildKit would
// refuse; what follows a problem is read all the same, but beyond a mebibyte of instructions nothing is.

import type { Comment, Directive, Dockerfile, Instruction, SyntaxProblem } from './ast.ts';
import { skipSpaces } from './blanks.ts';
import { directiveAt, directiveProblem } from './directives.ts';
import { findHeredocs, readBodies } from './heredoc.ts';
import { type Refusal, readInstruction, shorten } from './instruction.ts';
import { commentAt, findLineStarts, type JoinedLine, joinLines, lineCount, lineEnd } from './lines.ts';
import { findFaults } from './validity.ts';

const BYTE_ORDER_MARK = '\ufeff';
const DEFAULT_ESCAPE = '\\';
const HEREDOC_KEYWORDS: readonly string[] = ['RUN', 'COPY', 'ADD'];
/** Of BuildKit's scanner: bytes of a line with its end. */
const MAX_LINE = 65_536;
/** Characters of instructions that are read, heredocs and comments not counted: a hundred times what anybody writes. */
const MAX_TEXT = 1 << 20;

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
  let left = MAX_TEXT;
  for (let index = 0; index < count; ) {
    const begin = index === 0 && text.startsWith(BYTE_ORDER_MARK) ? 1 : lineStarts[index]!;
    const end = lineEnd(text, lineStarts, index);
    const start = skipSpaces(text, begin, end);
    const comment = commentAt(text, start, end, false);
    const directive: Directive | undefined =
      head && comment !== undefined ? directiveAt(text, start, end) : undefined;
    head = directive !== undefined;
    if (directive !== undefined) {
      const problem = directiveProblem(directive, directives);
      if (problem !== undefined) problems.push(problem);
      else if (directive.name === 'escape') token = directive.value === '`' ? '`' : '\\';
      directives.push(directive);
    } else if (comment !== undefined) comments.push(comment);
    if (comment !== undefined || start === end) {
      index += 1;
      continue;
    }
    const line = joinLines(text, lineStarts, index, start, token, comments);
    left -= line.text.length;
    if (left < 0) {
      const message = 'no more than 1 MiB of instructions is read; this one and what follows is not';
      problems.push({ code: 'too-long', message, span: { start, end } });
      break;
    }
    const read = readLines(text, lineStarts, line, start, token, problems);
    index = read.next;
    if (read.instruction === undefined) {
      const message = 'nothing follows this continuation';
      problems.push({ code: 'unknown-instruction', message, span: { start, end } });
      continue;
    }
    instructions.push(read.instruction);
    for (const fault of findFaults(read.instruction)) problems.push(fault);
  }
  for (const long of findLongLines(text, lineStarts)) problems.push(long);
  for (const missing of findMissingStages(instructions)) problems.push(missing);
  problems.sort((one, other) => one.span.start - other.span.start);
  return { text, lineStarts, directives, escape: token, instructions, comments, problems };
}

/** The instruction of a joined line that begins at `start`, with its heredocs; `next` is the line after it. */
function readLines(
  text: string,
  lineStarts: readonly number[],
  line: JoinedLine,
  start: number,
  token: string,
  problems: SyntaxProblem[],
): { readonly instruction: Instruction | undefined; readonly next: number } {
  const refusals: Refusal[] = [];
  const read = readInstruction(line, token, refusals);
  for (const { message, span } of refusals) problems.push({ code: 'bad-argument', message, span });
  if (read === undefined) return { instruction: undefined, next: line.next };
  const span = { start, end: lineEnd(text, lineStarts, line.next - 1) };
  const instruction = { ...read, span };
  // Those of an ONBUILD's line belong to what it triggers.
  const holder = read.keyword === 'ONBUILD' ? read.trigger : read;
  if (holder?.form !== 'shell' || !HEREDOC_KEYWORDS.includes(holder.keyword)) {
    return { instruction, next: line.next };
  }
  const { heredocs, next, unterminated } = readBodies(text, lineStarts, line.next, findHeredocs(line));
  if (unterminated !== undefined) {
    const message = `the heredoc \`${shorten(unterminated.name)}\` does not end`;
    problems.push({ code: 'unterminated-heredoc', message, span: unterminated.marker });
  }
  const end = heredocs.at(-1)?.terminator.end;
  if (end === undefined) return { instruction, next };
  const whole = { start, end };
  if (holder === read) return { instruction: { ...read, heredocs, span: whole }, next };
  const trigger = { ...holder, heredocs, span: { start: holder.span.start, end } };
  return { instruction: { ...read, trigger, span: whole }, next };
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
