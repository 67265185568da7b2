// Whether a lock still belongs to its project, as the Poetry that wrote it would judge.

import { BivyError } from '../kernel/errors.ts';
import type { Project } from '../project/project.ts';
import { compareVersions, parseVersion } from '../python/version.ts';
import { contentHash, type HashDialect } from './content-hash.ts';
import type { Lock } from './lock.ts';

export interface Freshness {
  readonly fresh: boolean;
  /** The hash that the lock holds, where it holds one. */
  readonly locked?: string;
  /** The hash that it should hold. */
  readonly expected: string;
  /** How `expected` was computed. */
  readonly dialect: HashDialect;
}

/** @throws BivyError `PROJECT_INVALID` where the project cannot be hashed */
export function judgeFreshness(project: Project, lock: Lock): Freshness {
  const locked = lock.contentHash;
  const judged = dialectsFor(project, lock).map((dialect) => ({
    dialect,
    expected: contentHash(project.raw, dialect),
  }));
  const match = judged.find(({ expected }) => expected === locked);
  return {
    fresh: match !== undefined,
    ...(locked === null ? {} : { locked }),
    ...(match ?? judged[0]!),
  };
}

/** The dialects in which the hash may be right, that of the Poetry that is followed first. */
function dialectsFor(project: Project, lock: Lock): readonly HashDialect[] {
  switch (lock.version) {
    case '1.0':
      return ['1.0-1.1'];
    case '1.1':
      return hasGroupTables(project) ? ['1.2-1.8'] : ['1.0-1.1'];
    case '2.0':
      return ['1.2-1.8'];
    case '2.1':
      return isBefore23(lock.poetry) ? ['2.0-2.2', '2.3+'] : ['2.3+'];
  }
}

/** Whether `[tool.poetry.group]` is there, which Poetry 1.1 does not accept. */
export function hasGroupTables(project: Project): boolean {
  const tool = project.raw['tool'] as Record<string, unknown> | undefined;
  const poetry = tool?.['poetry'] as Record<string, unknown> | undefined;
  return poetry?.['group'] !== undefined;
}

function isBefore23(poetry: string | null): boolean {
  const version = poetry === null ? undefined : parseVersion(poetry);
  return version !== undefined && compareVersions(version, parseVersion('2.3.0')!) < 0;
}

/** @throws BivyError `LOCK_STALE` */
export function requireFresh(project: Project, lock: Lock): void {
  const { fresh, locked, expected } = judgeFreshness(project, lock);
  if (fresh) return;
  const command = lock.version === '2.1' ? 'poetry lock' : 'poetry lock --no-update';
  throw new BivyError('LOCK_STALE', `\`${lock.file}\` does not match \`${project.file}\``, {
    location: { file: lock.file },
    causes: [
      locked === undefined
        ? `it has no content-hash, expected ${expected}`
        : `content-hash is ${locked}, expected ${expected}`,
    ],
    hint: `run \`${command}\` and commit the result`,
  });
}
