// Where an install leaves its cache, and what becomes of it in the same layer.

import type { Call } from './calls.ts';
import type { Install } from './installs.ts';
import { type Mount, readMounts } from './mounts.ts';
import { hasOption } from './options.ts';
import { expandBraces, holds, resolvePath } from './paths.ts';
import { expand, type Step } from './steps.ts';

/** `left`: it is in the layer. */
export type CacheFate = 'disabled' | 'mounted' | 'removed' | 'left';

export interface CacheOutcome {
  readonly fate: CacheFate;
  /** Where the cache is; undefined where something unknown says it. */
  readonly directory: string | undefined;
  /** A cache mount stands at it. */
  readonly mount: Mount | undefined;
  /** Cache mounts of this RUN that stand elsewhere. */
  readonly astray: readonly Mount[];
  /** Clean-ups of this RUN, behind the install, that leave it: another directory, `poetry cache clear`. */
  readonly vain: readonly Call[];
}

/** What `poetry config cache-dir` said before, by the calls of the stages that a step builds on. */
function configuredCache(calls: readonly Call[]): string | undefined {
  let directory: string | undefined;
  for (const { program, args, step } of calls) {
    if (program !== 'poetry' || args[0]?.pattern !== 'config') continue;
    const words = args.slice(1).filter(({ pattern }) => !pattern.startsWith('-'));
    if (words[0]?.pattern !== 'cache-dir' || words[1] === undefined) continue;
    directory = resolvePath(words[1].pattern, step.workdir, step.home);
  }
  return directory;
}

/**
 * @param before calls of the stages that the install builds on, those of its own RUN included
 * @param after calls of its own RUN that follow it
 */
export function readCache(
  install: Install,
  {
    before,
    after,
    token,
  }: { readonly before: readonly Call[]; readonly after: readonly Call[]; readonly token: '\\' | '`' },
): CacheOutcome {
  const { step } = install.call;
  const directory = directoryOf(install, before);
  const mounts = readMounts(step.instruction).filter(({ type }) => type === 'cache' || type === 'tmpfs');
  const parts = partsOf(install.tool);
  const reaches = (path: string): boolean =>
    directory === undefined
      ? isCacheOf(path, install.tool)
      : holds(path, directory) || parts.some((part) => path === `${directory}/${part}`);
  const targets = mounts.map((mount) => ({ mount, path: targetOf(mount, step, token) }));
  // The same variable names the same directory, whatever it is.
  const isSame = (text: string): boolean => directory === undefined && namesCache(text, install.tool);
  const mount = targets.find(
    ({ mount: one, path }) => (path !== undefined && reaches(path)) || isSame(one.target ?? ''),
  )?.mount;
  const astray = targets.flatMap(({ mount: other, path }) =>
    other.type === 'cache' && other !== mount && (path === undefined || !reaches(path)) && isPythonCache(path)
      ? [other]
      : [],
  );
  const cleanups = after.filter(isCleanup);
  const removed =
    directory === undefined
      ? cleanups.some(({ args }) =>
          args.some(({ raw }) => isSame(raw) || isCacheOf(raw.replace(/\/\*?$/, ''), install.tool)),
        )
      : isRemoved(cleanups, directory, parts);
  const [main] = parts;
  // A mount at a part saves downloads; what weighs must be under one, or it is in the layer.
  const covered =
    directory === undefined ||
    main === undefined ||
    install.tool !== 'poetry' ||
    mount?.type === 'tmpfs' ||
    targets.some(
      ({ path }) => path !== undefined && (holds(path, directory) || path === `${directory}/${main}`),
    );
  const fate: CacheFate = isDisabled(install)
    ? 'disabled'
    : mount !== undefined && covered
      ? 'mounted'
      : removed || (install.tool === 'pip' && cleanups.some(purgesPip))
        ? 'removed'
        : 'left';
  const cacheMount = mount?.type === 'cache' ? mount : undefined;
  return {
    fate,
    directory,
    mount: cacheMount,
    astray,
    vain: fate === 'left' ? cleanups.filter(isAboutPython) : [],
  };
}

/** Subdirectories that hold what was downloaded. */
function partsOf(tool: Install['tool']): readonly string[] {
  if (tool === 'poetry') return ['artifacts', 'cache'];
  return tool === 'pip' ? ['http', 'http-v2', 'wheels'] : [];
}

const HOMES: Readonly<Record<Install['tool'], { readonly variable: string; readonly name: string }>> = {
  poetry: { variable: 'POETRY_CACHE_DIR', name: 'pypoetry' },
  pip: { variable: 'PIP_CACHE_DIR', name: 'pip' },
  uv: { variable: 'UV_CACHE_DIR', name: 'uv' },
  pdm: { variable: 'PDM_CACHE_DIR', name: 'pdm' },
  pipenv: { variable: 'PIP_CACHE_DIR', name: 'pip' },
};

function directoryOf({ tool, call, args }: Install, before: readonly Call[]): string | undefined {
  const { variable, name } = HOMES[tool];
  const { variables, step } = call;
  const option = args.options.findLast((one) => one.name === '--cache-dir')?.value;
  const home = variables.get('HOME') ?? step.home;
  const place = (path: string): string | undefined => resolvePath(path, step.workdir, home);
  if (option !== undefined) return place(option);
  if (variables.has(variable)) {
    const said = variables.get(variable);
    if (said !== '') return said === undefined ? undefined : place(said);
  }
  const configured = tool === 'poetry' ? configuredCache(before) : undefined;
  if (configured !== undefined) return configured;
  const xdg = variables.get('XDG_CACHE_HOME');
  return place(xdg === undefined || xdg === '' ? `${home}/.cache/${name}` : `${xdg}/${name}`);
}

