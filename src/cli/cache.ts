// `bivy cache size | prune | clear`

import { cacheSize, clearCache, pruneCache } from '../app/cache.ts';
import { cacheRoot } from '../kernel/cache.ts';
import { BivyError } from '../kernel/errors.ts';
import { formatBytes } from '../report/format.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';

export function runCache(parsed: Parsed, io: Io): Promise<number> {
  const directory = cacheRoot(io.environment);
  const what = parsed.positionals[0] ?? 'size';
  if (what === 'size') {
    const { kinds } = cacheSize(directory);
    const lines = [
      directory,
      ...kinds.map(
        ({ kind, files, bytes }) =>
          `  ${kind.padEnd(8)} ${String(files).padStart(7)} files  ${formatBytes(bytes).padStart(9)}`,
      ),
    ];
    io.print(io.json ? JSON.stringify({ version: 1, directory, kinds }) : lines.join('\n'));
    return Promise.resolve(0);
  }
  if (what !== 'prune' && what !== 'clear') {
    throw new BivyError('USAGE', `\`bivy cache\` does not know \`${what}\``, {
      hint: 'write `bivy cache size`, `prune` or `clear`',
    });
  }
  const removed = what === 'prune' ? pruneCache(directory) : clearCache(directory);
  io.print(
    io.json
      ? JSON.stringify({ version: 1, directory, removed })
      : `removed ${formatBytes(removed)} from ${directory}`,
  );
  return Promise.resolve(0);
}
