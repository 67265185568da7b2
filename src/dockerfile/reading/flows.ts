// How dependencies come into what ships: of all that installs something, what installs the project's dependencies, and
// what only adds the project to them.

import type { Instruction } from '../syntax/ast.ts';
import type { Call } from './calls.ts';
import type { Install, Preparation } from './installs.ts';
import { covers, type Selection } from './selections.ts';
import type { StageReading } from './stage-reading.ts';
import { TOOLS, type Tool, toolOfImage } from './tools.ts';

export type FlowKind =
  | 'groups'
  | 'export'
  | 'wheel'
  | 'local'
  | 'requirements'
  | 'packages'
  | 'script'
  | 'onbuild'
  | 'none';

export interface Flow {
  readonly kind: FlowKind;
  /** Whose project it is; undefined where only pip is there. */
  readonly tool: Tool | undefined;
  /** Installs that bring dependencies, in the order they are built. */
  readonly installs: readonly Install[];
  /** Installs that only add the project. */
  readonly repeats: readonly Install[];
  /** Exports and builds of wheels that `installs` take. */
  readonly preparations: readonly Preparation[];
  /** Of `script`: the call that hides what it does. */
  readonly script: Call | undefined;
  /** Groups of development end in what ships. */
  readonly dev: boolean;
  /** Installs that bring them. */
  readonly devInstalls: readonly Install[];
}

/**
 * @param contributors the stages of what ships, in the order of the file
 * @param environment those whose installed packages ship
 */
export function findFlow(contributors: readonly StageReading[], environment: readonly StageReading[]): Flow {
  const tool = toolOf(contributors);
  let all = contributors
    .flatMap(({ installs }) => installs)
    .filter((install) => !bringsTool(install, contributors));
  const made = contributors.flatMap(({ preparations }) => preparations);
  const exports = made.filter(({ kind }) => kind === 'export');
  const builds = made.filter(({ kind }) => kind === 'build');
  const none: Flow = {
    kind: 'none',
    tool,
    installs: [],
    repeats: [],
    preparations: [],
    script: undefined,
    dev: false,
    devInstalls: [],
  };
  const of = (...kinds: readonly Install['kind'][]): readonly Install[] =>
    all.filter(({ kind }) => kinds.includes(kind));
  const ships = (install: Install): boolean => environment.some(({ installs }) => installs.includes(install));
  const groups = of('groups', 'bundle').filter((install) => tool === undefined || install.tool === tool);
  const shipping = groups.filter(ships);
  // An environment that only built a wheel stays behind: what ships is what pip makes of the wheel.
  const replaced = shipping.length === 0 && of('requirements', 'local').some(ships);
  if (!replaced && groups.some(({ selection }) => !selection.rootOnly)) {
    return { ...none, kind: 'groups', ...splitRepeats(shipping.length > 0 ? shipping : groups) };
  }
  if (replaced) all = all.filter(ships);
  const files = of('requirements');
  if (files.length > 0 && exports.length > 0) {
    const devInstalls = files.filter((install) => takesDev(install, exports));
    const installs = files;
    return {
      ...none,
      kind: 'export',
      installs,
      preparations: exports,
      dev: devInstalls.length > 0,
      devInstalls,
    };
  }
  if (files.length > 0) return { ...none, kind: 'requirements', installs: files };
  const local = of('local');
  if (local.length > 0) {
    const kind = builds.length > 0 ? 'wheel' : 'local';
    return { ...none, kind, installs: local.slice(0, 1), repeats: local.slice(1), preparations: builds };
  }
  const scripts = findScripts(contributors);
  const owner = tool ?? toolOfManifests(contributors);
  const [script] = scripts;
  if (script !== undefined && owner !== undefined) {
    const dev = !scripts.some(({ args }) => args.some(({ pattern }) => WITHOUT_DEV.test(pattern)));
    return { ...none, kind: 'script', tool: owner, script, dev };
  }
  if (contributors.some(({ steps }) => steps.some(({ instruction }) => instruction.trigger !== undefined))) {
    return { ...none, kind: 'onbuild' };
  }
  const packages = of('packages');
  if (packages.length > 0 && tool === undefined) return { ...none, kind: 'packages', installs: packages };
  return none;
}

/** Of several installs those that bring something new; what a sync takes away again does not count as shipped. */
function splitRepeats(
  groups: readonly Install[],
): Pick<Flow, 'installs' | 'repeats' | 'dev' | 'devInstalls'> {
  const installs: Install[] = [];
  const repeats: Install[] = [];
  let devInstalls: Install[] = [];
  const earlier: Selection[] = [];
  for (const install of alternatives(groups)) {
    const { selection } = install;
    if (earlier.some((one) => covers(one, selection)) || (selection.rootOnly && earlier.length > 0))
      repeats.push(install);
    else installs.push(install);
    if (!selection.rootOnly) earlier.push(selection);
    if (selection.dev) devInstalls.push(install);
    else if (selection.syncs && !selection.rootOnly) devInstalls = [];
  }
  return { installs, repeats, dev: devInstalls.length > 0, devInstalls };
}

