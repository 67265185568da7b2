// The words behind a command's name as options and the rest. What takes a value is said by the caller, since only the
// command knows.

import type { ShellWord } from '../shell/ast.ts';

export interface Option {
  /** With its dashes: `--only`, `-E`. */
  readonly name: string;
  /** With `\0` for unknown parts; undefined where none was given. */
  readonly value: string | undefined;
  readonly word: ShellWord;
  /** Where the value stands: the word itself for `--only=main`. */
  readonly valueWord: ShellWord | undefined;
}

export interface Arguments {
  readonly options: readonly Option[];
  readonly rest: readonly ShellWord[];
  /** Words of which nothing is known, options perhaps: `$ARGS`, `$(…)`. */
  readonly unknown: readonly ShellWord[];
}

/**
 * @param valued names of options that take the next word where they have no `=`
 */
export function readArguments(words: readonly ShellWord[], valued: ReadonlySet<string>): Arguments {
  const options: Option[] = [];
  const rest: ShellWord[] = [];
  const unknown: ShellWord[] = [];
  let only = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    const text = word.pattern;
    if (text.startsWith('\0') && !only) unknown.push(word);
    else if (only || !text.startsWith('-') || text === '-') rest.push(word);
    else if (text === '--') only = true;
    else if (text.startsWith('--')) {
      const equals = text.indexOf('=');
      const name = equals < 0 ? text : text.slice(0, equals);
      if (equals >= 0) options.push({ name, value: text.slice(equals + 1), word, valueWord: word });
      else if (valued.has(name)) {
        const next = words[at + 1];
        options.push({ name, value: next?.pattern, word, valueWord: next });
        at += 1;
      } else options.push({ name, value: undefined, word, valueWord: undefined });
    } else at += readShort(text, word, words[at + 1], valued, options);
  }
  return { options, rest, unknown };
}

/** `-nvE extra`, `-Eextra`: gives how many words more were read. */
function readShort(
  text: string,
  word: ShellWord,
  next: ShellWord | undefined,
  valued: ReadonlySet<string>,
  options: Option[],
): number {
  for (let at = 1; at < text.length; at += 1) {
    const name = `-${text[at]}`;
    if (!valued.has(name)) {
      options.push({ name, value: undefined, word, valueWord: undefined });
      continue;
    }
    if (at + 1 < text.length) {
      options.push({ name, value: text.slice(at + 1).replace(/^=/, ''), word, valueWord: word });
      return 0;
    }
    options.push({ name, value: next?.pattern, word, valueWord: next });
    return next === undefined ? 0 : 1;
  }
  return 0;
}

/** Whether one of the names was given. */
export function hasOption({ options }: Arguments, ...names: readonly string[]): boolean {
  return options.some(({ name }) => names.includes(name));
}

/** The values of the names, split at commas and blanks, without empty ones. */
export function valuesOf({ options }: Arguments, ...names: readonly string[]): readonly string[] {
  return options.flatMap(({ name, value }) =>
    names.includes(name) ? (value ?? '').split(/[\s,]+/).filter((part) => part !== '') : [],
  );
}
