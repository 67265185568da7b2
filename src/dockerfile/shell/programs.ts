// Which programs a command really runs: through `sudo`, `env`, `sh -c '…'`, `python -m`, `pipx run`, an absolute path.

import type { Variables } from '../syntax/stages.ts';
import type { Assignment, Command, ShellWord } from './ast.ts';
import { inlineScript } from './inline-scripts.ts';
import { programName } from './names.ts';
import { readScript } from './read.ts';
import { sourceOfWord } from './source.ts';
import { lookThrough } from './wrappers.ts';

/** A program and what it is told. */
export interface Invocation {
  /** `poetry`, `pip`, `python`, `apt-get`; undefined where it is unknown. */
  readonly program: string | undefined;
  /** The word that names it: `/opt/poetry/bin/poetry`, or `poetry` of `python -m poetry`, `poetry==1.8.3` of `pipx run`. */
  readonly word: ShellWord;
  readonly arguments: readonly ShellWord[];
  /** Set for it alone: `X=y` before it, `env X=y`. */
  readonly environment: readonly Assignment[];
  /** The programs that run it, outermost first: `sudo`, `bash`, `python`, `uv`. */
  readonly through: readonly string[];
  /** The command that it stands in: the inner one of `sh -c '…'`. */
  readonly command: Command;
}

interface Reading {
  readonly variables: Variables;
  /** Characters of inner scripts that may still be read: they can hold themselves by a variable. */
  readonly budget: { left: number };
  readonly depth: number;
}

/** Scripts within scripts, and wrappers around wrappers, are read so far. */
const DEEPEST = 8;

/**
 * The programs that a command runs, in the order of their start. A shell with a script, `poetry run`, `pipx run` and their like
 * come before what they run; other wrappers are not told. None for bare assignments.
 *
 * @param variables as they stand before the command; inner scripts see them
 */
export function unwrapCommand(command: Command, variables: Variables): readonly Invocation[] {
  return unwrap(command, { variables, budget: { left: 1 << 16 }, depth: 0 }, [], []);
}

function unwrap(
  command: Command,
  reading: Reading,
  outside: readonly string[],
  inherited: readonly Assignment[],
): readonly Invocation[] {
  const [first] = command.words;
  if (first === undefined) return [];
  const found: Invocation[] = [];
  const through = [...outside];
  const environment = [...inherited, ...command.assignments];
  let words = command.words;
  let program = programName(first);
  for (;;) {
    const [word = first, ...rest] = words;
    const invocation = {
      program,
      word,
      arguments: rest,
      environment: [...environment],
      through: [...through],
      command,
    };
    const script = inlineScript(program, words, command);
    const isDeep = through.length - outside.length >= DEEPEST;
    const wrapped = script === undefined && !isDeep ? lookThrough(program, words) : undefined;
    if (wrapped === undefined || wrapped.told) found.push(invocation);
    if (program !== undefined) through.push(program);
    if (script !== undefined) {
      const inside = { ...reading, depth: reading.depth + 1 };
      for (const inner of readInner(script, command, inside, environment)) {
        found.push(...unwrap(inner, inside, through, environment));
      }
    }
    if (wrapped === undefined) return found;
    environment.push(...wrapped.assignments);
    words = wrapped.words;
    program = wrapped.name;
  }
}

function readInner(
  script: ShellWord,
  outer: Command,
  { variables, budget, depth }: Reading,
  environment: readonly Assignment[],
): readonly Command[] {
  if (depth > DEEPEST || script.pattern.length > budget.left) return [];
  budget.left -= script.pattern.length;
  const known = new Map(environment.map(({ name, value }) => [name, value.value]));
  return readScript(sourceOfWord(script), variables, known).commands.map((command) => ({
    ...command,
    joined: command.joined === 'start' ? outer.joined : command.joined,
    conditional: command.conditional || outer.conditional,
    substituted: command.substituted || outer.substituted,
    branch: command.branch ?? outer.branch,
  }));
}
