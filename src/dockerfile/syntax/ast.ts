// A Dockerfile as a tree that keeps every byte: what was written stays in `text`, nodes say where. The grammar is that of
// BuildKit's parser (frontend/dockerfile/parser), which the e2e suite compares this one with.

/** A half-open range of UTF-16 offsets in `Dockerfile.text`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One-based; a column counts UTF-16 units, a tab is one. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Dockerfile {
  readonly text: string;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
  readonly directives: readonly Directive[];
  readonly escape: '\\' | '`';
  /** In the order of the file. */
  readonly instructions: readonly Instruction[];
  /** Whole-line comments, those between continued lines too; the line's end is not in the span. */
  readonly comments: readonly Comment[];
  /** What BuildKit would refuse, or what cannot be read. */
  readonly problems: readonly SyntaxProblem[];
}

/** `# syntax=…`, `# escape=…`, `# check=…` at the head of the file. */
export interface Directive {
  readonly name: string;
  readonly value: string;
  readonly span: Span;
}

export interface Comment {
  /** After the `#`, not trimmed. */
  readonly text: string;
  readonly span: Span;
  /** Stands between the continued lines of an instruction. */
  readonly continued: boolean;
}

export interface SyntaxProblem {
  readonly code:
    | 'unknown-instruction'
    | 'unterminated-heredoc'
    | 'missing-argument'
    | 'bad-argument'
    | 'bad-flag'
    | 'bad-directive'
    /** A line of more than 64 KiB, which BuildKit does not read. */
    | 'long-line'
    /** From here on nothing is read: a bound against files that are none, which BuildKit does not have. */
    | 'too-long'
    | 'no-stage'
    | 'before-from'
    /** Of the graph of stages: a stage that reads itself, however indirectly. */
    | 'circular'
    /** Of the graph of stages: `--from=9` where there is no such stage, a base that comes to nothing. */
    | 'bad-reference';
  readonly message: string;
  readonly span: Span;
}

/** Text without continuations and the comments among them, and where each of its characters was written. */
export interface Logical {
  readonly text: string;
  /** File offset of each character; one more entry at the end: the offset just after the last. */
  readonly offsets: readonly number[];
}

export interface Flag {
  /** `mount`, `from`, `platform`, without the dashes. */
  readonly name: string;
  /** After the `=`, without quotes and escapes, or undefined for a bare `--link`. */
  readonly value: string | undefined;
  readonly span: Span;
  /** Of the value alone, quotes included; empty at the flag's end where there is none. */
  readonly valueSpan: Span;
}

/** A word of an argument. */
export interface Word {
  /** As written, but for continuations in it. */
  readonly raw: string;
  /**
   * Without quotes and escapes; variables stay as they are written (`expandWord` takes `raw`, since a quoted `$` is none).
   * The same as `raw` where a quote is not closed. Of a JSON array the string that is meant.
   */
  readonly value: string;
  readonly span: Span;
}

export interface Heredoc {
  readonly name: string;
  /** False where the name was quoted: the body is taken literally. */
  readonly expands: boolean;
  /** `<<-`: leading tabs are stripped. */
  readonly chomps: boolean;
  /** The `<<EOF` itself. */
  readonly marker: Span;
  /** The lines between, with their ends. */
  readonly body: Span;
  /** The closing line, without its end. */
  readonly terminator: Span;
}

export interface Instruction {
  /** Upper case: `RUN`. For ONBUILD the instruction that it triggers stands in `trigger`. */
  readonly keyword: string;
  readonly keywordSpan: Span;
  /**
   * From the first character of its first line to the end of its last line, heredoc bodies included, without the line's
   * end. That of a trigger begins at its keyword.
   */
  readonly span: Span;
  readonly flags: readonly Flag[];
  /** After the flags. */
  readonly argument: Logical;
  /** `exec`: a JSON array of strings, whose elements are `words`. */
  readonly form: 'shell' | 'exec';
  /**
   * Of a JSON array, or the words of COPY, ADD, ENV and so on; empty where a shell reads the argument. WORKDIR, USER,
   * STOPSIGNAL and MAINTAINER have one. HEALTHCHECK has `NONE` or `CMD` first, then the elements of its array.
   */
  readonly words: readonly Word[];
  /** ENV, ARG, LABEL: in order. `value` is undefined for `ARG NAME`. `legacy`: `ENV K V`. */
  readonly pairs: readonly Pair[];
  /** Of RUN, COPY and ADD in the shell form. What an ONBUILD's line announces belongs to its trigger. */
  readonly heredocs: readonly Heredoc[];
  readonly trigger: Instruction | undefined;
}

export interface Pair {
  readonly name: string;
  readonly value: Word | undefined;
  readonly span: Span;
  readonly legacy: boolean;
}
