// What a RUN does, as far as it can be known without running it: commands with their words. Not an interpreter: what
// cannot be known (a substitution's output) is said to be unknown.

import type { Span } from '../syntax/ast.ts';

/** A word after quote removal and with known variables put in. */
export interface ShellWord {
  /** As written in the file. */
  readonly raw: string;
  /** What the command would see; undefined where it rests on something unknown. */
  readonly value: string | undefined;
  /** The value with `\0` in the place of each unknown part: `poetry==\0`. */
  readonly pattern: string;
  /** In the file. */
  readonly span: Span;
}

export interface Assignment {
  readonly name: string;
  readonly value: ShellWord;
  readonly span: Span;
}

export interface Redirect {
  /** `>`, `>>`, `<`, `2>`, `<<`, … */
  readonly operator: string;
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
  /** From the first word to the last, without the separator. */
  readonly span: Span;
  /** What stands before it: the start of the script, `&&`, `||`, `;` (or a line's end), `|`, `&`. */
  readonly joined: 'start' | '&&' | '||' | ';' | '|' | '&';
  /** Inside `if`, `case`, a loop, a function or a `{ }`/`( )` group, after `||`: it may not run. */
  readonly conditional: boolean;
  /** Inside `$(…)` or backquotes. */
  readonly substituted: boolean;
  /** A branch of an `if`: which one, counted from 0; the condition itself is no branch. */
  readonly branch: number | undefined;
  /** Heredoc given to it as standard input, or undefined. */
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
