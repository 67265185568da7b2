// What the tests of the shell reader share: texts that stand at the beginning of a file, and commands as lines.

import type { Command, ShellScript, ShellWord } from '../../../src/dockerfile/shell/ast.ts';
import { type Invocation, unwrapCommand } from '../../../src/dockerfile/shell/programs.ts';
import { readShell } from '../../../src/dockerfile/shell/read.ts';
import type { Logical } from '../../../src/dockerfile/syntax/ast.ts';
import type { Variables } from '../../../src/dockerfile/syntax/stages.ts';

/** The text as it stands from an offset of a file on. */
export function logical(text: string, from = 0): Logical {
  return { text, offsets: Array.from({ length: text.length + 1 }, (_, at) => from + at) };
}

export function read(
  text: string,
  variables: Readonly<Record<string, string | undefined>> = {},
): ShellScript {
  return readShell(logical(text), { variables: new Map(Object.entries(variables)) });
}

/** `&& ?#0 X=1 poetry install _ {> log}`; a word with blanks stands in `<>`, what is unknown is `_`. */
export function commandLine(command: Command): string {
  const { joined, conditional, substituted, branch, assignments, words, redirects } = command;
  const marks = [
    substituted ? '$' : '',
    conditional ? '?' : '',
    branch === undefined ? '' : `#${branch}`,
  ].join('');
  return [
    joined,
    ...(marks === '' ? [] : [marks]),
    ...assignments.map(({ name, value }) => `${name}=${wordText(value)}`),
    ...words.map(wordText),
    ...redirects.map(({ operator, target }) => `{${operator} ${target.pattern.replaceAll('\0', '_')}}`),
  ].join(' ');
}

export function wordText({ pattern }: ShellWord): string {
  const text = pattern.replaceAll('\0', '_');
  return text === '' || /[ \t\n]/.test(text) ? `<${text}>` : text;
}

/** The programs of all commands of a script, with the variables that stand before it. */
export function invocationsOf(
  { commands }: ShellScript,
  variables: Variables = new Map(),
): readonly Invocation[] {
  return commands.flatMap((command) => unwrapCommand(command, variables));
}
