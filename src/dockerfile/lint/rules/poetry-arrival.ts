// How Poetry comes into the image: by an installer that is gone, without what an old Poetry needs, into the application's own
// environment.

import { isBefore, poetryRequirements } from '../../poetry.ts';
import type { Call } from '../../reading/calls.ts';
import { locationOf } from '../../reading/locations.ts';
import type { Reading } from '../../reading/reading.ts';
import type { ToolArrival } from '../../reading/tools.ts';
import { poetryOf } from '../../reading/versions.ts';
import type { ShellWord } from '../../shell/ast.ts';
import { placeOf } from '../../shell/source.ts';
import type { Fix } from '../finding.ts';
import { offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { Observation, Rule } from '../rule.ts';
import { viewOf } from '../view.ts';
import { wantsOtherPoetry } from './project-versions.ts';

const GONE =
  /https?:\/\/raw\.githubusercontent\.com\/(?:python-poetry|sdispater)\/poetry\/(?:master|main|HEAD|develop)\/(?:get|install)-poetry\.py/;
const INSTALLER = 'https://install.python-poetry.org';

export const GONE_INSTALLER: Rule = {
  id: 'BV207',
  technique: null,
  severity: 'error',
  title: 'the installer of Poetry is still there',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    for (const { calls } of input.reading.stages) {
      const seen = new Set<ShellWord>();
      for (const { args } of calls) {
        for (const word of args) {
          const match = GONE.exec(word.pattern);
          if (match === null || seen.has(word)) continue;
          seen.add(word);
          const place = placeOf(word, match.index, match.index + match[0].length);
          const message = `\`${match[0].replace(/^.*\//, '')}\` was removed from Poetry's repository: the address answers 404`;
          yield { message, span: place ?? word.span, ...newAddress(view, place) };
        }
      }
    }
    for (const { steps } of input.reading.stages) {
      for (const { instruction } of steps) {
        if (instruction.keyword !== 'ADD') continue;
        for (const { raw, span } of instruction.words)
          if (GONE.test(raw))
            yield { message: 'this installer of Poetry is gone: the address answers 404', span };
      }
    }
  },
};

/** The old one installed into `~/.poetry`, the new one does not. */
function newAddress(view: View, place: ReturnType<typeof placeOf>): { readonly fix?: Fix } {
  if (
    place === undefined ||
    /\.poetry\b|get-poetry\.py[^'"]*--|POETRY_PREVIEW/.test(view.input.dockerfile.text)
  )
    return {};
  return offer(view, `take \`${INSTALLER}\``, 'unsafe', [{ span: place, text: INSTALLER }]);
}

export const OLD_POETRY_PINS: Rule = {
  id: 'BV208',
  technique: null,
  severity: 'warning',
  title: 'an old Poetry comes with the packages that it still works with',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    for (const { arrivals } of input.reading.contributors) {
      for (const arrival of arrivals) {
        const { tool, method, version, call, word } = arrival;
        const { text } = version;
        if (tool !== 'poetry' || version.precision !== 'exact' || text === undefined) continue;
        if (!/^\d+\.\d+/.test(text) || word === undefined || call === undefined) continue;
        if (method !== 'pip' && method !== 'pipx') continue;
        const [, ...needed] = /^2\.1\.(?:[4-9]|\d\d)/.test(text) ? [] : poetryRequirements(text);
        const missing = needed.filter((requirement) => !isNamed(nameOf(requirement), call, method));
        if (missing.length === 0 || isHeld(call)) continue;
        const fix = wantsOtherPoetry(input, arrival) ? {} : addPins(view, arrival, missing);
        yield { message: complaint(text, missing), span: word.span, ...fix };
      }
    }
  },
};

function complaint(version: string, missing: readonly string[]): string {
  const wanted = missing.map((one) => `\`${one}\``).join(' and ');
  const why = isBefore(version, 1, 2)
    ? 'it does not work with what those are today'
    : isBefore(version, 2, 0)
      ? 'with a later one it builds no package from source'
      : 'with a later one it takes the wrong Python';
  return `Poetry ${version} wants ${wanted}: ${why}`;
}

