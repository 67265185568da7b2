// What installs dependencies: `poetry install` and its kin, exports, wheels, uv, pdm, pipenv, plain pip.

import type { ShellWord } from '../shell/ast.ts';
import type { Call } from './calls.ts';
import { type Arguments, hasOption, readArguments } from './options.ts';
import { exportsDev, plain, type Selection, selectOfPdm, selectOfPoetry, selectOfUv } from './selections.ts';
import type { Tool } from './tools.ts';
import { PDM_VALUED, PIP_VALUED, POETRY_VALUED, UV_VALUED } from './valued-options.ts';

/** `requirements`: files given to pip; `local`: a directory or a wheel given to pip; `packages`: names given to pip. */
export type InstallKind = 'groups' | 'bundle' | 'requirements' | 'local' | 'packages';

export interface Install {
  readonly kind: InstallKind;
  /** Whose cache it fills. */
  readonly tool: Tool | 'pip';
  readonly call: Call;
  /** The word `install` or `sync`. */
  readonly verb: ShellWord;
  readonly args: Arguments;
  readonly selection: Selection;
  /** Files of `-r`, as written. */
  readonly files: readonly string[];
  /** Directories and wheels given to pip. */
  readonly local: readonly string[];
}

/** `poetry export`, `pdm export`, `uv export`, `poetry build` and the like: makes what another call installs. */
export interface Preparation {
  readonly kind: 'export' | 'build';
  readonly tool: Tool | 'python';
  readonly call: Call;
  readonly dev: boolean;
  /** Where an export goes; undefined: standard output. */
  readonly output: string | undefined;
}

/** A command of Poetry: `install`, `export`, `config`, with what stands behind it. */
export interface PoetryCall {
  readonly call: Call;
  readonly verb: ShellWord;
  readonly args: Arguments;
}

/** Poetry's command and arguments; options may stand before it: `poetry -n install`. */
export function readPoetryCall(call: Call): PoetryCall | undefined {
  if (call.program !== 'poetry') return undefined;
  const args = readArguments(call.args, POETRY_VALUED);
  const verb = args.rest[0];
  return verb === undefined ? undefined : { call, verb, args: { ...args, rest: args.rest.slice(1) } };
}

/** What a call installs; undefined where it installs no dependencies of a project. */
export function readInstall(call: Call, calls: readonly Call[]): Install | undefined {
  if (call.chance === 'never') return undefined;
  const poetry = readPoetryCall(call);
  if (poetry !== undefined) return installOfPoetry(poetry, calls);
  const { program, args } = call;
  if (program === 'uv') return installOfUv(call);
  if (program === 'pdm') return installOfPdm(call);
  if (program === 'pipenv') return installOfPipenv(call);
  if (program !== 'pip') return undefined;
  const at = args.findIndex(({ pattern }) => /^(?:install|wheel|sync)$/.test(pattern));
  const verb = args[at];
  if (verb === undefined) return undefined;
  const rest = [...args.slice(0, at), ...args.slice(at + 1)];
  return installOfPip(call, call.through.includes('uv') ? 'uv' : 'pip', verb, rest, pipedWheels(call, calls));
}

function installOfPoetry({ call, verb, args }: PoetryCall, calls: readonly Call[]): Install | undefined {
  const bundles = verb.pattern === 'bundle';
  if (!bundles && !/^(?:install|sync|update)$/.test(verb.pattern)) return undefined;
  return {
    kind: bundles ? 'bundle' : 'groups',
    tool: 'poetry',
    call,
    verb,
    args,
    selection: selectOfPoetry(args, call, calls),
    files: [],
    local: [],
  };
}

function installOfUv(call: Call): Install | undefined {
  const args = readArguments(call.args, UV_VALUED);
  const verb = args.rest[0];
  if (verb?.pattern !== 'sync') return undefined;
  const selection = selectOfUv(args, call);
  return { kind: 'groups', tool: 'uv', call, verb, args, selection, files: [], local: [] };
}

function installOfPdm(call: Call): Install | undefined {
  const args = readArguments(call.args, PDM_VALUED);
  const verb = args.rest[0];
  if (verb === undefined || !/^(?:install|sync|update)$/.test(verb.pattern)) return undefined;
  return {
    kind: 'groups',
    tool: 'pdm',
    call,
    verb,
    args,
    selection: selectOfPdm(args),
    files: [],
    local: [],
  };
}

function installOfPipenv(call: Call): Install | undefined {
  const args = readArguments(call.args, new Set(['--python', '--categories']));
  const verb = args.rest[0];
  if (verb === undefined || !/^(?:install|sync)$/.test(verb.pattern)) return undefined;
  const selection = plain(hasOption(args, '--dev', '-d'));
  return { kind: 'groups', tool: 'pipenv', call, verb, args, selection, files: [], local: [] };
}

