// Flags as data: one table a command feeds the parser, the help and the completion of a mistyped word.

import { parseArgs } from 'node:util';
import { nearest } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times; each value may also hold several, separated by commas (`list`) or be one (`each`). */
  readonly multiple?: 'list' | 'each';
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
}

/** Options of every command. */
export const GLOBAL_OPTIONS: Options = {
  json: { type: 'boolean', help: 'print one JSON document on stdout' },
  quiet: { type: 'boolean', short: 'q', help: 'say nothing on stderr but errors' },
  verbose: { type: 'boolean', short: 'v', help: 'say every request, file and layer' },
  'no-progress': { type: 'boolean', help: 'plain lines, even on a terminal' },
  help: { type: 'boolean', short: 'h', help: 'print this help' },
};

/** @throws BivyError `USAGE` naming the unknown option and the nearest known one */
export function parseOptions(command: string, args: readonly string[], options: Options): Parsed {
  const known = { ...GLOBAL_OPTIONS, ...options };
  const config = Object.fromEntries(
    Object.entries(known).map(([name, option]) => [
      name,
      {
        type: option.type,
        multiple: option.multiple !== undefined,
        ...(option.short === undefined ? {} : { short: option.short }),
      },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean | readonly string[]> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = known[token.name];
    if (option === undefined) throw unknownOption(command, token.rawName, Object.keys(known));
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw usage(command, `\`--${token.name}\` takes no value`);
      values[token.name] = true;
      continue;
    }
    if (
      token.value === undefined ||
      (token.value.startsWith('-') && token.inlineValue !== true && token.value !== '-')
    ) {
      throw usage(command, `\`--${token.name}\` needs a value: ${option.value ?? 'VALUE'}`);
    }
    if (option.multiple === undefined) {
      if (values[token.name] !== undefined) throw usage(command, `\`--${token.name}\` is given twice`);
      values[token.name] = token.value;
    } else {
      const added =
        option.multiple === 'list'
          ? token.value
              .split(',')
              .map((part) => part.trim())
              .filter((part) => part !== '')
          : [token.value];
      values[token.name] = [...((values[token.name] as readonly string[] | undefined) ?? []), ...added];
    }
  }
  return { values, positionals };
}

function usage(command: string, message: string): BivyError {
  return new BivyError('USAGE', message, { hint: `run \`bivy ${command} --help\`` });
}

function unknownOption(command: string, written: string, names: readonly string[]): BivyError {
  const close = nearest(written.replace(/^-+/, ''), names);
  return new BivyError('USAGE', `\`bivy ${command}\` has no option \`${written}\``, {
    hint: close === undefined ? `run \`bivy ${command} --help\`` : `did you mean \`--${close}\`?`,
  });
}
