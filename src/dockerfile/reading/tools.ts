// How Poetry, uv, pdm and pipenv come into a stage, and at which version.

import type { ShellWord } from '../shell/ast.ts';
import type { Span } from '../syntax/ast.ts';
import type { Call } from './calls.ts';
import { hasOption, readArguments } from './options.ts';
import { SYSTEM_INSTALL } from './package-managers.ts';
import { type ToolVersion, UNSAID, versionAsked, versionNamed } from './requirements.ts';
import { expand, type Step } from './steps.ts';
import { PIP_VALUED, UV_VALUED } from './valued-options.ts';

export const TOOLS = ['poetry', 'pdm', 'uv', 'pipenv'] as const;
export type Tool = (typeof TOOLS)[number];

export type ToolMethod = 'pip' | 'pipx' | 'uv' | 'installer' | 'packages' | 'requirements' | 'image' | 'base';

export interface ToolArrival {
  readonly tool: Tool;
  readonly method: ToolMethod;
  readonly version: ToolVersion;
  readonly step: Step;
  /** What asks for it: the word `poetry`, the installer's command, the image. */
  readonly span: Span;
  /** The requirement's word, where there is one. */
  readonly word: ShellWord | undefined;
  readonly call: Call | undefined;
}

const INSTALLERS: readonly { readonly tool: Tool; readonly address: RegExp; readonly variable: string }[] = [
  {
    tool: 'poetry',
    address: /install\.python-poetry\.org|(?:install|get)[-_]poetry(?:\.py)?/i,
    variable: 'POETRY_VERSION',
  },
  { tool: 'pdm', address: /install-pdm\.py|pdm-project\.org\/install/i, variable: 'PDM_VERSION' },
  { tool: 'uv', address: /astral\.sh\/uv|uv-installer/i, variable: 'UV_VERSION' },
];

/** What the calls of one step bring. */
export function readArrivals(step: Step, calls: readonly Call[]): readonly ToolArrival[] {
  const found: ToolArrival[] = [];
  for (const call of calls) {
    if (call.chance === 'never') continue;
    found.push(...byRequirement(call), ...bySystemPackage(call), ...byVersionManager(call));
    const installer = byInstaller(call, calls);
    if (installer !== undefined) found.push(installer);
  }
  return found.map((arrival) => ({ ...arrival, step }));
}

function byRequirement(call: Call): readonly ToolArrival[] {
  const { program, args, step, through } = call;
  const [first, second] = args.map(({ pattern }) => pattern);
  let method: ToolMethod;
  let words: readonly ShellWord[];
  const at = args.findIndex(({ pattern }) => pattern === 'install');
  if (program === 'pip' && at >= 0)
    [method, words] = [through.includes('uv') ? 'uv' : 'pip', args.slice(at + 1)];
  else if (program === 'pipx' && first === 'install') [method, words] = ['pipx', args.slice(1)];
  else if (program === 'pipx' && first === 'run') [method, words] = ['pipx', args.slice(1)];
  else if (program === 'uv' && first === 'tool' && (second === 'install' || second === 'run')) {
    [method, words] = ['uv', args.slice(2)];
  } else if (program === 'uvx') [method, words] = ['uv', args];
  else return [];
  const valued = program === 'pip' ? PIP_VALUED : UV_VALUED;
  const { rest, options } = readArguments(words, valued);
  // What is run has arguments of its own.
  const runs = program === 'uvx' || first === 'run' || second === 'run';
  const given = (...names: readonly string[]): readonly ShellWord[] =>
    options.flatMap(({ name, valueWord }) =>
      names.includes(name) && valueWord !== undefined ? [valueWord] : [],
    );
  const said = given('--spec', '--from');
  const asked = [...given('--with'), ...(said.length > 0 ? said : runs ? rest.slice(0, 1) : rest)];
  const found = asked.flatMap((word) =>
    TOOLS.flatMap((tool): ToolArrival[] => {
      const version = versionAsked(word.pattern, tool);
      if (version === undefined) return [];
      const held = version.precision === 'none' && isConstrained(words, valued);
      return [
        {
          tool,
          method,
          version: held ? { precision: 'unknown', text: undefined } : version,
          step,
          span: word.span,
          word,
          call,
        },
      ];
    }),
  );
  // `pip install poetry poetry==1.8.3`: pip meets both.
  return found.filter(
    ({ tool, version }) =>
      version.precision !== 'none' ||
      !found.some((other) => other.tool === tool && other.version.precision === 'exact'),
  );
}

/** A constraints file may say the version. */
function isConstrained(words: readonly ShellWord[], valued: ReadonlySet<string>): boolean {
  return hasOption(readArguments(words, valued), '-c', '--constraint', '--constraints');
}

/** A system's packages, and those of managers beside it. */
const INSTALL: ReadonlyMap<string, RegExp> = new Map([
  ...SYSTEM_INSTALL,
  ['conda', /^install$/],
  ['mamba', /^install$/],
  ['micromamba', /^install$/],
  ['brew', /^install$/],
]);

