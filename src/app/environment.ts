// The small layer between the wheels and the application: what of the virtual environment depends on the base, the user
// and the work directory. Pure. PEP 405 for `pyvenv.cfg`; links of the base are followed when paths are laid.

import { BivyError } from '../kernel/errors.ts';
import type { Entry, Part } from '../layers/entry.ts';
import { type BaseFacts, type BasePython, isBaseDirectory, resolvePath } from '../oci/facts.ts';

/** Where the virtual environment is, in every image. */
export const PREFIX = '/app/.venv';

/** The user that runs the application where the base has none of its own. */
const NONROOT = { name: 'nonroot', uid: 65532, home: '/home/nonroot' } as const;

export interface EnvironmentOptions {
  readonly facts: BaseFacts;
  readonly python: BasePython;
  /** `[tool.bivy] user`; absent: the base's if that is not root, else 65532. */
  readonly user?: string;
  readonly workdir: string;
  readonly writable: readonly string[];
}

export interface Environment {
  readonly part: Part;
  /** For the image's configuration: `65532:65532`. */
  readonly user: string;
}

/** @throws BivyError `CONFIG_INVALID` for a user name that the base does not know */
export function layEnvironment(options: EnvironmentOptions): Environment {
  const { facts, python } = options;
  const entries = new Map<string, Entry>();
  const lay = (entry: Entry): void => {
    const path = resolvePath(facts, entry.path);
    layParents(facts, path, entries);
    entries.set(path, { ...entry, path });
  };
  const bin = `${PREFIX.slice(1)}/bin`;
  const minor = `${python.major}.${python.minor}`;
  lay({ kind: 'directory', path: PREFIX.slice(1), mode: 0o755 });
  lay({ kind: 'directory', path: bin, mode: 0o755 });
  lay({ kind: 'directory', path: `${PREFIX.slice(1)}/lib/python${minor}/site-packages`, mode: 0o755 });
  lay({ kind: 'symlink', path: `${bin}/python`, mode: 0o777, target: python.executable });
  lay({ kind: 'symlink', path: `${bin}/python${python.major}`, mode: 0o777, target: 'python' });
  lay({ kind: 'symlink', path: `${bin}/python${minor}`, mode: 0o777, target: 'python' });
  lay(text(`${PREFIX.slice(1)}/pyvenv.cfg`, pyvenv(python)));

  const user = chooseUser(options);
  for (const entry of userEntries(facts, user)) lay(entry);
  if (!isBaseDirectory(facts, options.workdir)) {
    lay({ kind: 'directory', path: options.workdir.slice(1), mode: 0o755 });
  }
  for (const path of options.writable) {
    lay({ kind: 'directory', path: path.slice(1), mode: 0o755, uid: user.uid, gid: user.gid });
  }
  return { part: { name: 'environment', entries: [...entries.values()] }, user: user.spelling };
}

/** Directories above `path` that neither the base nor this layer has. */
function layParents(facts: BaseFacts, path: string, entries: Map<string, Entry>): void {
  const names = path.split('/');
  for (let depth = 1; depth < names.length; depth += 1) {
    const parent = names.slice(0, depth).join('/');
    if (!isBaseDirectory(facts, parent) && !entries.has(parent)) {
      entries.set(parent, { kind: 'directory', path: parent, mode: 0o755 });
    }
  }
}

function pyvenv({ version, executable }: BasePython): string {
  const home = executable.slice(0, executable.lastIndexOf('/'));
  return `home = ${home}\ninclude-system-site-packages = false\nversion = ${version}\nexecutable = ${executable}\n`;
}

function text(path: string, content: string): Entry {
  const bytes = Buffer.from(content, 'utf8');
  return { kind: 'file', path, mode: 0o644, size: bytes.length, content: { kind: 'bytes', bytes } };
}

interface User {
  readonly uid: number;
  readonly gid: number;
  readonly spelling: string;
  /** Ours to make: the base says nothing of it. */
  readonly unknown: boolean;
}

function chooseUser({ facts, user: asked }: EnvironmentOptions): User {
  const base = facts.user === '' || /^(0|root)(:|$)/.test(facts.user) ? undefined : facts.user;
  const spelling = asked ?? base ?? `${NONROOT.uid}:${NONROOT.uid}`;
  const [name = '', group] = spelling.split(':');
  const line = rowsOf(facts.passwd).find((row) => row[0] === name || row[2] === name);
  if (!/^\d+$/.test(name) && line === undefined) {
    throw new BivyError('CONFIG_INVALID', `the base has no user \`${name}\``, {
      hint: 'give numbers, like `user = "1000:1000"`; bivy adds the line to `/etc/passwd` that is missing',
    });
  }
  const groupLine = rowsOf(facts.group).find((row) => row[0] === group || row[2] === group);
  if (group !== undefined && !/^\d+$/.test(group) && groupLine === undefined) {
    throw new BivyError('CONFIG_INVALID', `the base has no group \`${group}\``, {
      hint: 'give numbers, like `user = "1000:1000"`',
    });
  }
  const uid = Number(line?.[2] ?? name);
  const gid = Number(group === undefined ? (line?.[3] ?? uid) : (groupLine?.[2] ?? group));
  return { uid, gid, spelling, unknown: line === undefined && uid !== 0 };
}

/** A passwd and a group line, and a home of their own, where the base has no such user. */
function userEntries(facts: BaseFacts, user: User): Entry[] {
  if (!user.unknown) return [];
  const names = new Set(rowsOf(facts.passwd).map((row) => row[0]));
  const name = names.has(NONROOT.name) ? `user${user.uid}` : NONROOT.name;
  const home = names.has(NONROOT.name) ? `/home/${name}` : NONROOT.home;
  const groups = rowsOf(facts.group);
  const entries: Entry[] = [
    text(
      'etc/passwd',
      `${lines(facts.passwd)}${name}:x:${user.uid}:${user.gid}:${name}:${home}:/sbin/nologin\n`,
    ),
  ];
  if (!groups.some((row) => row[2] === String(user.gid))) {
    const group = groups.some((row) => row[0] === name) ? `group${user.gid}` : name;
    entries.push(text('etc/group', `${lines(facts.group)}${group}:x:${user.gid}:\n`));
  }
  if (!isBaseDirectory(facts, home)) {
    entries.push({ kind: 'directory', path: home.slice(1), mode: 0o700, uid: user.uid, gid: user.gid });
  }
  return entries;
}

function lines(content: string | undefined): string {
  if (content === undefined || content === '') return '';
  return content.endsWith('\n') ? content : `${content}\n`;
}

function rowsOf(content: string | undefined): string[][] {
  return (content ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}
