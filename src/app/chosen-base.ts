// The base where nobody says which, remembered: choosing plans for every Python that comes into question.

import type { Context } from '../kernel/context.ts';
import { keyOf } from '../kernel/digest.ts';
import type { InstallPlan } from '../lock/plan.ts';
import type { Target } from '../python/target.ts';
import type { Decoded } from './decoded.ts';
import type { Inputs } from './inputs.ts';
import { type ChosenBase, chooseBase } from './target.ts';

interface BaseQuestion {
  readonly inputs: Pick<Inputs, 'identity'>;
  readonly decode: () => Promise<Pick<Decoded, 'project' | 'settings'>>;
  readonly plan: (target: Target) => Promise<Pick<InstallPlan, 'problems'>>;
}

/** The base, chosen once for the same inputs. */
export async function findBase(
  platforms: readonly string[],
  { inputs, decode, plan }: BaseQuestion,
  { cache }: Pick<Context, 'cache'>,
): Promise<ChosenBase> {
  const { project, settings } = await decode();
  if (settings.base !== undefined) return { reference: settings.base };
  const key = keyOf({ identity: inputs.identity, platforms });
  const known = cache.readRecord<ChosenBase>('chosen-bases', key);
  if (known !== undefined) return known;
  const chosen = await chooseBase(
    settings,
    project,
    platforms,
    async (target) => (await plan(target)).problems.length === 0,
  );
  cache.writeRecord('chosen-bases', key, chosen);
  return chosen;
}
