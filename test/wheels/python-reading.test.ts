// The readers of a wheel's texts against Python's own library, over generated texts and a table of odd ones.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEntryPoints } from '../../src/wheels/entry-points.ts';
import { parseHeaders, splitLines, trim } from '../../src/wheels/python-text.ts';
import { parseRecord } from '../../src/wheels/record.ts';

type Kind = 'entry-points' | 'record' | 'headers';

function read(kind: Kind, text: string): unknown {
  try {
    if (kind === 'headers') {
      const headers = parseHeaders(text);
      return [headers.get('wheel-version') ?? null, headers.get('root-is-purelib') ?? null];
    }
    if (kind === 'record') return [...parseRecord(text).values()];
    return parseEntryPoints(text).map(({ name, module, attribute }) => [name, module, attribute]);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const ODD: readonly (readonly [Kind, string])[] = [
  ['entry-points', ''],
  ['entry-points', '[console_scripts]\na = b:c'],
  ['entry-points', '\ufeff[console_scripts]\na = b:c'],
  ['entry-points', '[console_scripts]\r\na = b:c [x]\r\n\r\n[gui_scripts]\r\nd=e:f.g\r\n'],
  ['entry-points', 'a = b:c\n[console_scripts]\n'],
  ['entry-points', '[console_scripts]\na = b:c\n[console_scripts]\nd = e:f'],
  ['entry-points', '[DEFAULT]\nz = y:x\n[console_scripts]\na = b:c\n[gui_scripts]\nz = a:b'],
  ['entry-points', '[DEFAULT]\nm = pkg\n[console_scripts]\na = %(m)s.cli:main\n'],
  ['entry-points', '[console_scripts]\na = %(b)s\nb = %(c)s\nc = x:y\n'],
  ['entry-points', '[console_scripts]\na = %(a)s\n'],
  ['entry-points', '[console_scripts]\na = b:c [%%]\n'],
  ['entry-points', '[console_scripts]\na = b:c [%]\n'],
  ['entry-points', '[console_scripts]\na =\n  b:c\n  \n  [x]\n'],
  ['entry-points', '[console_scripts]\n a = b:c\n b = d:e\n'],
  ['entry-points', '  [console_scripts]\na = b:c\n    # remark\n  [x,y]\n'],
  ['entry-points', '[console_scripts] trailing ] words\na = b:c\n'],
  ['entry-points', '[console_scripts]\nä.b-c = módulo.x:f_1 [extra one]\n'],
  ['entry-points', '[console_scripts]\na : b:c\n'],
  ['entry-points', '[console_scripts]\na = b : c\n= d:e'],
  ['entry-points', '[console_scripts]\na = b:c ; remark\n'],
  ['entry-points', '[]\n[console_scripts]\na = b:c'],
  ['entry-points', '[console_scripts]\na = b:c\u2028d\n'],
  ['record', ''],
  ['record', 'a,sha256=b,1\n"b,c",,\n'],
  ['record', '"a""b",,\n'],
  ['record', 'a"b,,\n"a"b,,\n'],
  ['record', '"a\nb",,\nc,,'],
  ['record', '"a,,'],
  ['record', 'a\\b,,\na/b,x=y,2\n'],
  ['record', 'a,,\r\nb,,\rc,,\u2028d,,\x0be,,'],
  ['record', ',,\n'],
  ['headers', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\n'],
  ['headers', 'wheel-version:1.0\r\nROOT-IS-PURELIB: \t true\r\n'],
  ['headers', 'Root-Is-Purelib: true \n'],
  ['headers', 'Root-Is-Purelib: false\nRoot-Is-Purelib: true\n'],
  ['headers', 'Wheel-Version: 1.0\n\nRoot-Is-Purelib: true\n'],
  ['headers', 'Wheel-Version: 1.0\nnonsense\nRoot-Is-Purelib: true\n'],
  ['headers', 'Wheel-Version: 1.0\n and more\n\tand more\nRoot-Is-Purelib:\n true\n'],
  ['headers', ' start\nWheel-Version: 1.0\n'],
  ['headers', 'From me\nWheel-Version: 1.0\n: x\nRoot-Is-Purelib: true'],
  ['headers', 'Wheel-Version: 1.0\rRoot-Is-Purelib: true\r\r\nX: y'],
  ['headers', '\ufeffWheel-Version: 1.0\nRoot-Is-Purelib: true'],
];

const pieces: Readonly<Record<Kind, readonly string[]>> = {
  'entry-points': [
    ...[
      '[console_scripts]',
      '[gui_scripts]',
      '[DEFAULT]',
      '[other]',
      'a',
      'b.c',
      'é',
      '=',
      ' = ',
      ':',
      ' ',
      '\t',
    ],
    ...[
      '\n',
      '\n',
      '\n',
      '\n ',
      '\r',
      '#',
      ';',
      '[x]',
      '%',
      '%%',
      '%(a)s',
      '%(b.c)s',
      'm:f',
      'p.q : r.s',
      '\x1c',
    ],
  ],
  record: ['a', 'b/c', ',', ',', '"', '""', '\n', '\n', '\r', 'sha256=x', '1', '\\', ' ', '\x85', '\u2029'],
  headers: [
    ...[
      'Wheel-Version',
      'Root-Is-Purelib',
      ':',
      ': ',
      '1.0',
      'true',
      '\n',
      '\n',
      '\r\n',
      '\r',
      ' ',
      '\t',
      'X',
    ],
    ...['From ', 'é', '\x0b'],
  ],
};

const generated = fc
  .constantFrom<Kind>('entry-points', 'record', 'headers')
  .chain((kind) =>
    fc
      .array(fc.constantFrom(...pieces[kind]), { maxLength: 24 })
      .map(
        (parts) => [kind, (kind === 'entry-points' ? '[console_scripts]\n' : '') + parts.join('')] as const,
      ),
  );

const script = fileURLToPath(new URL('fixtures/reference.py', import.meta.url));
const hasPython =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0;
if (!hasPython) console.warn('SKIPPED: no python3 of 3.11 or later here to compare the readers with');

describe.skipIf(!hasPython)('as Python reads them', () => {
  test('odd texts and generated ones', () => {
    const texts = [...ODD, ...fc.sample(generated, 6000)];
    const run = spawnSync('python3', [script], { input: JSON.stringify(texts), maxBuffer: 1 << 28 });
    expect(run.stderr.toString()).toBe('');
    const answers = JSON.parse(run.stdout.toString()) as unknown[];
    const different = texts.flatMap(([kind, text], index) => {
      const ours = read(kind, text);
      return JSON.stringify(ours) === JSON.stringify(answers[index])
        ? []
        : [{ kind, text, ours, python: answers[index] }];
    });
    expect(different).toEqual([]);
    const understood = answers.filter((answer) => answer !== null && JSON.stringify(answer) !== '[]').length;
    expect(understood).toBeGreaterThan(1000);
  });
});

describe('without Python', () => {
  test('a file of entry points', () => {
    const text =
      '[console_scripts]\nFoo.Bar = mypkg.cli:app.main [ex1,ex2]\n\n[gui_scripts]\ngg= mypkg:g\n[other]\nq=mypkg\n';
    expect(read('entry-points', text)).toEqual([
      ['Foo.Bar', 'mypkg.cli', 'app.main'],
      ['gg', 'mypkg', 'g'],
    ]);
  });

  test('references that multiply are cut off', () => {
    const levels = Array.from({ length: 9 }, (_, level) => `l${level} = ${`%(l${level + 1})s`.repeat(50)}`);
    expect(read('entry-points', `[console_scripts]\n${levels.join('\n')}\nl9 =\n`)).toBe(null);
  });

  test('long runs of white space take no longer than other text', () => {
    const spaces = ' '.repeat(1 << 20);
    expect(trim(`${spaces}x${spaces}y${spaces}`).length).toBe(2 + spaces.length);
    expect(read('entry-points', `[console_scripts]\na = b:c${spaces}d`)).toBe(null);
    expect(read('headers', `Wheel-Version:${spaces}1${spaces}2`)).toEqual([`1${spaces}2`, null]);
  });

  test('lines end where Python ends them', () => {
    expect(splitLines('a\r\nb\vc\u2028d\x85e\n\nf\n')).toEqual(['a', 'b', 'c', 'd', 'e', '', 'f']);
  });
});
