// Settings that make Poetry run unattended and say where its environment is, wherever they are said.

import type { Span } from '../syntax/ast.ts';
import type { Call } from './calls.ts';
import type { ContextCopy } from './copies.ts';
import { readPoetryCall } from './installs.ts';
import { hasOption } from './options.ts';
import type { Step } from './steps.ts';
import type { Tool } from './tools.ts';

export interface Setting {
  /** Whose setting it is. */
  readonly of: Tool;
  /** `POETRY_NO_INTERACTION`, `virtualenvs.create`, `--no-interaction`, `poetry.toml`. */
  readonly name: string;
  readonly by: 'environment' | 'config' | 'flag' | 'file';
  readonly span: Span;
  readonly step: Step;
}

const VARIABLE = /^POETRY_(?:NO_INTERACTION|VIRTUALENVS?_\w+)$/;
const OTHER_VARIABLE =
  /^(?:UV_(?!VERSION$|INDEX|EXTRA_INDEX|DEFAULT_INDEX|PUBLISH)\w+|PDM_(?!(?:VERSION|HOME|CHECK_UPDATE)$|BUILD_)\w+|PIPENV_\w+)$/;

/** Of ENV and ARG, and of COPY where it brings a `poetry.toml`. */
export function readSettingsOfStep(step: Step, copy: ContextCopy | undefined): readonly Setting[] {
  const { keyword, pairs } = step.instruction;
  if (keyword === 'ENV' || keyword === 'ARG') {
    return pairs
      .filter(({ name }) => VARIABLE.test(name) || OTHER_VARIABLE.test(name))
      .map(({ name, span }) => ({ of: toolOfVariable(name), name, by: 'environment', span, step }) as const);
  }
  return (copy?.sources ?? []).flatMap(({ path, span }): Setting[] =>
    path?.split('/').at(-1) === 'poetry.toml'
      ? [{ of: 'poetry', name: 'poetry.toml', by: 'file', span, step }]
      : [],
  );
}

/** Of a call: what stands before it, `poetry config`, and flags. */
export function readSettingsOfCall(call: Call): readonly Setting[] {
  const { step, command } = call;
  const found: Setting[] = command.assignments
    .filter(({ name }) => VARIABLE.test(name) || OTHER_VARIABLE.test(name))
    .map(({ name, span }) => ({ of: toolOfVariable(name), name, by: 'environment', span, step }));
  const poetry = readPoetryCall(call);
  if (poetry !== undefined) {
    // `export POETRY_VIRTUALENVS_CREATE=false && poetry install`
    for (const name of call.variables.keys()) {
      if (!VARIABLE.test(name) || step.variables.has(name) || found.some((one) => one.name === name))
        continue;
      found.push({ of: 'poetry', name, by: 'environment', span: command.span, step });
    }
    const setting = poetry.args.rest[0];
    if (
      poetry.verb.pattern === 'config' &&
      setting !== undefined &&
      /^virtualenvs?\./.test(setting.pattern)
    ) {
      found.push({ of: 'poetry', name: setting.pattern, by: 'config', span: setting.span, step });
    }
    if (hasOption(poetry.args, '-n', '--no-interaction')) {
      const flag = poetry.args.options.find(({ name }) => name === '-n' || name === '--no-interaction');
      if (flag !== undefined)
        found.push({ of: 'poetry', name: '--no-interaction', by: 'flag', span: flag.word.span, step });
    }
  }
  if (call.program === 'pdm' && call.args[0]?.pattern === 'config') {
    found.push({ of: 'pdm', name: 'pdm config', by: 'config', span: command.span, step });
  }
  return found;
}

function toolOfVariable(name: string): Tool {
  if (name.startsWith('UV_')) return 'uv';
  if (name.startsWith('PDM_')) return 'pdm';
  return name.startsWith('PIPENV_') ? 'pipenv' : 'poetry';
}
