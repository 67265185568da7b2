// The fix that keeps a cache out of the layer: cache mounts at the right directories, or a clean-up where a mount would belong
// to another user.

import type { CacheOutcome } from '../../reading/caches.ts';
import type { Install } from '../../reading/installs.ts';
import { readPoetryCall } from '../../reading/installs.ts';
import { lineageOfStage } from '../../reading/reading.ts';
import { isRoot } from '../../reading/steps.ts';
import type { Edit, Fix } from '../finding.ts';
import { insertAfter, insertMounts, offer } from './edits.ts';
import type { View } from './judgement.ts';

const SAFE_PATH = /^\/[\w./-]+$/;

/** Where mounts go: the cache, but not the environments that Poetry keeps in it. */
export function mountTargets(view: View, install: Install, directory: string): readonly string[] {
  return install.tool !== 'poetry' || keepsEnvironmentElsewhere(view, install)
    ? [directory]
    : [`${directory}/artifacts`, `${directory}/cache`];
}

/** A fix that mounts the cache; none where the user could not write to it, or something removes the directory. */
export function mountFix(
  view: View,
  install: Install,
  { directory, fate }: CacheOutcome,
): { readonly fix?: Fix } {
  const owner = ownerOf(install);
  const { instruction, stage } = install.call.step;
  if (directory === undefined || owner === undefined || fate !== 'left' || !SAFE_PATH.test(directory))
    return {};
  if (/windows|nanoserver/i.test(stage.pattern)) return {};
  const mounts = mountTargets(view, install, directory).map(
    (target) => `type=cache,target=${target}${owner}`,
  );
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

function removal(
  view: View,
  { tool, call }: Install,
  { directory }: CacheOutcome,
): readonly (Edit | undefined)[] | undefined {
  const { command, step, through } = call;
  const { text } = view.input.dockerfile;
  const { end } = command.span;
  if (tool !== 'poetry' || directory === undefined || !SAFE_PATH.test(directory)) return undefined;
  if (step.instruction.form === 'exec' || through.length > 0 || command.substituted) return undefined;
  if (/windows|nanoserver/i.test(step.stage.pattern)) return undefined;
  if (/^\s*(?:\||[<>&](?!&))(?!\|)/.test(text.slice(end, end + 200).replace(/[\\`]\r?\n/g, ' ')))
    return undefined;
  return [{ span: { start: end, end }, text: ` && rm -rf ${directory}/artifacts ${directory}/cache` }];
}

/** What a mount must say so that the user may write to it; undefined where that is not known. */
function ownerOf({ call }: Install): string | undefined {
  const { user } = call.step;
  if (isRoot(user)) return '';
  return user !== undefined && /^\d+$/.test(user) ? `,uid=${user}` : undefined;
}

const FALSE = /^(?:0|false|no|off)$/i;

/** Whether Poetry's environment is in the project, in the interpreter's own, or active, and so not in the cache. */
export function keepsEnvironmentElsewhere({ reading }: View, { call }: Install): boolean {
  const { variables, step } = call;
  if (FALSE.test(variables.get('POETRY_VIRTUALENVS_CREATE') ?? '')) return true;
  const inProject = variables.get('POETRY_VIRTUALENVS_IN_PROJECT');
  if (inProject !== undefined && !FALSE.test(inProject)) return true;
  if (variables.has('POETRY_VIRTUALENVS_PATH') || variables.has('VIRTUAL_ENV')) return true;
  const home = reading.stages[step.stage.index];
  const calls = home === undefined ? [] : lineageOfStage(reading, home).flatMap((stage) => stage.calls);
  return calls.some((other) => {
    const poetry = readPoetryCall(other);
    if (poetry?.verb.pattern !== 'config') return false;
    const [name, value] = poetry.args.rest.map(({ pattern }) => pattern);
    if (name === 'virtualenvs.create') return FALSE.test(value ?? '');
    return (name === 'virtualenvs.in-project' && !FALSE.test(value ?? '')) || name === 'virtualenvs.path';
  });
}
