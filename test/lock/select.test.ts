import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { behaviourOf } from '../../src/lock/behaviour.ts';
import { decodeLock } from '../../src/lock/poetry-lock.ts';
import { activeGroups, requestedExtras, type Selection } from '../../src/lock/select.ts';
import type { Group } from '../../src/project/project.ts';

const GROUPS: readonly Group[] = [
  { name: 'main', spelling: 'main', optional: false, dependencies: [] },
  { name: 'dev', spelling: 'dev', optional: false, dependencies: [] },
  { name: 'docs-all', spelling: 'Docs_All', optional: true, dependencies: [] },
];

function active(selection: Selection, poetry = '2.4.1'): readonly string[] {
  return [...activeGroups(GROUPS, selection, behaviourOf(poetry))];
}

describe('activeGroups', () => {
  it.each([
    [{}, ['main']],
    [{ defaultGroups: true }, ['main', 'dev']],
    [{ allGroups: true }, ['main', 'dev', 'docs-all']],
    [{ allGroups: true, without: ['dev'] }, ['main', 'docs-all']],
    [{ with: ['docs_all'] }, ['main', 'dev', 'docs-all']],
    [{ without: ['dev'] }, ['main']],
    [{ without: ['dev'], with: ['docs-all,dev'] }, ['main', 'docs-all']],
    [{ without: ['main', 'dev'] }, []],
    [{ only: ['dev, docs-all'] }, ['dev', 'docs-all']],
    [{ only: ['dev'], with: ['docs-all'], allGroups: true }, ['dev']],
    [{ only: [], with: [] }, ['main']],
  ] as const)('%j', (selection, expected) => {
    expect(active(selection)).toEqual(expected);
  });

  it('refuses unknown groups as Poetry 1.5 and later do, with the nearest', () => {
    const error = catching(() => active({ without: ['dve'], with: ['dve', 'zzz'] }));
    expect(error.code).toBe('GROUP_UNKNOWN');
    expect(error.message).toBe(
      'the project has no dependency group `dve` (by `--with`, `--without`), `zzz` (by `--with`)',
    );
    expect(error.hint).toBe('did you mean `dev`?');
    expect(catching(() => active({ only: ['zzz'] })).hint).toBe('its groups are `main`, `dev`, `docs-all`');
  });

  it('ignores them as earlier ones do', () => {
    expect(active({ without: ['zzz'] }, '1.4.2')).toEqual(['main', 'dev']);
  });
});

describe('requestedExtras', () => {
  const lock = decodeLock(
    '[extras]\nPG_SQL = ["a"]\nfast = ["b"]\n[metadata]\nlock-version = "2.1"\n',
    'poetry.lock',
  );

  it('takes them as Poetry does', () => {
    expect([...requestedExtras(['x'], lock, { extras: ['pg-sql fast', 'Fast'] })]).toEqual([
      'pg-sql',
      'fast',
    ]);
    expect([...requestedExtras(['x'], lock, { allExtras: true })]).toEqual(['x']);
    expect([...requestedExtras(['x'], lock, {})]).toEqual([]);
  });

  it.each([
    [['fats'], '`poetry.lock` knows no extra `fats`', 'did you mean `fast`?'],
    [['zzz', 'aaa'], '`poetry.lock` knows no extra `aaa`, `zzz`', 'its extras are `fast`, `pg-sql`'],
  ])('refuses %j', (extras, message, hint) => {
    const error = catching(() => requestedExtras([], lock, { extras }));
    expect([error.code, error.message, error.hint]).toEqual(['EXTRA_UNKNOWN', message, hint]);
  });

  it('says where there are none', () => {
    const none = decodeLock('[metadata]\nlock-version = "2.1"\n', 'poetry.lock');
    expect(catching(() => requestedExtras([], none, { extras: ['a'] })).hint).toBe(
      'the project has no extras',
    );
  });
});

function catching(run: () => unknown): BivyError {
  try {
    run();
  } catch (error) {
    if (error instanceof BivyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
