// What fixing would change in a file, as a unified diff.

import { unifiedDiff } from '../dockerfile/lint/diff.ts';
import type { LintedFile } from './lint.ts';

/** Empty where nothing would change. */
export function fileDiff({ path, before, after }: LintedFile): string {
  const name = path === '-' ? 'Dockerfile' : path.replace(/^(?:\.?\/)+/, '');
  return unifiedDiff(before, after, `a/${name}`, `b/${name}`);
}
