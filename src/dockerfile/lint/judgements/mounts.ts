// The fix that keeps a cache out of the layer: cache mounts at the right directories, or a clean-up where a mount would belong
// to another user.

import type { CacheOutcome } from '../../reading/caches.ts';
import type { Install } from '../../reading/installs.ts';
import { readPoetryCall } from '../../reading/installs.ts';
import { holds, resolvePath } from '../../reading/paths.ts';
import { lineageOfStage } from '../../reading/reading.ts';
import { isRoot } from '../../reading/steps.ts';
import type { Edit, Fix } from '../finding.ts';
import { conjunction } from '../style.ts';
import { insertAfter, insertMounts, offer } from './edits.ts';
import type { View } from './judgement.ts';

const SAFE_PATH = /^\/[\w./-]+$/;

/** Where mounts go: the cache, but not the environments that Poetry keeps in it. */
export function mountTargets(view: View, install: Install, directory: string): readonly string[] {
  return install.tool !== 'poetry' || keepsEnvironmentElsewhere(view, install, directory)
    ? [directory]
    : [`${directory}/artifacts`, `${directory}/cache`];
}

/** A fix that mounts the cache; none where the user could not write to it, or something removes the directory. */
export function mountFix(
  view: View,
  install: Install,
  { directory, fate, mount }: CacheOutcome,
): { readonly fix?: Fix } {
  const owner = ownerOf(install);
  const { instruction, stage } = install.call.step;
  if (directory === undefined || owner === undefined || fate !== 'left' || !SAFE_PATH.test(directory))
    return {};
  if (/windows|nanoserver/i.test(stage.pattern) || !knowsMounts(view)) return {};
  const targets = mount === undefined ? mountTargets(view, install, directory) : [`${directory}/artifacts`];
  const mounts = targets.map((target) => `type=cache,target=${target}${owner}`);
  return offer(view, 'keep the cache in a cache mount', 'safe', [insertMounts(view, instruction, mounts)]);
}

/** A fix that mounts the cache, or else removes or disables it in the same layer. */
export function cacheFix(view: View, install: Install, outcome: CacheOutcome): { readonly fix?: Fix } {
  if (outcome.astray.length > 0) return {};
  const mounted = mountFix(view, install, outcome);
  if (mounted.fix !== undefined) return mounted;
  const { tool, call, verb } = install;
  if (tool === 'pip')
    return offer(view, 'say `--no-cache-dir`', 'safe', [insertAfter(view, call, verb, ['--no-cache-dir'])]);
  if (tool === 'uv')
    return offer(view, 'say `--no-cache`', 'safe', [insertAfter(view, call, verb, ['--no-cache'])]);
  return offer(view, 'remove the cache in the same layer', 'safe', removal(view, install, outcome));
}

/** Frontends before 1.2 have no cache mounts, or only the experimental ones. */
function knowsMounts({ input }: View): boolean {
  const frontend = input.dockerfile.directives.find(({ name }) => name === 'syntax')?.value;
  return frontend === undefined || !/dockerfile:(?:1\.[01]|0)(?:\.\d+)?$/.test(frontend);
}

function removal(
  view: View,
  install: Install,
  { directory }: CacheOutcome,
): readonly (Edit | undefined)[] | undefined {
  const { tool, call } = install;
  const { command, step, through } = call;
  const { dockerfile } = view.input;
  const { text } = dockerfile;
  const { end } = command.span;
  if (tool !== 'poetry' || directory === undefined || !SAFE_PATH.test(directory)) return undefined;
  if (step.instruction.form === 'exec' || through.length > 0 || command.substituted) return undefined;
  if (/windows|nanoserver/i.test(step.stage.pattern)) return undefined;
  if (/^\s*(?:\||[<>&](?!&))(?!\|)/.test(text.slice(end, end + 200).replace(/[\\`]\r?\n/g, ' ')))
    return undefined;
  const removed = keepsEnvironmentElsewhere(view, install, directory)
    ? `rm -rf ${directory}`
    : `rm -rf ${directory}/artifacts ${directory}/cache`;
  const and = conjunction(dockerfile, step.instruction, removed.length + ' && '.length);
  return [{ span: { start: end, end }, text: and + removed }];
}

/** What a mount must say so that the user may write to it; undefined where that is not known. */
function ownerOf({ call }: Install): string | undefined {
  const { user } = call.step;
  if (isRoot(user)) return '';
  return user !== undefined && /^\d+$/.test(user) ? `,uid=${user}` : undefined;
}

const FALSE = /^(?:0|false|no|off)$/i;

/**
 * Whether Poetry's environment is in the project, in the interpreter's own, or active, and so not in the cache.
 *
 * @param directory of the cache; default: none that anybody would put an environment in
 */
export function keepsEnvironmentElsewhere({ reading }: View, { call }: Install, directory?: string): boolean {
  const { variables, step } = call;
  const outside = (path: string | undefined): boolean => {
    if (path === undefined) return directory === undefined;
    const place = resolvePath(path, step.workdir, step.home);
    // `{cache-dir}/virtualenvs` is a way to say it, too.
    return (
      place !== undefined && !/[{\0]/.test(place) && (directory === undefined || !holds(directory, place))
    );
  };
  if (FALSE.test(variables.get('POETRY_VIRTUALENVS_CREATE') ?? '')) return true;
  const inProject = variables.get('POETRY_VIRTUALENVS_IN_PROJECT');
  if (inProject !== undefined && !FALSE.test(inProject)) return true;
  if (variables.has('VIRTUAL_ENV')) return outside(variables.get('VIRTUAL_ENV'));
  if (variables.has('POETRY_VIRTUALENVS_PATH')) return outside(variables.get('POETRY_VIRTUALENVS_PATH'));
  const home = reading.stages[step.stage.index];
  const calls = home === undefined ? [] : lineageOfStage(reading, home).flatMap((stage) => stage.calls);
  return calls.some((other) => {
    const poetry = readPoetryCall(other);
    if (poetry?.verb.pattern !== 'config') return false;
    const [name, value] = poetry.args.rest.map(({ pattern }) => pattern);
    if (name === 'virtualenvs.create') return FALSE.test(value ?? '');
    return (
      (name === 'virtualenvs.in-project' && !FALSE.test(value ?? '')) ||
      (name === 'virtualenvs.path' && outside(value))
    );
  });
}
