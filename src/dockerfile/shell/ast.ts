// What a RUN does, as far as it can be known without running it: commands with their words. Not an interpreter: what
// cannot be known (a substitution's output) is said to be unknown.

import type { Span } from '../syntax/ast.ts';

/** A word after quote removal and with known variables put in. */
export interface ShellWord {
  /** As written in the file, without continuations. */
  readonly raw: string;
  /** What the command would see; undefined where it rests on something unknown. */
  readonly value: string | undefined;
  /** The value with `\0` in the place of each unknown part: `poetry==\0`. */
  readonly pattern: string;
  /** In the file. Words that one unquoted variable was split into share their span. */
  readonly span: Span;
  /** Where each character of the pattern was written; `placeOf` of `source.ts` reads it. */
  readonly origin: Origin;
}

/**
 * File offsets, one pair a character. A character that stands in the file as it is is one wide; one that came from an
 * escape or a variable has the bounds of the whole escape or variable.
 */
export interface Origin {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface Assignment {
  readonly name: string;
  readonly value: ShellWord;
  readonly span: Span;
}

export interface Redirect {
  /** `>`, `>>`, `<`, `2>`, `<<`, … */
  readonly operator: string;
  /** Of a heredoc its body, with where it was written. */
  readonly target: ShellWord;
  readonly span: Span;
}

/** A simple command: `A=b poetry install --only main > log`. */
export interface Command {
  /** `X=y` before the words. */
  readonly assignments: readonly Assignment[];
  /** The program first. Empty for bare assignments. */
  readonly words: readonly ShellWord[];
  readonly redirects: readonly Redirect[];
  /** From the first word, assignment or redirect to the last, without the separator. */
  readonly span: Span;
  /** What stands before it: the start of the script, `&&`, `||`, `;` (or a line's end), `|`, `&`. */
  readonly joined: 'start' | '&&' | '||' | ';' | '|' | '&';
  /**
   * It may not run though the script succeeds: inside `if`, `case`, `while`, `until` or a function, after `||`, after
   * `test … &&` where something follows, and in groups of which that is true. A `for` is taken to have something to do.
   */
  readonly conditional: boolean;
  /** Inside `$(…)` or backquotes. */
  readonly substituted: boolean;
  /** A branch of an `if`, a `case` or `test && a || b`: which one, counted from 0; the condition itself is no branch. */
  readonly branch: number | undefined;
  /** Of a test: whether it succeeds in a build without arguments; undefined where that cannot be known, and of other commands. */
  readonly outcome: boolean | undefined;
  /** Heredoc or here-string given to it as standard input, with `\0` for unknown parts, or undefined. */
  readonly input: string | undefined;
}

export interface ShellScript {
  /** In the order of the text, those of substitutions before the command that they stand in. */
  readonly commands: readonly Command[];
  /** Variables known at the end: exported or assigned in the script. */
  readonly variables: ReadonlyMap<string, string | undefined>;
  /** Where the text is not shell that this reader knows: an unclosed quote, PowerShell. */
  readonly unread: readonly Span[];
}
