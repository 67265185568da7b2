// The command of the image, worked out: the setting; the only console script; `PKG/__main__.py`; `PKG/main.py` with a
// `__main__` guard. Nothing is run. Pure but for the text of `main.py`, which the caller reads.

import { BivyError } from '../kernel/errors.ts';
import { normalizeName } from '../python/names.ts';
import { hasMainGuard } from './main-guard.ts';
import type { Project } from './project.ts';

export interface EntrypointFacts {
  /** `Settings.cmd` and `Settings.entrypoint`. */
  readonly cmd?: readonly string[];
  readonly entrypoint: readonly string[];
  readonly project: Project;
  /** The project is installed: its scripts are on PATH. */
  readonly installed: boolean;
  /** Files that Python can import or run from: below site-packages, then below the work directory. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
  /** The text of a file of the project, by its path there. */
  readonly read: (source: string) => string;
}

export interface Command {
  readonly cmd: readonly string[];
  readonly rule: 'setting' | 'script' | 'main-module' | 'main-guard';
  /** Why, in words: `the only console script`. */
  readonly reason: string;
}

/** @throws BivyError `ENTRYPOINT_UNKNOWN` listing the candidates */
export function findCommand(facts: EntrypointFacts): Command {
  const { cmd, entrypoint, project, installed, files } = facts;
  if (cmd !== undefined) return { cmd, rule: 'setting', reason: '`cmd` of `[tool.bivy]`' };
  if (entrypoint.length > 0) return { cmd: [], rule: 'setting', reason: '`entrypoint` of `[tool.bivy]`' };

  const scripts = installed ? [...project.scripts.keys()].sort() : [];
  const [script] = scripts;
  if (scripts.length === 1 && script !== undefined) {
    return { cmd: [script], rule: 'script', reason: `the only console script, \`${script}\`` };
  }
  const packages = packagesOf(files.map(({ target }) => target));
  const targets = new Set(files.map(({ target }) => target));
  const runnable = packages.filter((name) => targets.has(`${name}/__main__.py`));
  const main = soleOrOwn(runnable, project);
  if (main !== undefined) {
    const reason = `\`${main}/__main__.py\``;
    return { cmd: ['python', '-m', main.replaceAll('/', '.')], rule: 'main-module', reason };
  }
  const guarded = runnable.length > 0 ? [] : packages.filter((name) => isGuarded(facts, `${name}/main.py`));
  const module = soleOrOwn(guarded, project);
  if (module !== undefined) {
    const reason = `\`${module}/main.py\` has a \`__main__\` guard`;
    return { cmd: ['python', '-m', `${module.replaceAll('/', '.')}.main`], rule: 'main-guard', reason };
  }
  throw unknown(facts, scripts, runnable, guarded);
}

/** The only one, or the one that is named like the project. */
function soleOrOwn(names: readonly string[], { name }: Project): string | undefined {
  if (names.length === 1) return names[0];
  const own = normalizeName(name ?? '').replaceAll('-', '_');
  return names.find((each) => each === own);
}

/** Directories with modules that can be imported by their path: packages, also inside directories without `__init__.py`. */
function packagesOf(targets: readonly string[]): readonly string[] {
  const known = new Set(targets);
  const found = new Set<string>();
  for (const target of targets) {
    const parts = target.split('/').slice(0, -1);
    if (!target.endsWith('.py') || !parts.every((part) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(part))) continue;
    // The outermost package, and what stands in a namespace above it: `a/b` where `a` has no `__init__.py`.
    for (let depth = 1; depth <= Math.min(parts.length, 3); depth++) {
      const name = parts.slice(0, depth).join('/');
      found.add(name);
      if (known.has(`${name}/__init__.py`)) break;
    }
  }
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

function isGuarded({ files, read }: EntrypointFacts, target: string): boolean {
  const file = files.find((each) => each.target === target);
  return file !== undefined && hasMainGuard(read(file.source));
}

function unknown(
  facts: EntrypointFacts,
  scripts: readonly string[],
  runnable: readonly string[],
  guarded: readonly string[],
): BivyError {
  const modules = facts.files
    .filter(({ target }) => /^[\p{L}_][\p{L}\p{N}_]*\.py$/u.test(target))
    .filter((file) => isGuarded(facts, file.target))
    .map(({ target }) => target.slice(0, -3));
  const candidates = [
    ...scripts.map((name) => [name]),
    ...[...runnable, ...guarded.map((name) => `${name}/main`), ...modules].map((path) => [
      'python',
      '-m',
      path.replaceAll('/', '.'),
    ]),
  ].map((words) => `cmd = [${words.map((word) => JSON.stringify(word)).join(', ')}]`);
  const why = [
    'nothing in the project says how it is started',
    'only a module outside a package starts something',
  ];
  return new BivyError(
    'ENTRYPOINT_UNKNOWN',
    `the command of the image is not known: ${why[candidates.length] ?? 'it could be started in several ways'}`,
    {
      location: { file: facts.project.file },
      causes: candidates.map((candidate) => `candidate: \`${candidate}\``),
      hint:
        candidates.length === 0
          ? 'set `cmd = ["…"]` in `[tool.bivy]`, or add a console script, or a `__main__.py`'
          : `choose one in \`[tool.bivy]\`, for example \`${candidates[0]}\``,
    },
  );
}
