// What BuildKit refuses of an instruction that can be read: flags it does not know, arguments too few or too many. After
// `frontend/dockerfile/instructions/parse.go`, version 0.33.

import type { Flag, Instruction, Span, SyntaxProblem, Word } from './ast.ts';
import { readDuration } from './durations.ts';
import { readMarker } from './heredoc.ts';
import { argumentKind, shorten } from './instruction.ts';
import { mountFields } from './mounts.ts';

type FlagKind = 'boolean' | 'once' | 'many';

const NO_FLAGS: Readonly<Record<string, FlagKind>> = {};
/** ADD has no `--from`. */
const FLAGS: Readonly<Record<string, Readonly<Record<string, FlagKind>>>> = {
  ADD: {
    chown: 'once',
    chmod: 'once',
    link: 'boolean',
    'keep-git-dir': 'boolean',
    checksum: 'once',
    unpack: 'boolean',
    exclude: 'many',
  },
  COPY: {
    chown: 'once',
    from: 'once',
    chmod: 'once',
    link: 'boolean',
    exclude: 'many',
    parents: 'boolean',
  },
  FROM: { platform: 'once' },
  HEALTHCHECK: {
    interval: 'once',
    timeout: 'once',
    'start-period': 'once',
    'start-interval': 'once',
    retries: 'once',
  },
  RUN: { mount: 'many', network: 'once', security: 'once', device: 'many' },
};
/** BuildKit does not look at the flags of these. */
const UNCHECKED: readonly string[] = ['ARG', 'STOPSIGNAL'];
const ARGUMENT_NEEDED: readonly string[] = [
  'ARG',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];
const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;
const MAX_RETRIES = 2_147_483_647;

/** The faults of an instruction and of its trigger, in no particular order. */
export function findFaults(instruction: Instruction): readonly SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  function report(code: SyntaxProblem['code'], message: string, span: Span): void {
    problems.push({ code, message, span });
  }
  const { keyword, keywordSpan, words, argument } = instruction;
  if (argumentKind(keyword) === 'unknown') {
    report('unknown-instruction', `unknown instruction \`${shorten(keyword)}\``, keywordSpan);
    return problems;
  }
  checkFlags(instruction, report);
  if (argument.text === '' && ARGUMENT_NEEDED.includes(keyword)) {
    report('missing-argument', `${keyword} needs an argument`, keywordSpan);
    return problems;
  }
  switch (keyword) {
    case 'FROM':
      checkFrom(instruction, report);
      break;
    case 'COPY':
    case 'ADD':
      checkCopy(instruction, report);
      break;
    case 'SHELL':
      if (instruction.form === 'shell') {
        report('bad-argument', 'SHELL needs the JSON form, `["/bin/sh", "-c"]`', argumentSpan(instruction));
      } else if (words.length === 0) report('missing-argument', 'SHELL needs an argument', keywordSpan);
      break;
    case 'VOLUME':
      if (words.length === 0) report('missing-argument', 'VOLUME needs an argument', keywordSpan);
      for (const { value, span } of words) {
        if (value.trim() === '') report('bad-argument', 'VOLUME takes no empty path', span);
      }
      break;
    case 'ENV':
    case 'LABEL':
    case 'ARG':
      for (const { name, span } of instruction.pairs) {
        if (name === '') report('bad-argument', `${keyword} needs a name before the \`=\``, span);
      }
      break;
    case 'HEALTHCHECK':
      checkHealth(instruction, report);
      break;
    case 'ONBUILD':
      checkTrigger(instruction, report);
      break;
  }
  return problems;
}

type Report = (code: SyntaxProblem['code'], message: string, span: Span) => void;

function argumentSpan({ argument }: Instruction): Span {
  return { start: argument.offsets[0]!, end: argument.offsets.at(-1)! };
}

function checkFlags({ keyword, flags, words }: Instruction, report: Report): void {
  if (UNCHECKED.includes(keyword)) return;
  // `HEALTHCHECK NONE` is not looked at further.
  if (keyword === 'HEALTHCHECK' && words[0]?.raw.toUpperCase() === 'NONE') return;
  const known = FLAGS[keyword] ?? NO_FLAGS;
  const seen = new Set<string>();
  for (const flag of flags) {
    const kind = Object.hasOwn(known, flag.name) ? known[flag.name] : undefined;
    const name = shorten(flag.name);
    if (kind === undefined) report('bad-flag', `${keyword} has no flag \`--${name}\``, flag.span);
    else if (kind !== 'many' && seen.has(flag.name)) {
      report('bad-flag', `\`--${name}\` is given twice`, flag.span);
    } else if (kind === 'boolean' ? flag.value === '' : flag.value === undefined) {
      report('bad-flag', `\`--${name}\` needs a value`, flag.span);
    } else checkValue(keyword, kind, flag, report);
    seen.add(flag.name);
  }
}