/** Of the ways that one RUN may go, where nothing says which: those without development, if there are any. */
function alternatives(groups: readonly Install[]): readonly Install[] {
  return groups.filter(
    ({ call, selection }) =>
      call.chance !== 'may' ||
      !selection.dev ||
      !groups.some(
        (other) => other.call.step === call.step && other.call.chance === 'may' && !other.selection.dev,
      ),
  );
}

function takesDev({ files }: Install, exports: readonly Preparation[]): boolean {
  const named = exports.filter(({ output }) =>
    files.some((file) => output !== undefined && nameOf(file) === nameOf(output)),
  );
  return (named.length > 0 ? named : exports).some(({ dev }) => dev);
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? '';
}

/** A requirements file of which nothing else says what it brings, before Poetry is used: it brings Poetry. */
function bringsTool(install: Install, contributors: readonly StageReading[]): boolean {
  return install.kind === 'requirements' && requirementsOfTool(contributors) === install;
}

/** The install of a requirements file that brings Poetry: nothing else does, and Poetry is used behind it. */
export function requirementsOfTool(contributors: readonly StageReading[]): Install | undefined {
  for (const { arrivals, installs, calls } of contributors) {
    if (arrivals.some(({ tool }) => tool === 'poetry')) continue;
    const use = calls.findIndex(({ program }) => program === 'poetry');
    if (use < 0) continue;
    const found = installs.findLast(
      ({ kind, call }) => kind === 'requirements' && calls.indexOf(call) < use && calls.indexOf(call) >= 0,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function toolOf(contributors: readonly StageReading[]): Tool | undefined {
  return TOOLS.find((tool) =>
    contributors.some(
      ({ arrivals, calls, stage, steps, installs }) =>
        arrivals.some((arrival) => arrival.tool === tool) ||
        calls.some(({ program, chance }) => program === tool && chance !== 'never') ||
        installs.some((install) => install.tool === tool) ||
        (stage.parent === undefined && stage.base !== undefined && toolOfImage(stage.base) === tool) ||
        steps.some(({ instruction }) => isStartedBy(instruction, tool)) ||
        calls.some(({ programWord }) => SCRIPTS.get(tool)?.test(programWord.pattern) === true),
    ),
  );
}

/** `CMD ["poetry", "run", …]`: whoever brought it, it is there. */
function isStartedBy({ keyword, form, words, argument }: Instruction, tool: Tool): boolean {
  if (keyword !== 'CMD' && keyword !== 'ENTRYPOINT') return false;
  const [first = ''] = form === 'exec' ? words.map(({ value }) => value) : argument.text.trim().split(/\s+/);
  return first.split('/').at(-1) === tool;
}

/** `./scripts/install-poetry.sh`: what it does is not seen, and for whom it is. */
const SCRIPTS: ReadonlyMap<Tool, RegExp> = new Map(
  TOOLS.map((tool) => [tool, new RegExp(`(?:^|[/._-])${tool}(?:[._-]\\w+)*\\.sh$`)]),
);

/** The tool whose lock is copied, where nothing says how it comes. */
function toolOfManifests(contributors: readonly StageReading[]): Tool | undefined {
  const names = contributors.flatMap(({ copies }) =>
    copies.flatMap(({ sources }) => sources.map(({ path = '' }) => nameOf(path))),
  );
  return TOOLS.find((tool) => names.includes(`${tool}.lock`));
}

/** Told to a script: `opts='--without dev'`. */
const WITHOUT_DEV = /--(?:without|no-group)[ =]\S*\bdev|--no-dev\b|--only[ =]main\b|--prod\b/;

const TASK_RUNNER = /^(?:make|just|task|invoke|inv|nox|tox|doit|rake)$/;
const PURPOSE = /install|build|setup|deps|depend|bootstrap|prepare|provision|poetry|init/i;

/** Scripts and tasks that may install, where nothing else does. */
function findScripts(contributors: readonly StageReading[]): readonly Call[] {
  return contributors
    .flatMap(({ calls }) => calls)
    .filter(({ program, programWord, args, command, chance }) => {
      if (
        chance === 'never' ||
        command.substituted ||
        /^(?:python|poetry|pip|apt-get|apk|curl|wget)$/.test(program)
      )
        return false;
      if (TASK_RUNNER.test(program)) return args.some(({ pattern }) => PURPOSE.test(pattern));
      if (/^(?:ba|da|a)?sh$/.test(program)) {
        return args.some(
          ({ pattern }) => !pattern.startsWith('-') && /\.sh$/.test(pattern) && PURPOSE.test(pattern),
        );
      }
      const own =
        /^\.{0,2}\/(?!usr\/bin\/|bin\/|opt\/poetry)/.test(programWord.pattern) ||
        /^[a-z]+-[a-z]+$/.test(program);
      return own && PURPOSE.test(program) && !/^(?:add-apt-|apt-|dpkg-|update-|docker-php-)/.test(program);
    });
}
