// Every error has its section in docs/errors.md, and is thrown somewhere: the union is known to the compiler alone, so its text is read.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ERRORS = 'src/kernel/errors.ts';

function codes(): readonly string[] {
  const [, union = ''] = /export type ErrorCode =([^;]*);/.exec(readFileSync(ERRORS, 'utf8')) ?? [];
  return [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
}

interface Section {
  readonly code: string;
  readonly text: string;
}

function sections(): readonly Section[] {
  const [, ...parts] = readFileSync('docs/errors.md', 'utf8').split(/^### /m);
  return parts.map((part) => {
    const [code = '', ...lines] = part.split('\n');
    return { code, text: lines.join('\n').split(/^## /m)[0] ?? '' };
  });
}

describe('docs/errors.md', () => {
  it('has one section for every code, and no other', () => {
    expect(codes().length).toBeGreaterThan(40);
    expect(
      sections()
        .map(({ code }) => code)
        .sort(),
    ).toEqual([...codes()].sort());
  });

  it.each(sections().map((section) => [section.code, section] as const))(
    '%s: says something',
    (_, { text }) => {
      const words = text.replace(/```[\s\S]*?```/g, '').trim();
      expect(words.length).toBeGreaterThan(40);
      for (const [block] of text.matchAll(/```[\s\S]*?```/g)) {
        expect(block).toMatch(/^```\nerror: .+\n(?: {2}.+\n|hint: .+\n)*```$/);
      }
    },
  );

  it('every code is used by the source', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const text = files
      .map((name) => readFileSync(join('src', name), 'utf8'))
      .join('\n')
      .replace(/export type ErrorCode =[^;]*;/, '');
    expect(codes().filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});
