// `bivy plan`

import { withContext } from '../app/context.ts';
import { planProject } from '../app/plan.ts';
import { planDocument, planLines } from '../report/plan.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, selectionFlags, settingFlags, textOf } from './selection.ts';

/** Exit status 1: something in the plan could not be built. */
export async function runPlan(parsed: Parsed, io: Io): Promise<number> {
  const platform = textOf(parsed, 'platform');
  const python = textOf(parsed, 'python');
  const libc = textOf(parsed, 'libc');
  const options = {
    environment: io.environment,
    emit: io.emit,
    signal: io.signal,
    offline: isSet(parsed, 'offline'),
  };
  const plan = await withContext(options, (context) =>
    planProject(
      {
        directory: parsed.positionals[0] ?? '.',
        flags: { ...settingFlags(parsed), ...(platform === undefined ? {} : { platforms: [platform] }) },
        selection: selectionFlags(parsed),
        environment: io.environment,
        allowStale: isSet(parsed, 'allow-stale'),
        ...(python === undefined ? {} : { python }),
        ...(libc === undefined ? {} : { libc }),
      },
      context,
    ),
  );
  io.print(io.json ? JSON.stringify(planDocument(plan)) : planLines(plan).join('\n'));
  return plan.problems.length === 0 ? 0 : 1;
}
