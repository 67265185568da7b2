// What a builder prints while it works, as events; and what it said last of the step that failed.

import type { BuilderContext } from './builder.ts';

/** Where a builder's words go. */
export type Voice = Pick<BuilderContext, 'emit' | 'redact'>;

/** Why a build did not come to its end. */
export interface Failure {
  /** As the builder calls it: `[builder 3/7] RUN poetry install`; absent where no step failed. */
  readonly step?: string;
  /** The last lines that the step printed. */
  readonly output: readonly string[];
  /** What the builder says of it: `exit code: 1`. */
  readonly reason: string;
  /** In the Dockerfile, from 1, where the builder says so. */
  readonly line?: number;
}

/** Takes a builder's lines, one after the other, without their ends. */
export interface Progress {
  line(text: string): void;
  /** Once the program has ended, and not well. */
  failure(): Failure;
}

/** Lines of a failed step that are shown. */
const SHOWN = 20;
const MAX_LINE = 2000;

/** Steps by the keys that the builder has for them. */
export interface Steps {
  /** A step that is said again is said once. */
  begin(key: string, name: string): void;
  output(key: string, text: string): void;
  end(key: string, how: 'done' | 'cached' | 'failed', seconds?: number, reason?: string): void;
  readonly failed:
    | { readonly step: string; readonly output: readonly string[]; readonly reason: string }
    | undefined;
}

export function trackSteps({ emit, redact }: Voice): Steps {
  const steps = new Map<string, { readonly name: string; ended: boolean; lines: string[]; rest: string }>();
  let failed: Steps['failed'];

  function lineOf(key: string, text: string): void {
    const step = steps.get(key);
    if (step === undefined) return;
    // Of a line that is drawn again and again, what it said last.
    const line = redact(
      text
        .replace(/^.*\r(?!$)/s, '')
        .trimEnd()
        .slice(0, MAX_LINE),
    );
    if (line === '') return;
    step.lines.push(line);
    if (step.lines.length > SHOWN) step.lines.shift();
    emit({ type: 'step-output', name: step.name, text: line });
  }
  function flush(key: string): void {
    const step = steps.get(key);
    if (step === undefined || step.rest === '') return;
    const { rest } = step;
    step.rest = '';
    lineOf(key, rest);
  }
  return {
    begin(key, name) {
      if (steps.has(key)) return;
      const told = redact(name);
      steps.set(key, { name: told, ended: false, lines: [], rest: '' });
      emit({ type: 'step', name: told, state: 'begun' });
    },
    output(key, text) {
      const step = steps.get(key);
      if (step === undefined) return;
      const [...lines] = (step.rest + text).split('\n');
      step.rest = (lines.pop() ?? '').slice(-MAX_LINE);
      for (const line of lines) lineOf(key, line);
    },
    end(key, how, seconds, reason = '') {
      const step = steps.get(key);
      if (step === undefined || step.ended) return;
      flush(key);
      step.ended = true;
      const { name } = step;
      emit({ type: 'step', name, state: how, ...(seconds === undefined ? {} : { seconds }) });
      // What is cancelled because another failed fails as well, later.
      if (how === 'failed') failed ??= { step: name, output: step.lines, reason: redact(reason) };
    },
    get failed() {
      return failed;
    },
  };
}

/** What builders print besides steps: the last of it, and the line of the Dockerfile that it shows. */
export interface Remarks {
  add(text: string): void;
  /** `failed to solve: …` and the like, without what only says that it is an error. */
  reason(): string;
  line(): number | undefined;
}

const TROUBLE = /^\s*(?:\S+: )?(?:error|failed|executor failed)\b/i;
/** What clients put before the reason: that it is one. */
const PREFIXES =
  /^(?:error: |failed to build: |failed to solve(?: with frontend [\w.]+)?: |failed to create LLB definition: |rpc error: code = \w+ desc = )+/i;

export function keepRemarks({ redact }: Voice): Remarks {
  const lines: string[] = [];
  return {
    add(text) {
      if (text.trim() === '') return;
      lines.push(redact(text.slice(0, MAX_LINE)));
      if (lines.length > 200) lines.shift();
    },
    reason() {
      const told = lines.findLast((line) => TROUBLE.test(line)) ?? lines.at(-1) ?? '';
      return told.trim().replace(PREFIXES, '');
    },
    line() {
      // `   3 | >>> RUN false`, under `Dockerfile:3`.
      const shown = lines
        .map((line) => /^\s*(\d+)\s*\|\s*>>>/.exec(line)?.[1])
        .find((found) => found !== undefined);
      const told = lines
        .map((line) => /parse error (?:(?:on|at) )?line (\d+)/i.exec(line)?.[1])
        .find((found) => found !== undefined);
      const number = shown ?? told;
      return number === undefined ? undefined : Number(number);
    },
  };
}