const TOOLING =
  /^(?:pip|setuptools|wheel|poetry|poetry-[\w-]+|uv|pdm|pipenv|pipx|virtualenv|keyring|[\w-]*keyring[\w-]*|build|hatch|hatchling|flit|cython|twine|awscli|supervisor|certifi)(?:$|[\s<>=!~@[\0])/i;

function installOfPip(
  call: Call,
  tool: 'pip' | 'uv',
  verb: ShellWord,
  words: readonly ShellWord[],
  piped: readonly string[],
): Install | undefined {
  const args = readArguments(words, PIP_VALUED);
  const given = args.rest.filter(({ pattern }) => pattern !== '');
  // `uv pip sync requirements.txt`: its words are files.
  const named = verb.pattern === 'sync' ? given.map(({ pattern }) => pattern) : [];
  const files = [...named, ...optionValues(args, '-r', '--requirement', '--requirements')];
  const paths = [...given.map(({ pattern }) => pattern), ...optionValues(args, '-e', '--editable')];
  // `--find-links .` is where wheels are taken from.
  const finds = hasOption(args, '-f', '--find-links', '--no-index');
  const wheels = args.unknown.filter((word) => finds || namesWheel(word)).map(({ pattern }) => pattern);
  const local = [...paths.filter(isLocal), ...wheels, ...piped];
  const packages = paths.filter((path) => !isLocal(path) && !TOOLING.test(path) && !path.startsWith('\0'));
  const kind =
    files.length > 0
      ? 'requirements'
      : local.length > 0
        ? 'local'
        : packages.length > 0
          ? 'packages'
          : undefined;
  if (kind === undefined) return undefined;
  return { kind, tool, call, verb, args, selection: plain(false), files, local };
}

function optionValues({ options }: Arguments, ...names: readonly string[]): readonly string[] {
  return options.flatMap(({ name, value }) => (names.includes(name) && value !== undefined ? [value] : []));
}

/** `find dist -name '*.whl' | xargs pip install`: what is named before it in the same script. */
function pipedWheels({ through, step, index }: Call, calls: readonly Call[]): readonly string[] {
  if (!through.includes('xargs')) return [];
  const before = calls.filter((one) => one.step === step && one.index < index);
  return before.some(({ args }) => args.some(({ raw }) => /\bwhl\b/.test(raw))) ? ['*.whl'] : [];
}

/** `$(ls dist/app-*.whl)`, `$wheel`: the shell finds out which one it is. */
function namesWheel({ raw }: ShellWord): boolean {
  return /\.whl\b|\$\{?\w*(?:wheel|whl)/i.test(raw);
}

function isLocal(path: string): boolean {
  return (
    /^(?:\.{0,2}\/|\.{1,2}(?:\[|$)|~\/|file:)/.test(path) ||
    /^[^\0]*\.(?:whl|tar\.gz|zip)(?:\[.*\])?$/.test(path) ||
    /^(?:\0|[\w.-]+)\/[^:]*$/.test(path)
  );
}

/** What a call makes for another one to install. */
export function readPreparation(call: Call): Preparation | undefined {
  if (call.chance === 'never') return undefined;
  const poetry = readPoetryCall(call);
  if (poetry !== undefined) {
    const verb = poetry.verb.pattern;
    if (verb === 'build') return { kind: 'build', tool: 'poetry', call, dev: false, output: undefined };
    if (verb !== 'export') return undefined;
    return exported('poetry', call, exportsDev(poetry.args), poetry.args);
  }
  const { program, args } = call;
  const first = args[0]?.pattern;
  if ((program === 'pdm' || program === 'uv') && first === 'export') {
    const read = readArguments(args.slice(1), program === 'pdm' ? PDM_VALUED : UV_VALUED);
    const { dev } = program === 'pdm' ? selectOfPdm(read) : selectOfUv(read, call);
    return exported(program, call, dev, read);
  }
  const builds =
    ((program === 'pdm' || program === 'uv') && first === 'build') ||
    program === 'build' ||
    (program === 'pip' && first === 'wheel' && args.some(({ pattern }) => isLocal(pattern)));
  return builds ? { kind: 'build', tool: 'python', call, dev: false, output: undefined } : undefined;
}

function exported(tool: Tool, call: Call, dev: boolean, args: Arguments): Preparation {
  const said = optionValues(args, '-o', '--output', '--output-file').at(-1);
  const redirected = call.command.redirects.find(({ operator }) => /^1?>{1,2}\|?$/.test(operator));
  return { kind: 'export', tool, call, dev, output: said ?? redirected?.target.pattern };
}
