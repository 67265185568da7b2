// What ships and need not: compilers, Poetry itself, tests; and what is missing: byte code, wheels for musl.

import type { Call } from '../../reading/calls.ts';
import { stageCopies } from '../../reading/carried.ts';
import { hasOption } from '../../reading/options.ts';
import { SYSTEM_INSTALL } from '../../reading/package-managers.ts';
import { readStart } from '../../reading/starts.ts';
import { isAtLeast, isBelow, poetryOf } from '../../reading/versions.ts';
import type { Fix } from '../finding.ts';
import { servesDevelopment } from '../judgements/development.ts';
import { insertAfter, offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

const BUILDING =
  /^(?:build-essential|build-base|gcc|g\+\+|gcc-c\+\+|gfortran|clang|llvm|make|cmake|ninja-build|musl-dev|libc-dev|linux-headers|rustc|cargo|rust|[\w.+-]+-dev(?:el)?)(?:=.*)?$/;

export const BUILD_TOOLS: Rule = {
  id: 'BV405',
  technique: null,
  severity: 'warning',
  title: 'what builds packages does not ship',
  fixes: [],
  *check({ reading }) {
    if (reading.flow.tool === undefined) return;
    for (const { calls } of reading.lineage) {
      for (const call of calls) {
        const verb = SYSTEM_INSTALL.get(call.program);
        const at = call.args.findIndex(({ pattern }) => verb?.test(pattern) === true);
        if (verb === undefined || at < 0 || call.chance === 'never' || isRemoved(call, calls)) continue;
        const tools = call.args.slice(at + 1).filter(({ pattern }) => BUILDING.test(pattern));
        const [first, ...others] = tools;
        if (first === undefined) continue;
        const names = [first, ...others]
          .slice(0, 4)
          .map(({ pattern }) => `\`${pattern}\``)
          .join(', ');
        const more = tools.length > 4 ? ` and ${tools.length - 4} more` : '';
        yield {
          message: `${names}${more} ${tools.length > 1 ? 'serve' : 'serves'} to build packages, and ${tools.length > 1 ? 'ship' : 'ships'}: build in a stage of its own, or remove in the same layer`,
          span: first.span,
        };
      }
    }
  },
};

/** In the same RUN: `apt-get purge`, `apk del`, `apk add --virtual` with it. */
function isRemoved(call: Call, calls: readonly Call[]): boolean {
  return calls.some(
    ({ program, args, step, index }) =>
      step === call.step &&
      index > call.index &&
      program === call.program &&
      args.some(({ pattern }) => /^(?:purge|remove|autoremove|del|erase)$/.test(pattern)),
  );
}

export const NO_BYTE_CODE: Rule = {
  id: 'BV406',
  technique: null,
  severity: 'info',
  title: 'byte code is in the image where none can be written later',
  fixes: ['unsafe'],
  *check(input) {
    const { reading } = input;
    const view = viewOf(input);
    const off = reading.lineage
      .flatMap(({ steps }) => steps)
      .flatMap(({ instruction }) => (instruction.keyword === 'ENV' ? instruction.pairs : []))
      .findLast(({ name }) => name === 'PYTHONDONTWRITEBYTECODE');
    if (off === undefined || (off.value?.value ?? '') === '' || reading.flow.kind !== 'groups') return;
    if (
      reading.contributors.some(({ calls }) =>
        calls.some(
          ({ program, args }) =>
            program === 'compileall' ||
            args.some(({ pattern }) => pattern === 'compileall' || pattern.startsWith('\0')),
        ),
      )
    )
      return;
    for (const install of reading.flow.installs) {
      const { tool, kind, args, call, verb } = install;
      if (tool !== 'poetry' || kind !== 'groups' || hasOption(args, '--compile')) continue;
      const home = reading.stages[call.step.stage.index];
      const version = home && poetryOf(reading, home);
      // pip, which Poetry left it to before 1.4, compiles by itself.
      if (!isAtLeast(version, 1, 4)) continue;
      const message =
        '`PYTHONDONTWRITEBYTECODE` is set, and this install compiles nothing: each start compiles every module that it imports; say `--compile`';
      yield {
        message,
        span: verb.span,
        ...offer(view, 'compile with `--compile`', 'unsafe', [insertAfter(view, call, verb, ['--compile'])]),
      };
    }
  },
};

const TESTS = /(?:^|\/)(?:tests?|\.git|\.github|\.gitlab|\.vscode|\.idea|\.venv|node_modules)\/?$/;

export const TESTS_SHIP: Rule = {
  id: 'BV408',
  technique: null,
  severity: 'info',
  title: 'tests and what belongs to the repository do not ship',
  fixes: ['unsafe'],
  *check(input) {
    const { reading } = input;
    if (reading.flow.tool === undefined) return;
    const view = viewOf(input);
    for (const { copies } of reading.lineage) {
      for (const { sources, mounted, step } of copies) {
        if (mounted) continue;
        for (const { path, span } of sources) {
          if (path === undefined || !TESTS.test(path)) continue;
          const runs = reading.lineage.some(({ calls }) =>
            calls.some(
              ({ program, args }) =>
                program === 'pytest' || args.some(({ pattern }) => /pytest|unittest/.test(pattern)),
            ),
          );
          if (runs && /tests?\/?$/.test(path)) continue;
          const used =
            /tests?\/?$/.test(path) &&
            reading.flow.installs.some((install) => servesDevelopment(view, install));
          const fix = sources.length === 1 && !used ? dropLine(view, step.instruction.span) : {};
          yield { message: `\`${path}\` ships, and nothing that ships needs it`, span, ...fix };
        }
      }
    }
  },
};

function dropLine(
  view: View,
  span: { readonly start: number; readonly end: number },
): { readonly fix?: Fix } {
  const { text } = view.input.dockerfile;
  const lineEnd = /^\r?\n/.exec(text.slice(span.end, span.end + 2))?.[0].length;
  if (lineEnd === undefined) return {};
  return offer(view, 'leave the line out', 'unsafe', [
    { span: { start: span.start, end: span.end + lineEnd }, text: '' },
  ]);
}

export const POETRY_SHIPS: Rule = {
  id: 'BV409',
  technique: null,
  severity: 'warning',
  title: 'Poetry stays in the stage that installs',
  fixes: [],
  *check({ reading }) {
    const { flow, lineage } = reading;
    const elsewhere = flow.installs.some(({ call }) => !lineage.some(({ calls }) => calls.includes(call)));
    if (!elsewhere || flow.tool !== 'poetry' || flow.kind === 'requirements') return;
    if (readStart(reading)?.programs.some(({ program }) => program === 'poetry') === true) return;
    for (const { arrivals } of lineage) {
      for (const { tool, span } of arrivals) {
        if (tool !== 'poetry') continue;
        yield { message: 'what ships gets Poetry and its packages, which only the other stage needs', span };
        return;
      }
    }
    for (const { step, source, word } of stageCopies(reading)) {
      const home = step.variables.get('POETRY_HOME');
      if (
        source !== home &&
        !/^\/(?:opt|usr\/local|root\/\.local\/share)\/(?:py)?poetry$|^\/root\/\.poetry$/.test(source)
      )
        continue;
      yield { message: `\`${source}\` is Poetry itself, which nothing that ships needs`, span: word.span };
      return;
    }
  },
};

export const NO_MUSL_WHEELS: Rule = {
  id: 'BV410',
  technique: null,
  severity: 'warning',
  title: 'a Poetry on Alpine takes wheels for Alpine',
  fixes: [],
  *check({ reading }) {
    for (const install of reading.flow.installs) {
      const home = reading.stages[install.call.step.stage.index];
      if (install.tool !== 'poetry' || home === undefined) continue;
      let base = home.stage;
      while (base.parent !== undefined) base = reading.graph.stages[base.parent]!;
      const version = poetryOf(reading, home);
      if (!/alpine/i.test(base.pattern) || !isBelow(version, 1, 2)) continue;
      yield {
        message: `${version?.name} takes no wheel for musl: on Alpine it compiles every package that has compiled parts`,
        span: install.verb.span,
      };
      return;
    }
  },
};
