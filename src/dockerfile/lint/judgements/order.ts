// T2 and T5: what is copied before the dependencies are installed, and so makes their layer anew when it changes.

import type { Call } from '../../reading/calls.ts';
import type { ContextCopy, CopiedSource } from '../../reading/copies.ts';
import { readStageCopy } from '../../reading/environment.ts';
import { holds } from '../../reading/paths.ts';
import { lineageOfStage, type Reading } from '../../reading/reading.ts';
import type { StageReading } from '../../reading/stage-reading.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';
import { reorderFix } from './reordering.ts';

/** A source that is there when the dependencies are installed. */
export interface Early {
  readonly copy: ContextCopy;
  readonly source: CopiedSource;
  /** The call that it comes before. */
  readonly before: Call;
}

/** What was there when the dependencies were installed, or undefined where they are not. */
export interface Order {
  /** The first call that installs or exports. */
  readonly first: Call;
  readonly early: readonly Early[];
  /** `git clone` before it, where no manifest is copied. */
  readonly clone: Call | undefined;
}

function readOrder(reading: Reading): Order | undefined {
  const { flow, contributors } = reading;
  const install = flow.installs[0]?.call ?? flow.script;
  if (install === undefined) return undefined;
  // What was built of the requirements is installed later, and perhaps elsewhere.
  const built = flow.installs.filter(({ verb }, index) => index > 0 && verb.pattern !== 'wheel');
  const points = [
    install,
    ...(flow.installs[0]?.verb.pattern === 'wheel' ? built.map(({ call }) => call) : []),
    ...(flow.kind === 'groups' ? [] : flow.preparations.map(({ call }) => call)),
  ];
  const early = [
    ...points.flatMap((call) => earlyOf(reading, call)),
    ...(flow.kind === 'local' || flow.kind === 'wheel' ? builtOf(reading, install) : []),
  ];
  const first = points.reduce((one, other) => (isBefore(other, one) ? other : one));
  const clone = contributors
    .flatMap(({ calls }) => calls)
    .find((call) => call.program === 'git' && call.args[0]?.pattern === 'clone' && isBefore(call, install));
  const hasManifest = early.some(({ source }) => source.kind === 'manifest' || source.kind === 'whole');
  return { first, early, clone: hasManifest ? undefined : clone };
}

/** What other stages had when they made the wheel that a call installs. */
function builtOf(reading: Reading, call: Call): readonly Early[] {
  const home = reading.stages[call.step.stage.index];
  if (home === undefined) return [];
  return lineageOfStage(reading, home)
    .flatMap(({ steps }) => steps)
    .flatMap((step) => {
      const copied = readStageCopy(step, reading.stages, reading.graph);
      if (copied?.paths.some((path) => BUILT.test(path)) !== true) return [];
      return lineageOfStage(reading, copied.source).flatMap(({ copies }) =>
        copies.flatMap((copy) => copy.sources.map((source) => ({ copy, source, before: call }))),
      );
    });
}

const BUILT = /(?:^|\/)(?:dist|wheels?)(?:\/|$)|\.(?:whl|tar\.gz)$/;

/** What the stages that a call stands in copied before it, and what its own RUN mounts. */
function earlyOf(reading: Reading, call: Call): readonly Early[] {
  const home = reading.stages[call.step.stage.index];
  if (home === undefined) return [];
  const at = call.step.instruction.span.start;
  return lineageOfStage(reading, home).flatMap((stage: StageReading) =>
    stage.copies
      .filter((copy) => {
        const { instruction } = copy.step;
        return copy.mounted
          ? instruction === call.step.instruction
          : stage !== home || instruction.span.start < at;
      })
      .flatMap((copy) => copy.sources.map((source) => ({ copy, source, before: call }))),
  );
}

function isBefore(one: Call, other: Call): boolean {
  return one.command.span.start < other.command.span.start;
}

