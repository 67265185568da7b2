// Which commit a project's directory is at, and where its repository lives, from the files of `.git` (gitrepository-layout(5))
// without running Git. Whatever is not understood is not said; nothing but a commit's name and a public address gets out.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fillFrom } from '../kernel/file-system.ts';
import { configValue } from './git-config.ts';
import { remoteUrl } from './public-url.ts';

export interface GitFacts {
  /** The commit of `HEAD`: 40 hexadecimal digits, or 64. */
  readonly revision?: string;
  /** Of the remote `origin`, without credentials, as `https:` where it is reached over SSH. */
  readonly source?: string;
}

const MAX_REFERENCE = 4096;
const MAX_CONFIG = 1 << 20;
const MAX_PACKED = 64 << 20;
const MAX_HOPS = 5;

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** git-check-ref-format(1), as far as a path needs it. */
const REFERENCE = /^refs\/(?!.*(?:\.\.|\/\.|\/\/|@\{|[\0-\x20\x7f~^:?*[\\]))[^/].*[^/.]$/;

/** Of a directory that is the top of a work tree; what lies deeper in one is not known to be about that repository. */
export function readGit(directory: string): GitFacts {
  const git = gitDirectoryOf(directory);
  if (git === undefined) return {};
  const shared = readText(join(git, 'commondir'), MAX_REFERENCE)?.trim();
  const common = shared === undefined || shared === '' ? git : resolve(git, shared);
  const revision = findRevision(git, common);
  const config = readText(join(common, 'config'), MAX_CONFIG);
  const remote = config === undefined ? undefined : configValue(config, 'remote', 'origin', 'url');
  const source = remote === undefined ? undefined : remoteUrl(remote);
  return {
    ...(revision === undefined ? {} : { revision }),
    ...(source === undefined ? {} : { source }),
  };
}

/** `.git` itself, or what a `.git` file of a worktree or submodule names. */
function gitDirectoryOf(directory: string): string | undefined {
  const path = join(directory, '.git');
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return path;
  const named = /^gitdir: ([^\0\n]+?)\r?\n?$/.exec(readText(path, MAX_REFERENCE) ?? '')?.[1];
  return named === undefined ? undefined : resolve(directory, named);
}

/** Follows `HEAD`: a loose reference wins over a packed one. With the reftable format `HEAD` leads nowhere. */
function findRevision(git: string, common: string): string | undefined {
  let text = readText(join(git, 'HEAD'), MAX_REFERENCE)?.trim();
  for (let hops = 0; text !== undefined && hops <= MAX_HOPS; hops++) {
    if (COMMIT.test(text)) return text;
    const name = /^ref: *(\S+)$/.exec(text)?.[1];
    if (name === undefined || !REFERENCE.test(name)) return undefined;
    text = (
      readText(join(git, name), MAX_REFERENCE) ??
      readText(join(common, name), MAX_REFERENCE) ??
      packedReference(common, name)
    )?.trim();
  }
  return undefined;
}

function packedReference(common: string, name: string): string | undefined {
  const text = readText(join(common, 'packed-refs'), MAX_PACKED);
  if (text === undefined) return undefined;
  const end = ` ${name}\n`;
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  const at = whole.indexOf(end);
  return at < 0 ? undefined : whole.slice(whole.lastIndexOf('\n', at - 1) + 1, at);
}

/** Of a regular file that is not larger; anything else is as good as none. */
function readText(path: string, limit: number): string | undefined {
  let file: number;
  try {
    // A pipe must not keep the build waiting.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size > limit) return undefined;
    const bytes = Buffer.alloc(found.size);
    return bytes.toString('utf8', 0, fillFrom(file, bytes, 0));
  } finally {
    closeSync(file);
  }
}
