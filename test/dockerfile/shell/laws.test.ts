// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the shell
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command, ShellWord } from '../../../src/dockerfile/shell/ast.ts';
import { readShell } from '../../../src/dockerfile/shell/read.ts';
import { placeOf } from '../../../src/dockerfile/shell/source.ts';
import { invocationsOf, logical, read } from './support.ts';

/** Texts that look like shell more than noise does. */
const scraps = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          'if ',
          'then ',
          'else ',
          'fi',
          'case ',
          ' in ',
          'esac',
          'for ',
          'do ',
          'done',
          'while ',
          '{ ',
          '}',
          '! ',
        ],
        ...[
          '[[ ',
          ' ]]',
          'function ',
          '()',
          '(',
          ')',
          '((',
          '))',
          ';;',
          ';',
          '&&',
          '||',
          '|',
          '&',
          '\n',
          '\r\n',
          ' ',
        ],
        ...[
          '<<E\n',
          '<<-E',
          '\nE\n',
          '<<<',
          '>',
          '<',
          '2>&1',
          '<(',
          '$(',
          '$((',
          '`',
          '"',
          "'",
          "$'",
          '\\',
          '\\\n',
        ],
        ...[
          '${X',
          '${X:-',
          '${#X}',
          '${X%',
          '${X/',
          '}',
          '$X',
          '$',
          'X=',
          'X+=(',
          '#',
          ' # ',
          '\0',
          'é',
          '😀',
        ],
        ...[
          'export ',
          'sh -c ',
          'env ',
          'sudo ',
          'python -m ',
          'poetry install',
          'eval ',
          '--only=main',
          '*',
          '@(',
        ],
      ),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

function holds(text: string): void {
  const from = 7;
  const variables = new Map([['X', 'a "b" `c']]);
  const script = readShell(logical(text, from), { variables });
  function isInside({ start, end }: { readonly start: number; readonly end: number }): void {
    expect(start).toBeLessThanOrEqual(end);
    expect(start).toBeGreaterThanOrEqual(from);
    expect(end).toBeLessThanOrEqual(from + text.length);
  }
  function isSound(word: ShellWord): void {
    isInside(word.span);
    expect(word.origin.starts).toHaveLength(word.pattern.length);
    expect(word.origin.ends).toHaveLength(word.pattern.length);
    expect(word.value ?? word.pattern).toBe(word.pattern);
    expect(word.value === undefined).toBe(word.pattern.includes('\0'));
    for (let at = 0; at < word.pattern.length; at += 1) {
      const place = placeOf(word, at, at + 1);
      if (place !== undefined)
        expect(text.slice(place.start - from, place.end - from)).toBe(word.pattern[at]);
    }
  }
  function isSoundCommand({ words, redirects, assignments, span }: Command): void {
    isInside(span);
    for (const { target } of redirects) isSound(target);
    for (const { value } of assignments) isSound(value);
    for (const word of words) isSound(word);
  }
  for (const command of script.commands) {
    isSoundCommand(command);
    for (const { raw, span } of command.words) {
      if (!raw.includes('\0'))
        expect(
          raw.length === span.end - span.start ? text.slice(span.start - from, span.end - from) : raw,
        ).toBe(raw);
    }
  }
  for (const span of script.unread) isInside(span);
  for (const { command } of invocationsOf(script, variables)) isSoundCommand(command);
}

test('any text is read, and spans are of the file', () => {
  fc.assert(fc.property(scraps, holds), { numRuns: 150 });
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), holds), { numRuns: 50 });
});

/** Each takes seconds or overflows the stack where reading is not linear or recurses without bound. */
test.each([
  ['open parentheses', '('.repeat(5_000)],
  ['open substitutions', '$('.repeat(5_000)],
  ['open arithmetic', '$(('.repeat(5_000)],
  ['arithmetic that is none', '$((a) '.repeat(5_000)],
  ['open backquotes', '`\\'.repeat(5_000)],
  ['open quotes', '"${X:-'.repeat(5_000)],
  ['open subscripts', '${a['.repeat(5_000)],
  ['assignments with subscripts', 'a[;'.repeat(5_000)],
  ['many parts', `"${'$a'.repeat(5_000)}"`],
  ['many commands', 'a && '.repeat(5_000)],
  ['many heredocs', 'a <<E\nE\n'.repeat(5_000)],
  ['heredocs without end', '<<E '.repeat(5_000)],
  ['open compounds', 'if a; then '.repeat(5_000)],
  ['tests', '[[ a '.repeat(5_000)],
  ['functions', 'f() '.repeat(5_000)],
  ['many words', ' a'.repeat(5_000)],
  ['wrappers', 'env '.repeat(5_000)],
  ['a word that is reserved', 'then '.repeat(5_000)],
])('%s', (_, text) => {
  expect(() => invocationsOf(read(text))).not.toThrow();
});
