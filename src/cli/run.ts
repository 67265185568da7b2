// From arguments to an exit status: finds the command, loads it, renders what it says and how it fails.

import { nearest } from '../kernel/decode.ts';
import { BivyError, describeError, toBivyError } from '../kernel/errors.ts';
import { VERSION } from '../kernel/program.ts';
import { COMMANDS } from './commands.ts';
import { commandHelp, mainHelp } from './help.ts';
import { type Parsed, parseOptions } from './options.ts';
import { createTerminal, renderError } from './terminal.ts';

export interface Streams {
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;
  readonly signal: AbortSignal;
  stdout(text: string): void;
  stderr(text: string): void;
  /** Stderr is a terminal. */
  readonly terminal: boolean;
}

/** Exit status: 0 done, 1 findings, 2 could not, 130 interrupted. Never throws. */
export async function run(args: readonly string[], streams: Streams): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') return help(undefined, streams);
  if (name === '--version' || name === '-V') {
    streams.stdout(`${VERSION}\n`);
    return 0;
  }
  // A failure is JSON for whoever asked for JSON, even where the arguments themselves are at fault.
  const json = asksForJson(rest);
  const verbose = rest.includes('--verbose') || rest.includes('-v');
  const colour = useColour(streams);
  try {
    if (name === 'help') return help(rest[0], streams);
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw unknownCommand(name);
    const parsed = parseOptions(name, rest, command.options);
    if (parsed.values['help'] === true) {
      streams.stdout(`${commandHelp(name, command)}\n`);
      return 0;
    }
    if (parsed.positionals.length > command.positionals) {
      throw new BivyError(
        'USAGE',
        `\`bivy ${name}\` does not take \`${parsed.positionals[command.positionals] ?? ''}\``,
        {
          hint: `run \`bivy ${name} --help\``,
        },
      );
    }
    return await perform(command.load, parsed, streams, json, colour);
  } catch (thrown) {
    const error = streams.signal.aborted ? interruption(thrown) : toBivyError(thrown);
    if (json) streams.stdout(`${JSON.stringify({ version: 1, error: describeError(error) })}\n`);
    else streams.stderr(`${renderError(error, { colour, verbose })}\n`);
    return error.code === 'INTERRUPTED' ? 130 : 2;
  }
}

/** `--json`; of a command with formats also `--format json`. */
function asksForJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) =>
      arg === '--json' || arg === '--format=json' || (arg === '--format' && args[index + 1] === 'json'),
  );
}

async function perform(
  load: (typeof COMMANDS)[string]['load'],
  parsed: Parsed,
  streams: Streams,
  json: boolean,
  colour: boolean,
): Promise<number> {
  const verbose = parsed.values['verbose'] === true;
  const terminal = createTerminal({
    write: (text) => streams.stderr(text),
    quiet: parsed.values['quiet'] === true,
    // Whoever reads a document reads no lines; what might be wrong is said all the same.
    lines: !json || verbose,
    verbose,
    live: streams.terminal && parsed.values['no-progress'] !== true,
    colour,
  });
  try {
    const command = await load();
    return await command(parsed, {
      environment: streams.environment,
      directory: streams.directory,
      signal: streams.signal,
      json,
      emit: (event) => terminal.render(event),
      print: (text) => streams.stdout(`${text}\n`),
    });
  } finally {
    terminal.end();
  }
}

function help(name: string | undefined, streams: Streams): number {
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name !== undefined && command === undefined) throw unknownCommand(name);
  streams.stdout(
    `${name === undefined || command === undefined ? mainHelp() : commandHelp(name, command)}\n`,
  );
  return 0;
}

function unknownCommand(name: string): BivyError {
  const close = nearest(name, Object.keys(COMMANDS));
  return new BivyError('USAGE', `there is no command \`bivy ${name}\``, {
    hint: close === undefined ? 'run `bivy --help`' : `did you mean \`bivy ${close}\`?`,
  });
}

/** Whatever was under way failed because it was told to: only what is no abortion itself is worth a word. */
function interruption(thrown: unknown): BivyError {
  const told = toBivyError(thrown).code === 'INTERRUPTED';
  return new BivyError('INTERRUPTED', 'interrupted', {
    hint: 'nothing is half-written, and what was downloaded whole is kept: run the command again to go on',
    ...(told ? {} : { cause: thrown }),
  });
}

function useColour({ environment, terminal }: Streams): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  return (environment['FORCE_COLOR'] ?? '') !== '' || (terminal && environment['TERM'] !== 'dumb');
}
