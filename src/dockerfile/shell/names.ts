// What a program is called, however it is reached.

import type { ShellWord } from './ast.ts';

const ALIASES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^(?:python|pypy)[0-9.\0]*t?$/, 'python'],
  [/^pip[0-9.\0]*$/, 'pip'],
];

/**
 * The base name of a program, also where its directory is unknown (`$POETRY_HOME/bin/poetry`); every Python is `python`,
 * every pip `pip`. Undefined where the name itself is unknown.
 */
export function programName({ pattern }: Pick<ShellWord, 'pattern'>): string | undefined {
  const name = pattern.slice(pattern.lastIndexOf('/') + 1).replace(/\.exe$/, '');
  for (const [alias, program] of ALIASES) if (alias.test(name)) return program;
  return name === '' || name.includes('\0') ? undefined : name;
}

/** The name in a requirement that is run: `poetry==1.8.3`, `poetry@1.8.3`, `poetry[x]`. */
export function requiredName({ pattern }: Pick<ShellWord, 'pattern'>): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(pattern)?.[0].toLowerCase();
}

/** Whether a name is that of a shell of this reader's kind. */
export function isShell(name: string | undefined): boolean {
  return name !== undefined && /^(?:ba|da|a|z|k)?sh$/.test(name);
}
