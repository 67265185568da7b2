// `bivy pin`

import { withContext } from '../app/context.ts';
import { pinProject } from '../app/pin.ts';
import { pinDocument, pinLines } from '../report/pin.ts';
import { imageFlags } from './image-flags.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, listOf, selectionFlags } from './selection.ts';

export async function runPin(parsed: Parsed, io: Io): Promise<number> {
  const options = {
    environment: io.environment,
    emit: io.emit,
    signal: io.signal,
    offline: isSet(parsed, 'offline'),
  };
  const pinned = await withContext(options, (context) =>
    pinProject(
      {
        directory: parsed.positionals[0] ?? '.',
        flags: imageFlags(parsed),
        selection: selectionFlags(parsed),
        environment: io.environment,
        update: isSet(parsed, 'update'),
        layers: isSet(parsed, 'layers'),
        insecureRegistries: listOf(parsed, 'insecure-registry') ?? [],
      },
      context,
    ),
  );
  io.print(io.json ? JSON.stringify(pinDocument(pinned)) : pinLines(pinned).join('\n'));
  return 0;
}
