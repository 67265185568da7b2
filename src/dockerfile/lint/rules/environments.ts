// Virtual environments between stages: where they were made, which interpreter they lead to, whether the start finds them.

import { carriedEnvironments, type StageCopy, stageCopies } from '../../reading/carried.ts';
import { parseImage } from '../../reading/images.ts';
import { locationOf, pathEntries } from '../../reading/locations.ts';
import type { Reading } from '../../reading/reading.ts';
import { readStart, type Start } from '../../reading/starts.ts';
import type { ShellWord } from '../../shell/ast.ts';
import type { Invocation } from '../../shell/programs.ts';
import type { Fix } from '../finding.ts';
import { offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { LintInput, Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

export const MOVED_ENVIRONMENT: Rule = {
  id: 'BV401',
  technique: null,
  severity: 'warning',
  title: 'a virtual environment stays where it was made',
  fixes: [],
  *check({ reading, project }) {
    for (const { made, path, copy } of carriedEnvironments(reading, project?.poetryToml)) {
      if (copy === undefined || made === path) continue;
      const message = `the environment was made at \`${made}\` and lands at \`${path}\`: its scripts begin with \`#!${made}/bin/python\`, which is not there`;
      yield { message, span: copy.target.span };
    }
  },
};

interface Interpreter {
  readonly version: string | undefined;
  readonly libc: 'musl' | 'glibc';
  /** Where it is: `/usr/local/bin/python`, `/usr/bin/python3`. */
  readonly prefix: '/usr/local' | '/usr' | undefined;
}

export const OTHER_INTERPRETER: Rule = {
  id: 'BV402',
  technique: null,
  severity: 'error',
  title: 'the Python that packages were installed for is the one that runs them',
  fixes: [],
  *check({ reading, project }) {
    const here = interpreterOf(reading, reading.lineage[0]?.stage.base);
    if (here === undefined) return;
    const environments = carriedEnvironments(reading, project?.poetryToml);
    const copies = stageCopies(reading);
    // Who brings the interpreter along needs none.
    if (copies.some(({ source }) => /^\/(?:usr(?:\/local)?)?$/.test(source))) return;
    for (const copy of copies) {
      const environment = environments.some((one) => one.copy?.word === copy.word);
      if (!environment && !/\/(?:site|dist)-packages$/.test(copy.source)) continue;
      let from = copy.from.stage;
      while (from.parent !== undefined) from = reading.graph.stages[from.parent]!;
      const there = interpreterOf(reading, from.base);
      const why = there && difference(there, here, environment);
      if (why === undefined) continue;
      yield {
        message: `what \`${from.base}\` installed does not run on \`${reading.lineage[0]?.stage.base}\`: ${why}`,
        span: copy.word.span,
      };
      return;
    }
  },
};

function interpreterOf({ lineage }: Reading, image: string | undefined): Interpreter | undefined {
  if (image === undefined) return undefined;
  const { repository, tag = '' } = parseImage(image);
  const name = repository.replace(/^.*\//, '');
  const libc = /alpine/.test(`${name}:${tag}`) ? 'musl' : 'glibc';
  if (name === 'python') {
    return { version: /^(\d+\.\d+)/.exec(tag)?.[1], libc, prefix: '/usr/local' };
  }
  const installs = lineage.some(({ calls }) =>
    calls.some(({ args }) => args.some(({ pattern }) => /^python3(?:\.\d+)?$/.test(pattern))),
  );
  if (/^(?:debian|ubuntu|alpine)$/.test(name) && installs)
    return { version: undefined, libc, prefix: '/usr' };
  if (/^python3?(?:-debian\d+)?$/.test(name) && /distroless/.test(repository)) {
    return {
      version: repository.endsWith('debian12')
        ? '3.11'
        : repository.endsWith('debian13')
          ? '3.13'
          : undefined,
      libc: 'glibc',
      prefix: '/usr',
    };
  }
  return undefined;
}

function difference(there: Interpreter, here: Interpreter, environment: boolean): string | undefined {
  if (there.libc !== here.libc)
    return `compiled modules for ${there.libc} cannot be loaded with ${here.libc}`;
  if (there.version !== undefined && here.version !== undefined && there.version !== here.version)
    return `Python ${here.version} does not look into \`lib/python${there.version}\``;
  if (environment && there.prefix !== undefined && here.prefix !== undefined && there.prefix !== here.prefix)
    return `its \`bin/python\` leads to \`${there.prefix}/bin\`, and there is no Python there`;
  return undefined;
}

/** What is found by its name alone, and comes with packages. */
const PACKAGED =
  /^(?:python3?(?:\.\d+)?|uvicorn|gunicorn|hypercorn|granian|daphne|celery|flask|fastapi|alembic|django-admin|streamlit|chainlit|litestar|dramatiq|rq|airflow|mlflow|prefect|dagster|scrapy|jupyter)$/;

export const UNREACHED_ENVIRONMENT: Rule = {
  id: 'BV403',
  technique: null,
  severity: 'error',
  title: 'the start finds the virtual environment',
  fixes: ['safe'],
  *check(input) {
    const { reading, project } = input;
    const start = readStart(reading);
    if (start === undefined || reading.flow.kind !== 'groups') return;
    const [first] = start.programs;
    if (first === undefined || !isPlain(start)) return;
    const word = startedWord(first);
    if (!isPackaged(input, word.pattern)) return;
    const { variables } = start.step;
    if (variables.has('PYTHONPATH') || variables.has('PYTHONHOME')) return;
    const entries = pathEntries(reading.lineage, input.dockerfile.escape);
    const environments = carriedEnvironments(reading, project?.poetryToml);
    if (environments.some(({ path }) => links(reading, path))) return;
    const hidden = environments.find(({ path }) => path !== '/usr/local' && path !== '/usr');
    if (environments.some(({ path }) => entries.some((entry) => leadsTo(entry, path)))) return;
    const others = reading.flow.installs.map((install) => ({
      install,
      location: locationOf(reading, install, project?.poetryToml),
    }));
    const cached = others.find(
      ({ install, location }) =>
        location.kind === 'cache' &&
        reading.lineage.some(({ installs }) => installs.includes(install)) &&
        !entries.some((entry) => /virtualenvs|\0.*bin$/.test(entry)),
    );
    // What one install puts somewhere else may be what is started.
    if (
      others.length !==
      (hidden === undefined ? 0 : environments.length) +
        (hidden === undefined && cached !== undefined ? 1 : 0)
    )
      return;
    const { span } = word;
    if (hidden !== undefined) {
      const message = `\`${word.pattern}\` is looked for in \`PATH\`, which does not have \`${hidden.path}/bin\`: the environment is not found`;
      yield { message, span, ...addPath(viewOf(input), start, hidden.path) };
    } else if (cached !== undefined) {
      const message = `Poetry put the packages into an environment in its cache, and \`${word.pattern}\` starts without it: set \`POETRY_VIRTUALENVS_CREATE=false\`, or \`POETRY_VIRTUALENVS_IN_PROJECT=true\` and \`PATH\``;
      yield { message, span };
    }
  },
};

/** `python` of `python -m uvicorn`. */
function startedWord({ word, command, through }: Invocation): ShellWord {
  if (through.at(-1) !== 'python') return word;
  return (
    command.words.findLast(
      ({ pattern, span }) => /python[\d.]*$/.test(pattern) && span.start < word.span.start,
    ) ?? word
  );
}

/** No script of the image stands before it, and no shell sets anything. */
function isPlain({ programs, entrypoint, cmd }: Start): boolean {
  if (entrypoint !== undefined && cmd !== undefined && programs.length === 0) return false;
  return programs.every(
    ({ program, command }) =>
      program !== '.' && program !== 'source' && program !== 'poetry' && command.assignments.length === 0,
  );
}

function isPackaged({ project }: LintInput, word: string): boolean {
  return PACKAGED.test(word) || project?.scripts.includes(word) === true;
}

function leadsTo(entry: string, path: string): boolean {
  if (entry.startsWith('\0') || /\0/.test(entry)) return /\/bin\/?$/.test(entry);
  return entry.replace(/\/$/, '') === `${path}/bin`;
}

/** `ln -s /app/.venv/bin/python /usr/bin/python`. */
function links({ lineage }: Reading, path: string): boolean {
  return lineage.some(({ calls }) =>
    calls.some(
      ({ program, args, command }) =>
        (program === 'ln' || program === 'cp' || command.redirects.length > 0) &&
        args.some(({ pattern }) => pattern.includes(path) || /activate|\.venv/.test(pattern)),
    ),
  );
}

function addPath(view: View, { entrypoint, cmd }: Start, path: string): { readonly fix?: Fix } {
  const first =
    entrypoint !== undefined && cmd !== undefined
      ? entrypoint.instruction.span.start < cmd.instruction.span.start
        ? entrypoint
        : cmd
      : (entrypoint ?? cmd);
  const production = view.reading.production?.stage;
  if (first === undefined || first.stage !== production || !/^\/[\w./-]+$/.test(path)) return {};
  const { start } = first.instruction.span;
  const text = `ENV PATH="${path}/bin:$PATH"\n`;
  return offer(view, 'put the environment into `PATH`', 'safe', [{ span: { start, end: start }, text }]);
}

export const SCRIPTS_LEFT_BEHIND: Rule = {
  id: 'BV404',
  technique: null,
  severity: 'error',
  title: 'what is copied without its scripts is not started by one',
  fixes: [],
  *check(input) {
    const { reading } = input;
    const first = readStart(reading)?.programs[0];
    if (
      first === undefined ||
      /^python/.test(startedWord(first).pattern) ||
      !isPackaged(input, first.word.pattern)
    )
      return;
    const copies = stageCopies(reading);
    const packages = copies.find(({ source }) =>
      /^\/usr\/(?:local\/)?lib\/python[\d.]+\/(?:site|dist)-packages$/.test(source),
    );
    if (packages === undefined || copies.some((copy) => bringsScripts(copy, packages, first.word.pattern)))
      return;
    if (reading.lineage.some(({ installs, arrivals }) => installs.length > 0 || arrivals.length > 0)) return;
    const bin = packages.source.startsWith('/usr/local') ? '/usr/local/bin' : '/usr/bin';
    const message = `\`${first.word.pattern}\` is in \`${bin}\` of the other stage, and only \`site-packages\` is copied: copy it, too, or start \`python -m ${first.word.pattern}\``;
    yield { message, span: first.word.span };
  },
};

function bringsScripts({ source }: StageCopy, packages: StageCopy, program: string): boolean {
  if (source === packages.source) return false;
  return (
    /(?:^|\/)bin$|^\/usr(?:\/local)?$|^\/$|^\/root\/\.local$/.test(source) ||
    source.endsWith(`/bin/${program}`)
  );
}
