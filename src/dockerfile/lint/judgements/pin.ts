// T1: the exact version of Poetry (or of uv, pdm, pipenv where these install) is said.

import { isBefore, poetryRequirements, pythonsOf } from '../../poetry.ts';
import { requirementsOfTool } from '../../reading/flows.ts';
import { versionNamed } from '../../reading/requirements.ts';
import { type Tool, type ToolArrival, toolOfImage, versionOfImage } from '../../reading/tools.ts';
import { pythonOfBase } from '../../reading/versions.ts';
import type { Edit } from '../finding.ts';
import { insertAfter, offer, replaceWord } from './edits.ts';
import { type Judgement, missedBy, NOT_APPLICABLE, type Problem, type View } from './judgement.ts';

const NAMES: Readonly<Record<Tool, string>> = { poetry: 'Poetry', pdm: 'PDM', uv: 'uv', pipenv: 'Pipenv' };

export function judgePin(view: View): Judgement {
  const { reading } = view;
  const { tool } = reading.flow;
  if (tool === undefined) return NOT_APPLICABLE;
  const arrivals = reading.contributors
    .flatMap((stage) => stage.arrivals)
    .filter((arrival) => arrival.tool === tool);
  if (arrivals.length === 0) return judgeOutOfSight(view, tool);
  return missedBy(
    arrivals
      .filter(({ version: { precision } }) => precision === 'none' || precision === 'range')
      .map((arrival) => unpinned(view, arrival)),
  );
}

/** No line brings the tool: a requirements file does, or the base. */
function judgeOutOfSight({ reading, input }: View, tool: Tool): Judgement {
  if (tool === 'poetry' && requirementsOfTool(reading.contributors) !== undefined) return missedBy([]);
  const bases = reading.contributors.filter(({ stage }) => stage.parent === undefined);
  const used = bases.filter(({ stage }) => toolOfImage(stage.pattern) === tool);
  return missedBy(
    (used.length > 0 ? used : bases).flatMap(({ stage }): Problem[] => {
      const exact = stage.base !== undefined && versionOfImage(stage.base).precision === 'exact';
      // The version of an image that is not named after the tool is none of the tool's.
      if (exact && (used.length > 0 || stage.base?.includes('@') === true)) return [];
      // A language's own image has no Poetry.
      const bare = /(?:^|\/)python$/.test(stage.base?.replace(/[:@].*$/, '') ?? '');
      const { start, end } = stage.image.span;
      const image = input.dockerfile.text.slice(start, end);
      const message = bare
        ? `nothing here installs ${NAMES[tool]}, and \`${image}\` has none`
        : `${NAMES[tool]} comes from \`${image}\`, which another build may find with another ${NAMES[tool]}: name an exact tag or a digest`;
      return [{ rule: 'BV101', message, span: stage.image.span }];
    }),
  );
}

function unpinned(view: View, arrival: ToolArrival): Problem {
  const { tool, method, version, span, call } = arrival;
  const name = NAMES[tool];
  const redirect = redirectOf(arrival);
  if (redirect !== undefined) {
    const written = `${tool}${redirect.text}`;
    return {
      rule: 'BV112',
      message: `the shell takes \`>\` for a redirect: \`${written}\` installs any ${name} and writes a file \`${redirect.file}\``,
      span: redirect.span,
      ...(locked(view, arrival) === undefined
        ? offer(view, `quote \`${written}\``, 'safe', [{ span: redirect.span, text: `"${written}"` }])
        : offer(view, titleOf(view, arrival), 'safe', pinEdits(view, arrival, redirect.span))),
    };
  }
  if (version.precision === 'range') {
    return {
      rule: 'BV112',
      message: `\`${version.text}\` leaves open which ${name} the next build gets: name one version with \`==\``,
      span,
      ...offer(view, titleOf(view, arrival), 'safe', pinEdits(view, arrival)),
    };
  }
  const said = call?.variables.get('POETRY_VERSION');
  if (
    tool === 'poetry' &&
    method !== 'installer' &&
    method !== 'image' &&
    versionNamed(said ?? '').precision === 'exact'
  ) {
    return {
      rule: 'BV111',
      message: `\`POETRY_VERSION=${said}\` pins nothing: ${method} does not read it, and installs the newest Poetry`,
      span,
      ...offer(view, 'take the version from `POETRY_VERSION`', 'unsafe', falsePinEdits(view, arrival)),
    };
  }
  const how =
    method === 'installer' ? 'say `--version` or set `POETRY_VERSION`' : `say \`${tool}==\` and a version`;
  return {
    rule: 'BV101',
    message: `${name} is not pinned: the next build gets another one, with other rules and flags; ${how}`,
    span,
    ...offer(view, titleOf(view, arrival), 'safe', pinEdits(view, arrival)),
  };
}