function checkValue(keyword: string, kind: FlagKind, flag: Flag, report: Report): void {
  const { name, valueSpan } = flag;
  const value = flag.value ?? '';
  if (kind === 'boolean' && !['', 'true', 'false'].includes(value.toLowerCase())) {
    report('bad-flag', `\`--${name}\` takes \`true\` or \`false\`, not \`${shorten(value)}\``, valueSpan);
  }
  if (keyword === 'RUN' && name === 'network' && !['default', 'none', 'host'].includes(value)) {
    report('bad-flag', `there is no network mode \`${shorten(value)}\``, valueSpan);
  }
  if (keyword === 'RUN' && name === 'security' && !['insecure', 'sandbox'].includes(value)) {
    report('bad-flag', `there is no security mode \`${shorten(value)}\``, valueSpan);
  }
  if (keyword === 'RUN' && name === 'mount') checkMount(flag, report);
  if (keyword === 'HEALTHCHECK') checkHealthFlag(flag, report);
}

function checkMount(flag: Flag, report: Report): void {
  const fields = mountFields(flag);
  if (fields === undefined) {
    report('bad-flag', 'the quotes of this mount are not closed', flag.span);
    return;
  }
  for (const { key, value, span } of fields) {
    if (key !== 'from' || value === undefined) continue;
    const dollar = value.indexOf('$');
    if (dollar !== -1 && dollar !== value.length - 1) {
      const remedy = 'give the image a name by a FROM of its own';
      report('bad-flag', `\`from=\` of a mount takes no variables; ${remedy}`, span);
    }
  }
}

function checkHealthFlag({ name, value = '', valueSpan }: Flag, report: Report): void {
  if (value === '') return;
  if (name === 'retries') {
    const good = /^[+-]?\d+$/.test(value) && Number(value) >= 0 && Number(value) <= MAX_RETRIES;
    if (!good) report('bad-flag', `\`--retries\` needs a number, not \`${shorten(value)}\``, valueSpan);
    return;
  }
  const seconds = readDuration(value);
  if (seconds === undefined) {
    report(
      'bad-flag',
      `\`--${name}\` needs a duration such as \`30s\`, not \`${shorten(value)}\``,
      valueSpan,
    );
  } else if (seconds !== 0 && seconds < 0.001) {
    report('bad-flag', `\`--${name}\` must be a millisecond or more`, valueSpan);
  }
}

function checkFrom(instruction: Instruction, report: Report): void {
  const { words, keywordSpan } = instruction;
  const [image, as, name] = words;
  if (image === undefined) {
    report('missing-argument', 'FROM needs an image', keywordSpan);
    return;
  }
  if (words.length === 1) return;
  if (words.length !== 3 || as?.raw.toUpperCase() !== 'AS' || name === undefined) {
    report('bad-argument', 'FROM takes an image, or `IMAGE AS NAME`', argumentSpan(instruction));
    return;
  }
  if (!STAGE_NAME.test(name.raw.toLowerCase())) {
    const rule = 'a letter, then letters, digits, `-`, `_` and `.`';
    report('bad-argument', `\`${shorten(name.raw)}\` is no name for a stage: ${rule}`, name.span);
  }
}

function checkCopy({ keyword, keywordSpan, words }: Instruction, report: Report): void {
  const target = words.at(-1);
  if (words.length < 2 || target === undefined) {
    report('missing-argument', `${keyword} needs a source and a destination`, keywordSpan);
    return;
  }
  if (readMarker(target.raw) !== undefined) {
    report('bad-argument', `a heredoc cannot be the destination of ${keyword}`, target.span);
  }
}

function checkHealth(instruction: Instruction, report: Report): void {
  const { words, argument } = instruction;
  const type: Word = words[0]!;
  const bare = argument.text.length === type.raw.length;
  if (type.raw.toUpperCase() === 'NONE') {
    if (!bare) report('bad-argument', 'HEALTHCHECK NONE takes no argument', argumentSpan(instruction));
  } else if (type.raw.toUpperCase() !== 'CMD') {
    report('bad-argument', `HEALTHCHECK takes CMD or NONE, not \`${shorten(type.raw)}\``, type.span);
  } else if (bare || (instruction.form === 'exec' && words.length === 1)) {
    report('missing-argument', 'HEALTHCHECK CMD needs a command', type.span);
  }
}

function checkTrigger({ trigger }: Instruction, report: Report): void {
  if (trigger === undefined) return;
  if (['ONBUILD', 'FROM', 'MAINTAINER'].includes(trigger.keyword)) {
    report('bad-argument', `ONBUILD cannot trigger ${trigger.keyword}`, trigger.keywordSpan);
    return;
  }
  for (const { code, message, span } of findFaults(trigger)) report(code, message, span);
}
