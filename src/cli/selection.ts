// Flags shared by the commands that select packages, as the values the use cases take.

import type { SelectionFlags, SettingFlags } from '../app/inputs.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Parsed } from './options.ts';

export function textOf(parsed: Parsed, name: string): string | undefined {
  const value = parsed.values[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOf(parsed: Parsed, name: string): readonly string[] | undefined {
  const value = parsed.values[name];
  return Array.isArray(value) ? (value as readonly string[]) : undefined;
}

export function isSet(parsed: Parsed, name: string): boolean {
  return parsed.values[name] === true;
}

export function settingFlags(parsed: Parsed): SettingFlags {
  const extras = listOf(parsed, 'extras')
    ?.flatMap((text) => text.split(/\s+/))
    .filter((text) => text !== '');
  const flags = {
    base: textOf(parsed, 'base'),
    only: listOf(parsed, 'only'),
    with: listOf(parsed, 'with'),
    without: listOf(parsed, 'without'),
    extras,
    allExtras: isSet(parsed, 'all-extras') ? true : undefined,
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

export function selectionFlags(parsed: Parsed): SelectionFlags {
  const mode = textOf(parsed, 'mode');
  if (mode !== undefined && mode !== 'lock-markers' && mode !== 'walk') {
    throw new BivyError('USAGE', `\`--mode ${mode}\` is none that bivy knows`, {
      hint: 'write `--mode lock-markers` or `--mode walk`',
    });
  }
  const poetry = textOf(parsed, 'poetry');
  return {
    ...(isSet(parsed, 'default-groups') ? { defaultGroups: true } : {}),
    ...(isSet(parsed, 'all-groups') ? { allGroups: true } : {}),
    ...(isSet(parsed, 'no-root') ? { root: false } : {}),
    ...(poetry === undefined ? {} : { poetry }),
    ...(mode === undefined ? {} : { mode }),
  };
}
