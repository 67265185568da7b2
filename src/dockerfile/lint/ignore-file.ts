// What a `.dockerignore` keeps out of the build context: patterns as BuildKit matches them (moby/patternmatcher), the last one
// that matches a path or a directory above it decides.

import type { IgnoreFile } from './project.ts';

/** @param path relative to the context, without slashes at its ends */
export function isIgnored({ lines }: IgnoreFile, path: string): boolean {
  let ignored = false;
  for (const line of lines) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const negated = text.startsWith('!');
    const pattern = normalize(negated ? text.slice(1).trim() : text);
    if (pattern !== '' && ignored === negated && matches(pattern, path)) ignored = !negated;
  }
  return ignored;
}

function normalize(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** The path, or a directory that it lies in. */
function matches(pattern: string, path: string): boolean {
  const expression = expressionOf(pattern);
  if (expression === undefined) return false;
  const parts = path.split('/');
  return parts.some((_, index) => expression.test(parts.slice(0, index + 1).join('/')));
}

function expressionOf(pattern: string): RegExp | undefined {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === '*' && pattern[at + 1] === '*') {
      at += 1;
      if (pattern[at + 1] === '/') at += 1;
      source += at + 1 >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 1);
      if (end < 0) return undefined;
      source += `[${pattern
        .slice(at + 1, end)
        .replace(/\\/g, '\\\\')
        .replace(/\[/g, '\\[')}]`;
      at = end;
    } else source += char.replace(/[.+^${}()|\\\]]/g, '\\$&');
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    // A range that ends before it starts.
    return undefined;
  }
}
