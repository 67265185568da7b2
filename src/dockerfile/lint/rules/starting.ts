// How the container is started: through Poetry, by a server made for development.

import { locationOf } from '../../reading/locations.ts';
import { readStart, type Start } from '../../reading/starts.ts';
import type { ShellWord } from '../../shell/ast.ts';
import type { Invocation } from '../../shell/programs.ts';
import { placeOf } from '../../shell/source.ts';
import type { Edit, Fix } from '../finding.ts';
import { offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { Observation, Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

export const STARTED_BY_POETRY: Rule = {
  id: 'BV205',
  technique: null,
  severity: 'warning',
  title: 'the container does not start through Poetry',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    const start = readStart(input.reading);
    const poetry = start?.programs.find(({ program }) => program === 'poetry');
    if (start === undefined || poetry === undefined) return;
    const verb = poetry.arguments.find(({ pattern }) => !pattern.startsWith('-'));
    if (verb?.pattern !== 'run' && verb?.pattern !== 'shell') return;
    // ENTRYPOINT may name Poetry, and CMD what it is to do.
    const together = start.entrypoint === undefined || start.cmd === undefined;
    const span = together ? { start: poetry.word.span.start, end: verb.span.end } : poetry.word.span;
    const message =
      verb.pattern === 'run'
        ? '`poetry run` at every start: Poetry must ship, reads the project again, and starts before the application does; call the program of the environment itself'
        : '`poetry shell` waits for a terminal, and is a plugin since Poetry 2: call the program of the environment itself';
    yield {
      message,
      span: span.start < span.end ? span : verb.span,
      ...withoutPoetry(view, start, poetry, verb),
    };
  },
};

/** Where the environment is the one that PATH leads to, its programs are found without Poetry. */
function withoutPoetry(
  view: View,
  { programs }: Start,
  poetry: Invocation,
  verb: ShellWord,
): { readonly fix?: Fix } {
  const { reading, input } = view;
  const installs = reading.flow.installs.filter(({ tool }) => tool === 'poetry');
  const system = installs.every(
    (install) => locationOf(reading, install, input.project?.poetryToml).kind === 'system',
  );
  if (installs.length === 0 || !system || programs[0] !== poetry || verb.pattern !== 'run') return {};
  const next = poetry.arguments[poetry.arguments.indexOf(verb) + 1];
  // A script of pyproject.toml is found by Poetry also where the project itself is not installed.
  if (next === undefined || poetry.arguments[0] !== verb || input.project?.scripts.includes(next.pattern))
    return {};
  if (
    input.project === undefined &&
    !/^(?:python3?|uvicorn|gunicorn|flask|celery|django-admin|alembic)$/.test(next.pattern)
  )
    return {};
  return offer(view, 'leave `poetry run` out', 'unsafe', [between(view, poetry.word, verb, next)]);
}

function between({ input }: View, first: ShellWord, verb: ShellWord, next: ShellWord): Edit | undefined {
  if ([first, verb, next].some((word) => placeOf(word, 0, word.pattern.length) === undefined))
    return undefined;
  const [start, end] = [first.span.start, next.span.start];
  const text = input.dockerfile.text.slice(start, end);
  return start < end && /^["\w/.-]+[\s,]+"?run"?[\s,]+$/.test(text) && !text.includes('\n')
    ? { span: { start, end }, text: '' }
    : undefined;
}

const RELOADING: ReadonlyMap<string, RegExp> = new Map([
  ['uvicorn', /^--reload(?:-|$)/],
  ['gunicorn', /^--reload(?:-|$)/],
  ['hypercorn', /^--reload$|^--debug$/],
  ['granian', /^--reload$/],
  ['flask', /^--debug$|^--debugger$|^--reload$/],
  ['litestar', /^--reload$|^--debug$|^-[rd]$/],
]);

export const DEVELOPMENT_SERVER: Rule = {
  id: 'BV407',
  technique: null,
  severity: 'warning',
  title: 'what ships starts no server made for development',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    const start = readStart(input.reading);
    for (const invocation of start?.programs ?? []) {
      const { program, arguments: words, word } = invocation;
      for (const option of words) {
        if (program === undefined || RELOADING.get(program)?.test(option.pattern) !== true) continue;
        const does = /reload/.test(option.pattern)
          ? 'watches every file and restarts by itself'
          : 'lets visitors run code';
        const fix = offer(view, `leave \`${option.pattern}\` out`, 'unsafe', [
          dropOption(view, invocation, option),
        ]);
        yield {
          message: `\`${option.pattern}\` is for development: ${program} ${does}`,
          span: option.span,
          ...fix,
        };
      }
      const verb = words.find(({ pattern }) => !pattern.startsWith('-'));
      if (verb === undefined) continue;
      const isDjango =
        program === 'django-admin' ||
        (program === 'python' && /(?:^|\/)manage\.py$/.test(verb.pattern)) ||
        /(?:^|\/)manage\.py$/.test(word.pattern);
      const run = words.find(({ pattern }) => pattern === 'runserver' || pattern === 'runserver_plus');
      if (isDjango && run !== undefined) {
        yield {
          message:
            '`runserver` is for development: Django says it went through no security audit; start gunicorn or uvicorn',
          span: run.span,
        };
      } else if (program === 'fastapi' && verb.pattern === 'dev') {
        const place = placeOf(verb, 0, verb.pattern.length);
        const edits = [place && { span: place, text: 'run' }];
        yield {
          message: '`fastapi dev` reloads and binds to loopback alone: `fastapi run` is for production',
          span: verb.span,
          ...offer(view, 'say `fastapi run`', 'unsafe', edits),
        };
      }
    }
    yield* debugVariables(view);
  },
};

function dropOption({ input }: View, { command }: Invocation, option: ShellWord): Edit | undefined {
  const { words } = command;
  const previous = words[words.indexOf(option) - 1];
  if (previous === undefined || placeOf(option, 0, option.pattern.length) === undefined) return undefined;
  if (option.pattern.includes('-dir') || option.pattern.includes('clude')) return undefined;
  const gap = input.dockerfile.text.slice(previous.span.end, option.span.start);
  return /^[ \t,]+$/.test(gap)
    ? { span: { start: previous.span.end, end: option.span.end }, text: '' }
    : undefined;
}

function* debugVariables({ reading }: View): Iterable<Observation> {
  for (const { steps } of reading.lineage) {
    for (const { instruction } of steps) {
      if (instruction.keyword !== 'ENV') continue;
      for (const { name, value, span } of instruction.pairs) {
        const debug =
          /^(?:FLASK_DEBUG|DJANGO_DEBUG|WERKZEUG_DEBUG)$/.test(name) &&
          /^(?:1|true|yes|on)$/i.test(value?.value ?? '');
        const development = name === 'FLASK_ENV' && value?.value === 'development';
        if (debug || development)
          yield {
            message: `\`${name}=${value?.value}\` ships: a debugger answers visitors, who run code with it`,
            span,
          };
      }
    }
  }
}
