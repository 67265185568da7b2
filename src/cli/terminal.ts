// Events and errors as words on a screen. Everything here goes to stderr; a live line is only drawn on a terminal.

import type { BivyError } from '../kernel/errors.ts';
import type { Event } from '../kernel/events.ts';
import { formatBytes, formatSeconds } from '../report/format.ts';

export interface Terminal {
  render(event: Event): void;
  /** Takes the live line away. */
  end(): void;
}

export interface TerminalOptions {
  write(text: string): void;
  /** Say nothing, not even warnings. */
  readonly quiet: boolean;
  /** Say what was done, in lines; warnings are said in any case. */
  readonly lines: boolean;
  readonly verbose: boolean;
  /** Draw a line that changes while things are downloaded and made. */
  readonly live: boolean;
  readonly colour: boolean;
}

const CLEAR_LINE = '\r\u001b[K';

export function createTerminal(options: TerminalOptions): Terminal {
  let drawn = false;
  const clear = (): void => {
    if (drawn) options.write(CLEAR_LINE);
    drawn = false;
  };
  const line = (text: string): void => {
    clear();
    options.write(`${text}\n`);
  };
  return {
    render(event) {
      if (options.quiet) return;
      if (event.type === 'warning') {
        line(`${paint(options, '33', 'warning:')} ${event.message}`);
        if (event.hint !== undefined) line(`  hint: ${event.hint}`);
        return;
      }
      if (!options.lines) return;
      const text = sentence(event);
      if (text !== undefined) line(text);
      else if (options.verbose) line(`  ${paint(options, '2', detail(event))}`);
      else if (options.live) {
        options.write(`${CLEAR_LINE}  ${detail(event).slice(0, 76)}`);
        drawn = true;
      }
    },
    end: clear,
  };
}

/** The lines that everybody sees; nothing for events that only tell of progress. */
function sentence(event: Event): string | undefined {
  switch (event.type) {
    case 'lock':
      return row(
        'lock',
        `poetry.lock ${event.version} · ${event.fresh ? 'fresh' : 'stale'} · ${event.selected} of ${count(event.total, 'package')}`,
      );
    case 'base':
      return row(
        'base',
        [
          event.name,
          event.python === null ? undefined : `python ${event.python}`,
          event.packages > 0 ? count(event.packages, 'package') : undefined,
        ]
          .filter((part) => part !== undefined)
          .join(' · '),
        formatBytes(event.size),
      );
    case 'wheels':
      return row(
        'wheels',
        `${event.total} · ${event.cached} cached · ${event.total - event.cached} fetched`,
        formatBytes(event.size),
      );
    case 'layers':
      return row('layers', event.names.join(' · '));
    case 'image':
      return row(
        'image',
        `${event.platform} · ${formatBytes(event.unpacked)}, ${formatBytes(event.size)} compressed`,
        formatSeconds(event.seconds),
      );
    case 'published':
      return row(event.changed ? 'wrote' : 'same', event.where);
    case 'engine':
      return row('engine', `${event.name} · ${event.detail}`);
    case 'step':
      return isShown(event) ? row('step', shorten(event.name), stepFigure(event)) : undefined;
    case 'note':
      return row('note', event.message);
    default:
      return undefined;
  }
}

type Step = Extract<Event, { type: 'step' }>;

/** What an engine does for itself (`[internal] …`, `[context …]`, `exporting layers`) is of passing interest. */
function isShown({ name, state }: Step): boolean {
  return state !== 'begun' && /^(?:\[(?!internal\]|context )|STEP )/.test(name);
}

function stepFigure({ state, seconds }: Step): string {
  return state === 'done' && seconds !== undefined ? formatSeconds(seconds) : state;
}

const STEP_WIDTH = 48;

/** On one line, its beginning. */
function shorten(name: string): string {
  const line = name.replace(/\s+/g, ' ');
  return line.length <= STEP_WIDTH ? line : `${line.slice(0, STEP_WIDTH - 1)}…`;
}

const PUSHED = { present: 'already in', mounted: 'mounted into', sent: 'sent to' } as const;

function detail(event: Event): string {
  switch (event.type) {
    case 'request':
      return `asking ${event.url}`;
    case 'download':
      return `fetching ${event.name}${event.size === undefined ? '' : ` (${formatBytes(event.size)})`}`;
    case 'downloaded':
      return `fetched ${event.name} (${formatBytes(event.size)})`;
    case 'retry':
      return `trying again (${event.attempt}): ${event.url}: ${event.reason}`;
    case 'layer':
      return `layer ${event.name}: ${formatBytes(event.size)}${event.cached ? ', cached' : ''}`;
    case 'upload':
      return `sending to ${event.to}: ${formatBytes(event.sent)} of ${formatBytes(event.total)}`;
    case 'pushed':
      return `${PUSHED[event.how]} ${event.to}: ${event.digest} (${formatBytes(event.size)})`;
    case 'step':
      return `${event.name.replace(/\s+/g, ' ')}${event.state === 'begun' ? '' : ` (${event.state})`}`;
    case 'step-output':
      return `│ ${event.text}`;
    case 'blob-read':
      return `read ${event.digest}: ${event.why}`;
    default:
      return event.type;
  }
}

function row(label: string, text: string, figure = ''): string {
  const left = `  ${label.padEnd(9)} ${text}`;
  return figure === '' ? left : `${left.padEnd(64)} ${figure.padStart(9)}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** What was being done and what was wrong, where, why, and what to do next. */
export function renderError(
  error: BivyError,
  { colour, verbose }: { colour: boolean; verbose: boolean },
): string {
  const lines = [`${paint({ colour }, '31', 'error:')} ${error.message}`];
  if (error.location !== undefined) {
    const { file, line, column } = error.location;
    lines.push(
      `  in ${file}${line === undefined ? '' : `:${line}`}${column === undefined ? '' : `:${column}`}`,
    );
  }
  for (const cause of error.causes) lines.push(`  caused by: ${cause}`);
  const seen = new Set([error.message, ...error.causes]);
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!seen.has(cause.message)) lines.push(`  caused by: ${cause.message}`);
    seen.add(cause.message);
  }
  if (verbose && error.stack !== undefined) lines.push('', error.stack);
  if (error.hint !== undefined) lines.push('', `${paint({ colour }, '36', 'hint:')} ${error.hint}`);
  return lines.join('\n');
}

function paint({ colour }: { readonly colour: boolean }, code: string, text: string): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}
