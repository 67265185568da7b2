// What a wheel says of itself: its file name, its metadata directory and WHEEL (PyPA binary distribution format 1.0),
// judged as pypa/installer 1.0 judges them.

import { printable } from './refusal.ts';

export interface WheelFileName {
  /** Spelled as in the file name: the data and headers directories are called so. */
  readonly distribution: string;
  readonly version: string;
}

/** @throws SyntaxError where `name` is not the file name of a wheel, or not one for a directory's name */
export function parseWheelFileName(name: string): WheelFileName {
  const match = /^(.+?)-(.*?)(?:-(\d[^-]*?))?-(.+?-.+?-.+?)\.whl$/.exec(name);
  if (match === null) throw new SyntaxError('its name is not `distribution-version-python-abi-platform.whl`');
  const [, distribution, version] = match as unknown as [string, string, string];
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.]*$/u.test(distribution) || /[/\\]|\p{Cc}/u.test(version)) {
    throw new SyntaxError('its name has a distribution or version that no directory may be called');
  }
  return { distribution, version };
}

/** The one `.dist-info` directory among the members' names. @throws SyntaxError where there is none, several, or a stranger's */
export function findDistInfo(names: Iterable<string>, file: WheelFileName): string {
  const found = new Set<string>();
  for (const name of names) {
    const slash = name.indexOf('/');
    const top = slash < 0 ? name : name.slice(0, slash);
    if (top.endsWith('.dist-info')) found.add(top);
  }
  const [directory, another] = [...found].sort();
  if (directory === undefined) throw new SyntaxError('it has no `.dist-info` directory');
  if (another !== undefined) {
    throw new SyntaxError(
      `it has two metadata directories, \`${printable(directory)}\` and \`${printable(another)}\``,
    );
  }
  // All but the last two `-` fields is the name: `some-name-1.0.dist-info` has `1.0.dist` and `info` behind it.
  const fields = directory.split('-');
  const name = fields.slice(0, Math.max(1, fields.length - 2)).join('-');
  if (canonical(name) !== canonical(file.distribution)) {
    throw new SyntaxError(`its metadata is that of another package, \`${printable(directory)}\``);
  }
  return directory;
}

/** Whether the archive's root goes to purelib. @throws SyntaxError where this is not a wheel of version 1 */
export function readRootScheme(headers: ReadonlyMap<string, string>): 'purelib' | 'platlib' {
  const version = headers.get('wheel-version') ?? '';
  if (!version.startsWith('1.')) {
    throw new SyntaxError(`it is of wheel version \`${printable(version)}\`; only 1.x is known`);
  }
  return headers.get('root-is-purelib') === 'true' ? 'purelib' : 'platlib';
}

function canonical(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}
