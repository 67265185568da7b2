import { describe, expect, it } from 'vitest';
import { followLinks } from '../../src/kernel/links.ts';

function follow(links: Readonly<Record<string, string>>, path: string, last = true): string {
  return followLinks(path, {
    targetOf: (at) => (Object.hasOwn(links, at) ? links[at] : undefined),
    refuse: () => {
      throw new Error('circles');
    },
    last,
  });
}

describe('followLinks', () => {
  it('follows absolute and relative links, also below what a link leads to', () => {
    const links = { app: '/srv/real', 'srv/real/lib': '../shared', 'srv/shared/x': './y' };
    expect(follow(links, 'app/new')).toBe('srv/real/new');
    expect(follow(links, 'app/lib/x')).toBe('srv/shared/y');
    expect(follow(links, '/app//./lib/')).toBe('srv/shared');
  });

  it('climbs from where a link leads to, never above the root', () => {
    expect(follow({ app: '/srv/real' }, 'app/../x')).toBe('srv/x');
    expect(follow({ a: '../../../etc' }, 'a/passwd')).toBe('etc/passwd');
    expect(follow({}, '../..')).toBe('');
  });

  it('leaves a link at the very end where the last is not to be followed', () => {
    const links = { bin: 'usr/bin', 'usr/bin/python': 'python3' };
    expect(follow(links, 'bin/python', false)).toBe('usr/bin/python');
    expect(follow(links, 'bin/python')).toBe('usr/bin/python3');
  });

  it('refuses circles, and follows as many links as Linux does', () => {
    expect(() => follow({ a: 'b', b: 'a' }, 'a')).toThrow('circles');
    const chain = (length: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`l${index}`, `l${index + 1}`]));
    expect(follow(chain(40), 'l0')).toBe('l40');
    expect(() => follow(chain(41), 'l0')).toThrow('circles');
  });
});
