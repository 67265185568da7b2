// Which file a planned package is installed from, or what stands in the way of building an image with it.

import type { Target } from '../python/target.ts';
import { formatVersion } from '../python/version.ts';
import { parseWheelName } from '../python/wheel-name.ts';
import { chooseFile } from './choose.ts';
import type { LockedPackage } from './lock.ts';
import type { ChosenFile, LockedFile, Problem } from './plan.ts';
import { withoutCredentials } from './source-match.ts';

export interface FileContext {
  readonly target: Target;
  /** Supported by the target, best first. */
  readonly tags: readonly string[];
}

export interface FileDecision {
  readonly file: ChosenFile | null;
  readonly problem?: Problem;
}

/**
 * Poetry's own choice among the files that the lock names; never throws.
 * @param files those of its version
 */
export function decideFile(
  locked: LockedPackage,
  files: readonly LockedFile[],
  context: FileContext,
): FileDecision {
  switch (locked.source.kind) {
    case 'index':
    case 'legacy':
      return fromIndex(locked, files, context);
    case 'url':
    case 'file':
      return fromAddress(locked, context);
    case 'git':
    case 'directory':
      return unsupported(locked);
  }
}

function fromIndex(locked: LockedPackage, files: readonly LockedFile[], context: FileContext): FileDecision {
  const title = titleOf(locked);
  if (files.length === 0) {
    if (locked.namelessHashes.length > 0) {
      return failing(locked, 'NO_FILE_NAMES', `the lock has hashes for ${title}, but not of which files`, {
        hint: 'lock again with Poetry 1.0 or later, which writes file names',
      });
    }
    return failing(locked, 'NO_HASH', `the lock names no file of ${title}`, {
      hint: 'lock again where the index that has the package can be reached',
    });
  }
  const choice = chooseFile(files, context);
  const file = choice.file;
  if (file === undefined)
    return failing(locked, 'NO_WHEEL', noWheel(locked, files, context), { hint: BUILD });
  const chosen = withSha256(file.name, file.hash);
  if (chosen === undefined) {
    return failing(locked, 'NO_HASH', `the lock has no SHA-256 of \`${file.name}\``, {
      hint: 'lock again with a current Poetry',
    });
  }
  if (choice.kind === 'wheel') return { file: chosen };
  return { ...failing(locked, 'NO_WHEEL', noWheel(locked, files, context), { hint: BUILD }), file: chosen };
}

const BUILD =
  'choose a version, Python, platform or libc that it has a wheel for, or build with `bivy dockerfile`, where a compiler can run';

function noWheel(locked: LockedPackage, files: readonly LockedFile[], { target }: FileContext): string {
  const { family, major, minor } = target.libc;
  const where = `Python ${target.python} on ${target.platform} (${family} ${major}.${minor})`;
  const names = files.map((file) => file.name);
  return `${titleOf(locked)} has no wheel for ${where}; there is ${listed(names)}`;
}

const MOST_NAMES = 6;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => `\`${name}\``);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function fromAddress(locked: LockedPackage, { tags }: FileContext): FileDecision {
  const name = baseName(locked.source.url ?? '');
  const hashes = locked.files.filter((file) => file.name === name).map((file) => file.hash);
  const file = hashes.map((hash) => withSha256(name, hash)).find((found) => found !== undefined) ?? null;
  const wheel = parseWheelName(name);
  if (wheel === undefined) return { ...unsupported(locked), file };
  if (!wheel.tags.some((tag) => tags.includes(tag))) {
    const message = `\`${name}\`, which ${titleOf(locked)} is locked to, is not for the target`;
    return {
      ...failing(locked, 'NO_WHEEL', message, {
        hint: 'depend on a wheel for each platform, with a marker each',
      }),
      file,
    };
  }
  if (file !== null) return { file };
  return failing(locked, 'NO_HASH', `the lock has no SHA-256 of \`${name}\``, {
    hint: 'lock again with Poetry 1.3 or later, which writes one',
  });
}

function baseName(address: string): string {
  const path = address.replace(/[?#].*$/s, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function withSha256(name: string, hash: string): ChosenFile | undefined {
  const hex = /^sha256:([0-9a-f]{64})$/i.exec(hash)?.[1];
  return hex === undefined ? undefined : { name, sha256: hex.toLowerCase() };
}

function unsupported(locked: LockedPackage): FileDecision {
  const { kind, url } = locked.source;
  const what =
    kind === 'git'
      ? 'a git repository'
      : kind === 'directory'
        ? 'a directory'
        : 'an archive that is no wheel';
  return failing(
    locked,
    'SOURCE_UNSUPPORTED',
    `${titleOf(locked)} comes from ${what} (\`${withoutCredentials(url ?? '')}\`), which has to be built`,
    {
      hint: 'build a wheel of it and depend on that, or build with `bivy dockerfile`, where Poetry can build it',
    },
  );
}

function titleOf(locked: LockedPackage): string {
  return `\`${locked.name}\` ${formatVersion(locked.version)}`;
}

function failing(
  locked: LockedPackage,
  code: Problem['code'],
  message: string,
  { hint }: { readonly hint: string },
): FileDecision {
  return { file: null, problem: { code, package: locked.name, message, hint } };
}
