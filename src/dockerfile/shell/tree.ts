// The grammar of a script before anything is expanded: what `grammar.ts` makes and `read.ts` walks. Places are indices into
// the text of a source.

import type { Source } from './source.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A stretch of a word. `quoted`: not split and not dropped when it is empty. */
export type Part =
  | (Range & { readonly kind: 'text'; readonly quoted: boolean })
  | (Range & { readonly kind: 'escaped'; readonly value: string })
  | (Range & {
      readonly kind: 'parameter';
      readonly name: string;
      /** `:-`, `%%`, `/`, …, `length` for `${#X}`, or empty. */
      readonly operator: string;
      readonly operand: readonly Part[];
      readonly quoted: boolean;
    })
  | (Range & {
      readonly kind: 'substitution';
      readonly source: Source;
      readonly body: Sequence;
      readonly quoted: boolean;
    })
  /** Arithmetic, `$?`; `inner` has substitutions to be walked. */
  | (Range & { readonly kind: 'unknown'; readonly inner: readonly Part[]; readonly quoted: boolean });

export interface RawWord extends Range {
  readonly parts: readonly Part[];
  /** `X=y` as an argument of `export`, `local` and their like. */
  readonly declares: RawAssignment | undefined;
}

export interface RawAssignment extends Range {
  readonly name: string;
  /** `X+=y` */
  readonly appends: boolean;
  /** `X=(a b)` and `X[0]=a`, whose values are not followed. */
  readonly array: boolean;
  readonly value: RawWord;
}

export interface RawRedirect extends Range {
  readonly operator: string;
  readonly target: RawWord;
  /** Filled in when the line ends, for `<<` and `<<-`. */
  heredoc: { readonly source: Source; readonly parts: readonly Part[] } | undefined;
}

export interface Simple extends Range {
  readonly kind: 'simple';
  readonly assignments: readonly RawAssignment[];
  readonly words: readonly RawWord[];
  readonly redirects: readonly RawRedirect[];
}

export type Node =
  | Simple
  | {
      readonly kind: 'if';
      readonly clauses: readonly { readonly condition: Sequence; readonly body: Sequence }[];
      readonly otherwise: Sequence | undefined;
      readonly redirects: readonly RawRedirect[];
    }
  | {
      readonly kind: 'loop';
      /** Of `for` and `select`. */
      readonly variable: string | undefined;
      readonly words: readonly RawWord[];
      readonly condition: Sequence | undefined;
      readonly body: Sequence;
      readonly redirects: readonly RawRedirect[];
    }
  | {
      readonly kind: 'case';
      readonly word: RawWord | undefined;
      readonly arms: readonly { readonly patterns: readonly RawWord[]; readonly body: Sequence }[];
      readonly redirects: readonly RawRedirect[];
    }
  | {
      readonly kind: 'group';
      readonly subshell: boolean;
      readonly body: Sequence;
      readonly redirects: readonly RawRedirect[];
    }
  | { readonly kind: 'function'; readonly body: Node };

export interface Pipeline {
  readonly operator: 'first' | '&&' | '||';
  readonly negated: boolean;
  readonly stages: readonly Node[];
}

export interface Chain {
  /** What stands before it. */
  readonly separator: 'start' | ';' | '&';
  readonly pipelines: readonly Pipeline[];
}

export type Sequence = readonly Chain[];
