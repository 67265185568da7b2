// Flags that decide which images a project has, shared by the commands that make them.

import type { SettingFlags } from '../app/inputs.ts';
import type { Parsed } from './options.ts';
import { settingFlags, textOf } from './selection.ts';

/** `--base`, `--python`, `--platform`, `--compression` and the selection of packages. */
export function imageFlags(parsed: Parsed): SettingFlags {
  const platforms = textOf(parsed, 'platform')
    ?.split(',')
    .map((part) => part.trim());
  const python = textOf(parsed, 'python');
  const compression = textOf(parsed, 'compression');
  return {
    ...settingFlags(parsed),
    ...(platforms === undefined ? {} : { platforms }),
    ...(python === undefined ? {} : { python }),
    ...(compression === undefined ? {} : { compression }),
  };
}
