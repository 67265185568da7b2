// One case of the selection oracle: how to ask `planInstall` the same question, and how to read the answer.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BivyError, type ErrorCode } from '../../src/kernel/errors.ts';
import { type PlanOptions, planInstall } from '../../src/lock/plan-install.ts';
import type { Target } from '../../src/python/target.ts';
import { loadProject, selections } from './oracles.ts';

export interface Oracle {
  readonly stale: boolean;
  readonly follows: { readonly poetry: string; readonly mode: 'lock' | 're-resolve' };
  readonly names: readonly string[];
  readonly sources: Readonly<Record<string, string>>;
  readonly lists: readonly (readonly number[])[];
  readonly files_table: readonly (readonly [string, string])[];
  readonly file_lists: readonly { readonly files: readonly number[] }[];
  readonly errors: readonly { readonly class: string; readonly message: string }[];
  readonly cases: readonly OracleCase[];
}

export interface OracleCase {
  readonly case: {
    readonly python: string;
    readonly platform: string;
    readonly libc: string;
    readonly groups: string;
    readonly extras: 'none' | 'all' | readonly string[];
    readonly poetry: string;
    readonly mode: 'lock' | 're-resolve';
  };
  readonly packages?: number;
  readonly files?: number;
  readonly error?: number;
}

export function loadOracle(name: string, directory: string = selections): Oracle {
  return JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')) as Oracle;
}

/** The answer that Poetry gave: packages with sources, files where they were asked for, or our code for its error. */
export function expectedAnswer(oracle: Oracle, entry: OracleCase): readonly string[] {
  if (entry.error !== undefined) {
    const code = codeFor(oracle.errors[entry.error]!);
    // Of two reasons to refuse bivy names that which the user must see to first.
    return [code === 'PYTHON_UNSUPPORTED' && oracle.stale && !goesOn(entry) ? 'LOCK_STALE' : code];
  }
  const files = entry.files === undefined ? undefined : oracle.file_lists[entry.files]!.files;
  return oracle.lists[entry.packages!]!.map((index, position) => {
    const name = oracle.names[index]!;
    const chosen =
      files === undefined || files[position]! < 0 ? undefined : oracle.files_table[files[position]!]!;
    const suffix = files === undefined ? '' : ` ${chosen?.[0] ?? '-'} ${chosen?.[1] ?? '-'}`;
    return `${name} ${oracle.sources[name] ?? 'index'}${suffix}`;
  });
}

export function actualAnswer(name: string, oracle: Oracle, entry: OracleCase): readonly string[] {
  const { project, lock } = loadProject(name);
  try {
    const plan = planInstall(project, lock, targetOf(entry), optionsOf(oracle, entry));
    return plan.packages.map((planned) => {
      const suffix =
        entry.files === undefined ? '' : ` ${planned.file?.name ?? '-'} ${planned.file?.sha256 ?? '-'}`;
      return `${planned.name}==${planned.version} ${planned.source.kind}${suffix}`;
    });
  } catch (error) {
    if (error instanceof BivyError) return [error.code];
    throw error;
  }
}

function targetOf({ case: { python, platform, libc } }: OracleCase): Target {
  const [family, number] = libc.split(':') as ['glibc' | 'musl', string];
  const [major = 0, minor = 0] = number.split('.').map(Number);
  return { python, platform, libc: { family, major, minor }, kernel: '6.1.0-13-amd64' };
}

/** Up to 1.7 Poetry warned of a stale lock and went on. */
function goesOn(entry: OracleCase): boolean {
  return ['1.1.15', '1.2.2', '1.7.1'].includes(entry.case.poetry);
}

function optionsOf(oracle: Oracle, entry: OracleCase): PlanOptions {
  const { groups, extras, poetry, mode } = entry.case;
  const [kind, group = ''] = groups.split(':');
  return {
    root: false,
    poetry,
    mode: mode === 'lock' ? 'lock-markers' : 'walk',
    allowStale: oracle.stale && goesOn(entry),
    ...(kind === 'default' ? { defaultGroups: true } : {}),
    ...(kind === 'all' ? { allGroups: true } : {}),
    ...(kind === 'only' ? { only: [group] } : {}),
    ...(kind === 'with' ? { with: [group] } : {}),
    ...(kind === 'without' ? { without: [group] } : {}),
    ...(extras === 'all' ? { allExtras: true } : {}),
    ...(Array.isArray(extras) ? { extras } : {}),
  };
}

function codeFor(error: { readonly class: string; readonly message: string }): ErrorCode {
  if (error.class.startsWith('NoCompatiblePythonVersionFound')) return 'PYTHON_UNSUPPORTED';
  if (error.class.startsWith('GroupNotFound')) return 'GROUP_UNKNOWN';
  if (error.message.startsWith('Extra [')) return 'EXTRA_UNKNOWN';
  if (error.message.startsWith('pyproject.toml changed')) return 'LOCK_STALE';
  if (error.message.startsWith('The Poetry configuration is invalid')) return 'PROJECT_INVALID';
  if (error.message.startsWith('The lock file is not compatible')) return 'LOCK_VERSION';
  return 'LOCK_UNSOLVABLE';
}
