// Inline ignores: `# bivy ignore=BV103 reason` before or inside an instruction silences rules in that instruction,
// `# bivy ignore-file=BV103 reason` before the first instruction silences them in the file.

import { editDistance, nearest } from '../../kernel/decode.ts';
import type { Comment, Dockerfile, Span } from '../syntax/ast.ts';
import type { Finding, Fix } from './finding.ts';
import type { Observation } from './rule.ts';

export interface Ignore {
  readonly rule: string;
  /** Of the id in the comment. */
  readonly span: Span;
  /** Findings that begin in it are silenced; undefined: nothing is there to silence. */
  readonly scope: Span | undefined;
  /** The whole comment, and how many rules it names. */
  readonly comment: Span;
  readonly count: number;
}

export interface Ignores {
  readonly ignores: readonly Ignore[];
  /** Comments that mean to be ignores and are none, or lack something. */
  readonly faults: readonly Observation[];
}

const COMMENT = /^(\s*bivy\s+)(ignore|ignore-file)=(\S+)(.*)$/s;
const ATTEMPT = /^\s*bivy\b\s*:?\s*([A-Za-z-]*)/i;

/** @param known the ids of all rules */
export function readIgnores(dockerfile: Dockerfile, known: readonly string[]): Ignores {
  const ignores: Ignore[] = [];
  const faults: Observation[] = [];
  for (const comment of dockerfile.comments) {
    const match = COMMENT.exec(comment.text);
    if (match === null) {
      if (isAttempt(comment.text)) faults.push(misspelt(comment));
      continue;
    }
    const [, before = '', kind = '', list = '', reason = ''] = match;
    const first = dockerfile.instructions[0];
    const whole = kind === 'ignore-file';
    if (whole && first !== undefined && comment.span.start > first.span.start) {
      faults.push({
        message: '`# bivy ignore-file=` counts only before the first instruction',
        span: comment.span,
      });
      continue;
    }
    if (reason.trim() === '') {
      faults.push({ message: `say why \`${list}\` is ignored, after the rule`, span: comment.span });
    }
    const scope = whole ? { start: 0, end: dockerfile.text.length } : scopeOf(comment, dockerfile);
    let start = comment.span.end - comment.text.length + before.length + kind.length + 1;
    const ids = list.split(',');
    for (const id of ids) {
      const span = { start, end: start + id.length };
      start = span.end + 1;
      if (known.includes(id))
        ignores.push({ rule: id, span, scope, comment: comment.span, count: ids.length });
      else faults.push(unknownRule(id, known, span));
    }
  }
  return { ignores, faults };
}

/** Findings that nothing silences, and the ignores that silenced none. */
export function applyIgnores(
  findings: readonly Finding[],
  ignores: readonly Ignore[],
): { readonly kept: readonly Finding[]; readonly unused: readonly Ignore[] } {
  const used = new Set<Ignore>();
  const kept = findings.filter(({ rule, span }) => {
    const silencing = ignores.filter(
      (ignore) =>
        ignore.rule === rule &&
        ignore.scope !== undefined &&
        span.start >= ignore.scope.start &&
        span.start <= ignore.scope.end,
    );
    for (const ignore of silencing) used.add(ignore);
    return silencing.length === 0;
  });
  return { kept, unused: ignores.filter((ignore) => !used.has(ignore)) };
}

/** Takes the rule out of its comment, and the comment with it where it names no other. */
export function removal({ rule, span, comment, count }: Ignore, text: string): Fix {
  return {
    title: count === 1 ? 'remove the comment' : `take \`${rule}\` out of the comment`,
    safety: 'safe',
    edits: [{ span: count === 1 ? lineOf(comment, text) : withComma(span, text), text: '' }],
  };
}

/** With its end; of a last line without one, with the end before it. */
function lineOf(comment: Span, text: string): Span {
  const first = comment.start === 0 ? 0 : text.lastIndexOf('\n', comment.start - 1) + 1;
  const start = text[first] === '\ufeff' ? first + 1 : first;
  const end = text.indexOf('\n', comment.end);
  if (end >= 0) return { start, end: end + 1 };
  const before = first === 0 ? 0 : text.endsWith('\r\n', first) ? 2 : 1;
  return { start: start - before, end: text.length };
}

function withComma({ start, end }: Span, text: string): Span {
  return text[end] === ',' ? { start, end: end + 1 } : { start: start - 1, end };
}

/** The instruction that the comment stands in, else the next one. */
function scopeOf({ span }: Comment, { instructions }: Dockerfile): Span | undefined {
  return instructions.find((instruction) => instruction.span.end > span.start)?.span;
}

/** `# bivy: ignore BV103`, `# bivy ignores=…`: nobody writes that for another reason. */
function isAttempt(text: string): boolean {
  const word = ATTEMPT.exec(text)?.[1]?.toLowerCase();
  if (word === undefined) return false;
  const rest = text.slice(text.toLowerCase().indexOf('bivy') + 4);
  return (
    /\bBV\d+/i.test(rest) ||
    /^\s*:?\s*[A-Za-z-]+\s*=/.test(rest) ||
    ['ignore', 'ignore-file', 'disable', 'noqa'].some((known) => editDistance(word, known, 2) <= 2)
  );
}

function misspelt(comment: Comment): Observation {
  return {
    message: 'this comment silences nothing; write `# bivy ignore=BV103 reason`',
    span: comment.span,
  };
}

function unknownRule(id: string, known: readonly string[], span: Span): Observation {
  const close = nearest(id.toUpperCase(), known);
  return {
    message: `there is no rule \`${id}\`${close === undefined ? '' : `; did you mean \`${close}\`?`}`,
    span,
  };
}