/** Whether a path looks like the cache in somebody's home. */
function isCacheOf(path: string, tool: Install['tool']): boolean {
  return new RegExp(`/\\.cache(?:/${HOMES[tool].name})?$`).test(path);
}

function namesCache(text: string, tool: Install['tool']): boolean {
  return new RegExp(`^"?\\$\\{?${HOMES[tool].variable}\\}?(?:/\\*?)?"?$`).test(text);
}

/** BuildKit knows no `~`: `target=~/.cache` is a directory called `~`. */
function targetOf({ target }: Mount, step: Step, token: '\\' | '`'): string | undefined {
  if (target === undefined) return undefined;
  return resolvePath(expand(target, step.variables, token).replace(/^~/, './~'), step.workdir, step.home);
}

function isPythonCache(path: string | undefined): boolean {
  return (
    path === undefined ||
    !/^\/var\/(?:cache\/(?:apt|debconf|apk|dnf|yum)|lib\/(?:apt|dpkg))(?:\/|$)|\/(?:\.npm|\.yarn|\.cargo|npm|yarn|node_modules)(?:\/|$)|^\/etc\/apk/.test(
      path,
    )
  );
}

function isDisabled({ tool, call, args }: Install): boolean {
  const { variables } = call;
  if (tool === 'poetry') return hasOption(args, '--no-cache');
  if (tool === 'uv') {
    return (
      hasOption(args, '--no-cache', '--no-cache-dir', '-n') ||
      /^(?:1|true|yes|on)$/i.test(variables.get('UV_NO_CACHE') ?? '')
    );
  }
  if (tool === 'pdm') return hasOption(args, '--no-cache') || variables.has('PDM_NO_CACHE');
  // pip takes `off` and `false` for a wish to have none, too (pip#5735).
  return (
    hasOption(args, '--no-cache-dir', '--no-cache') ||
    (variables.has('PIP_NO_CACHE_DIR') && variables.get('PIP_NO_CACHE_DIR') !== '')
  );
}

function isCleanup(call: Call): boolean {
  const { program, args } = call;
  if (call.chance === 'never') return false;
  if (program === 'rm') return args.some(({ pattern }) => /^-[a-zA-Z]*[rR]|^--recursive$/.test(pattern));
  if (program === 'find') return args.some(({ pattern }) => pattern === '-delete' || pattern === 'rm');
  return (
    (program === 'pip' && args[0]?.pattern === 'cache') ||
    (program === 'poetry' && args[0]?.pattern === 'cache') ||
    (program === 'uv' && args[0]?.pattern === 'cache') ||
    (program === 'pdm' && args[0]?.pattern === 'cache')
  );
}

function isAboutPython({ program, args }: Call): boolean {
  if (program !== 'rm' && program !== 'find') return true;
  return args.some(
    ({ pattern, raw }) =>
      /cache|pypoetry|\bpip\b/i.test(pattern + raw) && !/apt|apk|dnf|yum|__pycache__/.test(pattern),
  );
}

function purgesPip({ program, args }: Call): boolean {
  return program === 'pip' && args[0]?.pattern === 'cache' && args[1]?.pattern === 'purge';
}

function isRemoved(cleanups: readonly Call[], directory: string, parts: readonly string[]): boolean {
  const paths = cleanups.flatMap((call) => pathsRemoved(call));
  if (paths.includes(ALL_OF_POETRY)) return true;
  if (paths.some((path) => holds(path, directory))) return true;
  // Of Poetry's cache the artifacts are what weighs.
  const [main] = parts;
  return main !== undefined && paths.includes(`${directory}/${main}`);
}

const ALL_OF_POETRY = 'poetry config cache-dir';

function pathsRemoved({ program, args, step, variables }: Call): readonly string[] {
  if (program === 'uv' || program === 'pdm') return [];
  if (program !== 'rm' && program !== 'find') return [];
  const home = variables.get('HOME') ?? step.home;
  const words =
    program === 'find'
      ? args.slice(
          0,
          args.findIndex(({ pattern }) => pattern.startsWith('-')),
        )
      : args;
  return words.flatMap(({ pattern, raw }) => {
    if (/poetry\s+config\s+cache-dir/.test(raw)) return [ALL_OF_POETRY];
    if (pattern.startsWith('-')) return [];
    return (keepsBraces(step, pattern) ? [pattern] : expandBraces(pattern)).flatMap((text) => {
      const path = resolvePath(text, step.workdir, home);
      if (path === undefined || path.includes('\0')) return [];
      // `dir/*` leaves the directory, and nothing in it.
      return [path.replace(/\/\*+$/, '')];
    });
  });
}

/** Whether braces stay braces. Docker's shell is `sh`: one that knows none on Debian, Ubuntu and Alpine, bash on Red Hat's kin. */
export function keepsBraces({ shell, stage }: Step, pattern: string): boolean {
  return /\{[^{}]*,/.test(pattern) && shell !== 'bash' && !WITH_BASH.test(stage.base ?? '');
}

const WITH_BASH =
  /(?:^|\/)(?:centos|fedora|rockylinux|almalinux|oraclelinux|amazonlinux|ubi\d*)\b|ubi\d|lambda\/python/;

/** Whether a call removes a cache: the directory, one that holds it, or what weighs in it. */
export function holdsCache(call: Call, directory: string): boolean {
  return isCleanup(call) && isRemoved([call], directory, ['artifacts']);
}