/** Whether anything is taken from the build context at all: otherwise there is no order to speak of. */
function takesContext({ contributors }: Reading): boolean {
  return contributors.some(
    ({ copies, calls }) =>
      copies.some(({ sources }) => sources.some(({ kind }) => kind !== 'other')) ||
      calls.some(({ program, args }) => program === 'git' && args[0]?.pattern === 'clone'),
  );
}

export function judgeContext(view: View): Judgement {
  const { reading, input } = view;
  const order = readOrder(reading);
  if (order === undefined || !takesContext(reading)) return NOT_APPLICABLE;
  const whole = order.early.filter(({ source }) => source.kind === 'whole');
  if (whole.length === 0 && order.clone !== undefined) return missedBy([cloned('BV102', order.clone)]);
  // In a monorepo, the whole of the project is as bad as the whole context.
  const own = input.project?.path;
  const project = order.early.filter(({ source }) => own !== undefined && own !== '' && source.path === own);
  return missedBy(
    distinct([...whole, ...project]).map(({ source, copy }) => ({
      rule: 'BV102',
      message: `${source.kind === 'whole' ? 'the whole context' : 'the whole project'} is ${copy.mounted ? 'mounted' : 'copied'} before the dependencies are installed: any change installs them anew; copy \`pyproject.toml\` and \`poetry.lock\` first`,
      span: source.span,
      ...reorderFix(
        view,
        tooEarly(view, order).map((one) => one.copy),
      ),
    })),
  );
}

export function judgeOrder(view: View): Judgement {
  const { reading } = view;
  const order = readOrder(reading);
  if (order === undefined || !takesContext(reading)) return NOT_APPLICABLE;
  const code = tooEarly(view, order);
  if (code.length === 0 && order.clone !== undefined) return missedBy([cloned('BV105', order.clone)]);
  const fix = reorderFix(
    view,
    code.map(({ copy }) => copy),
  );
  return missedBy(
    code.map(({ source, copy }) => ({
      rule: 'BV105',
      message: `the code is ${copy.mounted ? 'mounted' : 'copied'} before the dependencies are installed: each edit installs them anew; ${copy.mounted ? 'mount the manifests alone' : 'copy it afterwards'}`,
      span: source.span,
      ...fix,
    })),
  );
}

/** Copies of code, or of everything, in the order of the file. */
function tooEarly({ input }: View, order: Order): readonly Early[] {
  const paths = input.project?.paths.map(({ path }) => path) ?? [];
  return distinct(
    order.early.filter(
      (early) =>
        early.source.kind === 'whole' ||
        (early.source.kind === 'code' && !isPathDependency(early, order, paths)),
    ),
  );
}

/** What comes before an export and before the install of it comes once. */
function distinct(early: readonly Early[]): readonly Early[] {
  return early.filter(({ source }, index) => early.findIndex((one) => one.source === source) === index);
}

/** A directory that lands beside the project, or that the project names as a dependency. */
function isPathDependency({ source }: Early, { early }: Order, paths: readonly string[]): boolean {
  const named = paths.some((path) => {
    const plain = path.replace(/^(?:\.{1,2}\/)+/, '').replace(/\/$/, '');
    return source.path === plain || source.path?.endsWith(`/${plain}`) === true;
  });
  if (named || VENDORED.test(source.path ?? '')) return true;
  const project = early.find(
    (one) => one.source.kind === 'manifest' && /(?:^|\/)\*?pyproject/.test(one.source.path ?? ''),
  )?.source.destination;
  if (project === undefined || source.destination === undefined) return false;
  const directory = project.replace(/\/[^/]*$/, '') || '/';
  return directory !== '/' && !holds(directory, source.destination) && !holds(source.destination, directory);
}

/** By custom, what others wrote and a project depends on by path. */
const VENDORED = /(?:^|\/)(?:third[-_]?party|vendor(?:ed|s)?|externals?|submodules)$/i;

function cloned(rule: string, call: Call): Problem {
  return {
    rule,
    message:
      'the repository is cloned before the dependencies are installed: any change of it installs them anew',
    span: call.command.span,
  };
}
