// Programs that run another program, which their words name: `sudo -u app poetry install`.

import type { Assignment, ShellWord } from './ast.ts';
import { programName, requiredName } from './names.ts';

interface Wrapper {
  /** Words that must follow the name: `run` of `poetry run`. */
  readonly subcommand: readonly string[];
  /** Options that take the next word. */
  readonly valued: ReadonlySet<string>;
  /** Words between the options and the program, as the duration of `timeout`. */
  readonly operands: number;
  /** It stands for more than what it runs, and is told beside it. */
  readonly told: boolean;
  /** Says what to run as a requirement: `poetry==1.8.3`. */
  readonly requirement: boolean;
}

function wrapper(
  subcommand: string,
  valued: string,
  { operands = 0, told = false, requirement = false }: Partial<Omit<Wrapper, 'subcommand' | 'valued'>> = {},
): Wrapper {
  return { subcommand: words(subcommand), valued: new Set(words(valued)), operands, told, requirement };
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}

const UV_RUN =
  '--with --with-editable --with-requirements --from --python -p --group --no-group --only-group --extra --no-extra ' +
  '--package --env-file --directory --project --index --default-index --index-url -i --extra-index-url --find-links ' +
  '-f --cache-dir --config-file --link-mode --index-strategy --resolution --prerelease --exclude-newer';

const WRAPPERS: ReadonlyMap<string, readonly Wrapper[]> = new Map([
  ['env', [wrapper('', '-u --unset -C --chdir')]],
  ['sudo', [wrapper('', '-u --user -g --group -h --host -p --prompt -C -T -D --chdir -r -t')]],
  ['doas', [wrapper('', '-u -C')]],
  ['exec', [wrapper('', '-a')]],
  ['builtin', [wrapper('', '')]],
  ['command', [wrapper('', '')]],
  ['nohup', [wrapper('', '')]],
  ['time', [wrapper('', '-f --format -o --output')]],
  ['nice', [wrapper('', '-n --adjustment')]],
  ['ionice', [wrapper('', '-c --class -n --classdata')]],
  ['stdbuf', [wrapper('', '-i --input -o --output -e --error')]],
  ['timeout', [wrapper('', '-s --signal -k --kill-after', { operands: 1 })]],
  ['flock', [wrapper('', '-w --timeout -E', { operands: 1 })]],
  ['gosu', [wrapper('', '', { operands: 1 })]],
  ['su-exec', [wrapper('', '', { operands: 1 })]],
  ['chroot', [wrapper('', '', { operands: 1 })]],
  ['runuser', [wrapper('', '-u --user -g --group')]],
  ['busybox', [wrapper('', '')]],
  ['tini', [wrapper('', '-p -e')]],
  ['dumb-init', [wrapper('', '-r --rewrite')]],
  ['xargs', [wrapper('', '-a --arg-file -d --delimiter -E -I -L -n --max-args -P --max-procs -s')]],
  ['conda', [wrapper('run', '-n --name -p --prefix --cwd', { told: true })]],
  ['mamba', [wrapper('run', '-n --name -p --prefix --cwd', { told: true })]],
  ['micromamba', [wrapper('run', '-n --name -p --prefix --cwd -e --env', { told: true })]],
  ['poetry', [wrapper('run', '-C --directory -P --project', { told: true })]],
  ['pipenv', [wrapper('run', '--python', { told: true })]],
  ['pdm', [wrapper('run', '-p --project', { told: true })]],
  [
    'uv',
    [wrapper('tool run', UV_RUN, { told: true, requirement: true }), wrapper('run', UV_RUN, { told: true })],
  ],
  ['uvx', [wrapper('', UV_RUN, { told: true, requirement: true })]],
  [
    'pipx',
    [wrapper('run', '--spec --python --pip-args --index-url -i --suffix', { told: true, requirement: true })],
  ],
]);

/** What a wrapper runs. */
export interface Wrapped {
  /** The program first. */
  readonly words: readonly ShellWord[];
  readonly name: string | undefined;
  readonly assignments: readonly Assignment[];
  readonly told: boolean;
}

/** Looks through one wrapper; undefined where the words run nothing else. */
export function lookThrough(name: string | undefined, all: readonly ShellWord[]): Wrapped | undefined {
  if (name === undefined) return undefined;
  if (name === 'python') return module(all);
  if (name === 'uv' && all[1]?.value === 'pip') {
    return { words: all.slice(1), name: 'pip', assignments: [], told: false };
  }
  for (const each of WRAPPERS.get(name) ?? []) {
    const wrapped = lookThroughOne(name, each, all);
    if (wrapped !== undefined) return wrapped;
  }
  return undefined;
}

function lookThroughOne(program: string, wrapper: Wrapper, all: readonly ShellWord[]): Wrapped | undefined {
  const assignments: Assignment[] = [];
  let at = 1;
  for (const expected of wrapper.subcommand) {
    at = afterOptions(all, at, wrapper.valued);
    if (all[at]?.value !== expected) return undefined;
    at += 1;
  }
  if (program === 'command' && /^-p?[vV]/.test(all[at]?.pattern ?? '')) return undefined;
  at = afterOptions(all, at, wrapper.valued);
  if (program === 'env' || program === 'sudo') {
    for (; at < all.length; at += 1) {
      const assignment = assignmentOf(all[at] as ShellWord);
      if (assignment === undefined) break;
      assignments.push(assignment);
    }
  }
  const rest = all.slice(at + wrapper.operands);
  const [first] = rest;
  if (first === undefined) return undefined;
  const name = wrapper.requirement ? requiredName(first) : programName(first);
  return { words: rest, name, assignments, told: wrapper.told };
}

/** Index of the first word that is no option, nor an option's value. */
function afterOptions(all: readonly ShellWord[], from: number, valued: ReadonlySet<string>): number {
  let at = from;
  while (at < all.length) {
    const option = (all[at] as ShellWord).pattern;
    if (option === '--') return at + 1;
    if (!option.startsWith('-')) return at;
    at += valued.has(option) ? 2 : 1;
  }
  return at;
}

/** `python -I -m pip install`. */
function module(all: readonly ShellWord[]): Wrapped | undefined {
  for (let at = 1; at < all.length; at += 1) {
    const option = (all[at] as ShellWord).pattern;
    const next = all[at + 1];
    if (/^-[bBdEhiIOPqRsSuvVx]*m$/.test(option)) {
      return next === undefined ? undefined : asModule(all.slice(at + 1), next.pattern);
    }
    if (/^-m./.test(option)) return asModule(all.slice(at), option.slice(2));
    if (!option.startsWith('-') || option === '-' || /^-[a-zA-Z]*c/.test(option)) return undefined;
    if (/^-[WX]$/.test(option)) at += 1;
  }
  return undefined;
}

function asModule(words: readonly ShellWord[], pattern: string): Wrapped {
  return { words, name: pattern.includes('\0') ? undefined : pattern, assignments: [], told: false };
}

/** `X=y` as a word of `env`. */
function assignmentOf(word: ShellWord): Assignment | undefined {
  // `env` takes any name, also one that a shell would not.
  const match = /^([^=\0]+)=/.exec(word.pattern);
  if (match === null) return undefined;
  const from = match[0].length;
  const pattern = word.pattern.slice(from);
  const starts = word.origin.starts.slice(from);
  const ends = word.origin.ends.slice(from);
  const value = pattern.includes('\0') ? undefined : pattern;
  return {
    name: match[1] as string,
    value: { raw: word.raw, value, pattern, span: word.span, origin: { starts, ends } },
    span: word.span,
  };
}