/** The version that wrote the project's lock. */
function locked({ input }: View, { tool }: ToolArrival): string | undefined {
  return tool === 'poetry' ? input.project?.lock?.poetry : undefined;
}

function titleOf(view: View, arrival: ToolArrival): string {
  return `pin Poetry to ${locked(view, arrival)}, which wrote the lock`;
}

/** @param span what `poetry==…` replaces, where that is more than the word */
function pinEdits(
  view: View,
  arrival: ToolArrival,
  span?: Edit['span'],
): readonly (Edit | undefined)[] | undefined {
  const version = locked(view, arrival);
  const { word, call, method } = arrival;
  if (version === undefined || call === undefined || !runs(view, arrival, version)) return undefined;
  const extras = /\[[^\]]*\]/.exec(word?.pattern ?? '')?.[0] ?? '';
  const [, ...others] = poetryRequirements(version);
  // Without them this version fails, and nobody but pip can be told.
  if (others.length > 0 && method !== 'pip') return undefined;
  if (method === 'installer') {
    const last = call.args.at(-1);
    if (call.program !== 'python' || call.args.length > 2) return undefined;
    return [
      last === undefined
        ? insertAfter(view, call, call.programWord, ['-', '--version', version])
        : insertAfter(view, call, last, ['--version', version]),
    ];
  }
  if (word === undefined || method === 'packages') return undefined;
  const pinned =
    span === undefined
      ? replaceWord(word, `poetry${extras}==${version}`)
      : { span, text: `poetry${extras}==${version}` };
  const also = beside(arrival, others, (span ?? word.span).end);
  return also === undefined ? undefined : [pinned, ...also];
}

/** What must be installed with it; undefined where the quotes that `<` wants cannot be written. */
function beside(
  { call }: ToolArrival,
  requirements: readonly string[],
  end: number,
): readonly Edit[] | undefined {
  if (requirements.length === 0) return [];
  const isPlain =
    call?.through.every((program) => program === 'python') === true && call.step.instruction.form === 'shell';
  if (!isPlain) return undefined;
  return [{ span: { start: end, end }, text: requirements.map((one) => ` "${one}"`).join('') }];
}

/** Whether a version is known to run on the Python of the base. */
export function runs({ reading, input }: View, { step }: ToolArrival, version: string): boolean {
  const home = reading.stages[step.stage.index];
  const said = home === undefined ? undefined : pythonOfBase(reading.graph, home);
  // The project says what its image has at least.
  const least = /(?:^|[\s,^~=>])3\.(\d+)/.exec(input.project?.python ?? '')?.[1];
  const python = said ?? (least === undefined ? undefined : Number(least));
  if (python === undefined) return false;
  const [first, last] = pythonsOf(version);
  return python >= first && Math.min(python, NEWEST_PYTHON) <= last;
}

/** What `python:3` means. */
const NEWEST_PYTHON = 14;

/** Not where that version is older than the lock, or fails. */
function falsePinEdits(view: View, arrival: ToolArrival): readonly (Edit | undefined)[] | undefined {
  const { input } = view;
  const { word, call, method } = arrival;
  const version = call?.variables.get('POETRY_VERSION');
  const writer = input.project?.lock?.poetry;
  if (version === undefined || !runs(view, arrival, version)) return undefined;
  const [major = 0, minor = 0] = (writer ?? '').split('.').map(Number);
  if (writer !== undefined && isBefore(version, major, minor)) return undefined;
  if (word === undefined || call === undefined || call.step.instruction.form === 'exec') return undefined;
  const written = input.dockerfile.text.slice(word.span.start, word.span.end);
  if (written !== word.pattern && written !== `"${word.pattern}"`) return undefined;
  const [, ...others] = poetryRequirements(version);
  if (others.length > 0 && method !== 'pip') return undefined;
  const also = beside(arrival, others, word.span.end);
  return also === undefined ? undefined : [replaceWord(word, `${word.pattern}==$\{POETRY_VERSION}`), ...also];
}

/** `pip install poetry>=2.0.0`, unquoted. */
function redirectOf({
  word,
  call,
  version,
}: ToolArrival): { readonly text: string; readonly file: string; readonly span: Edit['span'] } | undefined {
  if (word === undefined || version.precision !== 'none') return undefined;
  const redirect = call?.command.redirects.find(
    ({ operator, span, target }) =>
      operator === '>' && span.start === word.span.end && target.pattern.startsWith('='),
  );
  if (redirect === undefined) return undefined;
  const file = redirect.target.pattern;
  return { text: `>${file}`, file, span: { start: word.span.start, end: redirect.span.end } };
}