function nameOf(requirement: string): string {
  return /^[\w-]+/.exec(requirement)![0];
}

/** In the same command, or by `pipx inject`, or by a command of its own. */
function isNamed(name: string, { args, step }: Call, method: string): boolean {
  const names = new RegExp(`(?:^|[\\s"'])${name}(?![\\w-])`);
  if (args.some(({ pattern }) => names.test(pattern))) return true;
  return method === 'pipx' && names.test(step.instruction.argument.text);
}

/** By a constraints file. */
function isHeld({ args, variables }: Call): boolean {
  return variables.has('PIP_CONSTRAINT') || args.some(({ pattern }) => /^(?:-c|--constraint)/.test(pattern));
}

function addPins(
  view: View,
  { call, word, method }: ToolArrival,
  missing: readonly string[],
): { readonly fix?: Fix } {
  if (call === undefined || word === undefined || method !== 'pip') return {};
  // Requirements with `<` want quotes, which only a plain script can take.
  if (call.through.some((program) => program !== 'python') || call.step.instruction.form !== 'shell')
    return {};
  const { end, start } = word.span;
  if (!/^["']?poetry[^"'\\\s]*["']?$/.test(view.input.dockerfile.text.slice(start, end))) return {};
  const text = missing.map((one) => ` "${one}"`).join('');
  return offer(view, `pin ${missing.map((one) => `\`${one}\``).join(' and ')}`, 'safe', [
    { span: { start: end, end }, text },
  ]);
}

export const SHARED_ENVIRONMENT: Rule = {
  id: 'BV209',
  technique: null,
  severity: 'warning',
  title: "Poetry's own packages are apart from the application's",
  fixes: [],
  *check({ reading, project }) {
    for (const { arrivals, stage } of reading.contributors) {
      for (const arrival of arrivals) {
        const { tool, method, call, span } = arrival;
        if (tool !== 'poetry' || method !== 'pip' || call === undefined || !isSystemPip(call)) continue;
        const shared = reading.flow.installs.find(
          (install) =>
            install.tool === 'poetry' &&
            install.call.step.stage.index === stage.index &&
            locationOf(reading, install, project?.poetryToml).kind === 'system' &&
            lacksPath(install.call),
        );
        if (shared === undefined) continue;
        yield tellShared(reading, arrival, shared.selection.syncs || shared.verb.pattern === 'sync', span);
      }
    }
  },
};

function tellShared(
  reading: Reading,
  { step }: ToolArrival,
  syncs: boolean,
  span: Observation['span'],
): Observation {
  const home = reading.stages[step.stage.index];
  const name = (home && poetryOf(reading, home)?.name) ?? 'Poetry';
  const message = syncs
    ? `\`virtualenvs.create\` is false, so what is not locked is removed from the environment that ${name} itself runs in: give Poetry one of its own`
    : `${name} and its own packages are installed among those of the application, where one replaces the other's versions: give Poetry an environment of its own`;
  return { message, span };
}

/** `/opt/poetry/bin/pip` has an environment of its own; `--target` and `--user` are other places. */
function isSystemPip({ programWord, args, variables, through, step }: Call): boolean {
  if (variables.has('VIRTUAL_ENV') || through.includes('pipx') || through.includes('uv')) return false;
  if (args.some(({ pattern }) => /^(?:--target|--user|--prefix|--python|--root)\b/.test(pattern)))
    return false;
  if (/\bactivate\b/.test(step.instruction.argument.text)) return false;
  const word = programWord.pattern;
  return !word.includes('/') || /^\/usr\/(?:local\/)?bin\//.test(word);
}

/** `poetry` is called by its name: the one in PATH. */
function lacksPath({ programWord }: Call): boolean {
  return !programWord.pattern.includes('/');
}