function bySystemPackage(call: Call): readonly ToolArrival[] {
  const verb = INSTALL.get(call.program);
  if (verb === undefined || !call.args.some(({ pattern }) => verb.test(pattern))) return [];
  return call.args.flatMap((word): ToolArrival[] => {
    const match = /^(?:python3-|py3-)?(poetry|pipenv|uv|pdm)(?:(?:=|==|@|~)(.*))?$/.exec(word.pattern);
    if (match === null) return [];
    const version = match[2] === undefined ? UNSAID : versionNamed(match[2]);
    return [
      { tool: match[1] as Tool, method: 'packages', version, step: call.step, span: word.span, word, call },
    ];
  });
}

/** `asdf install poetry 1.8.3`, `mise use -g poetry@1.8.3`; without a version a file of theirs says it. */
function byVersionManager(call: Call): readonly ToolArrival[] {
  const { program, args, step } = call;
  if (program !== 'mise' && program !== 'rtx' && program !== 'asdf') return [];
  const words = args.filter(({ pattern }) => !pattern.startsWith('-'));
  if (!/^(?:install|use|global|local|set)$/.test(words[0]?.pattern ?? '')) return [];
  return words.slice(1).flatMap((word, index): ToolArrival[] => {
    const match = /^(poetry|pipenv|uv|pdm)(?:@(.*))?$/.exec(word.pattern);
    if (match === null) return [];
    const beside = words[index + 2]?.pattern;
    const said = match[2] ?? (beside !== undefined && /^[\d\0]|^latest$/.test(beside) ? beside : undefined);
    const version: ToolVersion =
      said === undefined
        ? { precision: 'unknown', text: undefined }
        : said === 'latest'
          ? UNSAID
          : versionNamed(said);
    return [{ tool: match[1] as Tool, method: 'packages', version, step, span: word.span, word, call }];
  });
}

/** `curl … | python3 -`, `python3 install-poetry.py`, `python3 <(curl …)`. */
function byInstaller(call: Call, calls: readonly Call[]): ToolArrival | undefined {
  const interprets = call.program === 'python' || /^(?:ba|da|z|a)?sh$/.test(call.program);
  if (!interprets || call.args.some(({ pattern }) => pattern === '--uninstall')) return undefined;
  const own = call.args.map(({ pattern }) => pattern).join(' ');
  // Between the download and the interpreter there may be `chmod`, `sed`, `sha256sum`.
  const fetched = calls
    .slice(0, call.index)
    .filter(({ program }) => program === 'curl' || program === 'wget')
    .map(({ args }) => args.map(({ pattern, raw }) => `${pattern} ${raw}`).join(' '));
  const raws = call.args.map(({ raw }) => raw).join(' ');
  for (const { tool, address, variable } of INSTALLERS) {
    const piped = call.command.joined === '|' && fetched.some((text) => address.test(text));
    const saved =
      fetched.some((text) => address.test(text)) && /\.(?:py|sh)\b/.test(own) && !/\b-m\b/.test(own);
    if (!piped && !saved && !address.test(own) && !address.test(raws)) continue;
    const said = readArguments(call.args, new Set(['--version', '-v'])).options.find(
      ({ name, value }) => (name === '--version' || name === '-v') && value !== undefined,
    );
    const inAddress = fetched
      .map((text) => /\/uv\/(\d[^/\s]*)\//.exec(text)?.[1])
      .find((text) => text !== undefined);
    const version =
      said !== undefined
        ? versionNamed(said.value)
        : inAddress !== undefined
          ? versionNamed(inAddress)
          : call.variables.has(variable)
            ? versionNamed(call.variables.get(variable))
            : UNSAID;
    const span = call.command.span;
    return { tool, method: 'installer', version, step: call.step, span, word: undefined, call };
  }
  return undefined;
}

/** `COPY --from=ghcr.io/astral-sh/uv:0.9.26 /uv /bin/`: a tool out of an image. */
export function readCopiedTool(step: Step, token: '\\' | '`'): ToolArrival | undefined {
  const { instruction, variables } = step;
  if (instruction.keyword !== 'COPY') return undefined;
  const from = instruction.flags.find(({ name }) => name === 'from');
  if (from?.value === undefined) return undefined;
  const image = expand(from.value, variables, token);
  const tool = toolOfImage(image);
  if (tool === undefined || !/[/:]/.test(image)) return undefined;
  const version = versionOfImage(image);
  return { tool, method: 'image', version, step, span: from.valueSpan, word: undefined, call: undefined };
}

/** Whether an image is called after a tool. */
export function toolOfImage(reference: string): Tool | undefined {
  const repository = reference.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  const words = repository.toLowerCase().split(/[-_/]/);
  return TOOLS.find((tool) => words.includes(tool));
}

/** The version that a tag says: three numbers of it, or a digest. */
export function versionOfImage(reference: string): ToolVersion {
  const digest = /@(sha256:.+)$/.exec(reference)?.[1];
  if (digest !== undefined) return { precision: 'exact', text: digest };
  const tag = /:([^/]+)$/.exec(reference)?.[1];
  const exact = tag === undefined ? null : /\d+\.\d+\.\d+\w*/.exec(tag);
  if (exact !== null) return { precision: 'exact', text: exact[0] };
  return tag === undefined ? UNSAID : { precision: 'range', text: tag };
}
