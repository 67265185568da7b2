// Directories of an image as text: POSIX paths with the home put in, and who holds whom.

/** Absolute, without `.`, `..` and a slash at the end; undefined where it starts with something unknown. */
export function resolvePath(path: string, workdir: string, home: string): string | undefined {
  const plain = path.replaceAll('\\', '/').replace(/^[A-Za-z]:/, '');
  if (plain.startsWith('\0')) return undefined;
  const homed = plain === '~' || plain.startsWith('~/') ? `${home}${plain.slice(1)}` : plain;
  const parts: string[] = [];
  for (const part of (homed.startsWith('/') ? homed : `${workdir}/${homed}`).split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Whether `directory` is `inner` or holds it. */
export function holds(directory: string, inner: string): boolean {
  return directory === '/' || inner === directory || inner.startsWith(`${directory}/`);
}

/** `a{b,c}` to `ab` and `ac`, as bash does. */
export function expandBraces(text: string): readonly string[] {
  const match = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(text);
  if (match === null) return [text];
  const [, before = '', inner = '', after = ''] = match;
  return inner.split(',').flatMap((part) => expandBraces(`${before}${part}${after}`));
}
