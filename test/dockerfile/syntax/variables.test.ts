// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the Dockerfile

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandWord } from '../../../src/dockerfile/syntax/variables.ts';

const VARIABLES = new Map<string, string | undefined>([
  ['A', 'one'],
  ['E', ''],
  ['V', '3.11.4'],
  ['P', '/usr/local/bin'],
  ['U', undefined],
  ['TARGETARCH', undefined],
]);

describe('expandWord', () => {
  const CASES: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['$A', 'one'],
    ['a${A}b', 'aoneb'],
    ['$A.x', 'one.x'],
    ['$E', ''],
    ['"$A b"', 'one b'],
    ["'$A b'", '$A b'],
    ['\\$A', '$A'],
    ['"\\$A \\"q\\" \\n"', '$A "q" \\n'],
    ['a\\ b', 'a b'],
    ['$', '$'],
    ['$(x)', '$(x)'],
    ['${A:-x}', 'one'],
    ['${E:-x}', 'x'],
    ['${E-x}', ''],
    ['${N:-x}', 'x'],
    ['${N-x}', 'x'],
    ['${N:-${A}}', 'one'],
    ['${N:-"a b"}', 'a b'],
    ['${A:+x}', 'x'],
    ['${E:+x}', ''],
    ['${E+x}', 'x'],
    ['${N:+x}', ''],
    ['${N+x}', ''],
    ['${A:?}', 'one'],
    ['${A?wrong}', 'one'],
    ['${V#*.}', '11.4'],
    ['${V##*.}', '4'],
    ['${V%.*}', '3.11'],
    ['${V%%.*}', '3'],
    ['${V#3?}', '11.4'],
    ['${V#x}', '3.11.4'],
    ['${P##*/}', 'bin'],
    ['${P%/*}', '/usr/local'],
    ['${V/./-}', '3-11.4'],
    ['${V//./-}', '3-11-4'],
    ['${V/1*/x}', '3.x'],
    ['${V//}', 'missing'],
    ['${P//\\//_}', '_usr_local_bin'],
  ];
  it.each(CASES.filter(([, value]) => value !== 'missing'))('%s is %j', (raw, value) => {
    expect(expandWord(raw, VARIABLES, '\\')).toMatchObject({ value, pattern: value, fault: undefined });
  });

  const UNKNOWN: readonly (readonly [string, string])[] = [
    ['$U', '\0'],
    ['$N', '\0'],
    ['a-${U}b$A', 'a-\0bone'],
    ['${TARGETARCH:-x}', '\0'],
    ['${TARGETARCH:+x}', '\0'],
    ['${TARGETARCH#x}y', '\0y'],
    ['${U%.*}', '\0'],
    ['${N/a/b}', '\0'],
    ['"$N"', '\0'],
  ];
  it.each(UNKNOWN)('%s is not known', (raw, pattern) => {
    expect(expandWord(raw, VARIABLES, '\\')).toMatchObject({ value: undefined, pattern, fault: undefined });
  });

  it.each([
    ['${A'],
    ['${}'],
    ['${:x}'],
    ['${{A}}'],
    ['${A@Q}'],
    ['${#A}'],
    ['${A:0:3}'],
    ['${N:?}'],
    ['${N?not there}'],
    ['${A:#x}'],
    ['${V//}'],
    ['"a'],
    ["'a"],
    ['${A:-"}'],
    ['${A:-'.repeat(300)],
  ])('%s is refused', (raw) => {
    const { value, pattern, fault } = expandWord(raw, VARIABLES, '\\');
    expect({ value, pattern }).toEqual({ value: undefined, pattern: '\0' });
    expect(fault).toBeDefined();
  });

  it('takes the backquote for escapes', () => {
    expect(expandWord('C:\\$A`$A', VARIABLES, '`').value).toBe('C:\\one$A');
  });

  it('names what the file gives no value', () => {
    expect(expandWord('$N${U:-x}$A$N', VARIABLES, '\\').unset).toEqual(['N', 'U']);
  });

  it('takes no text apart that holds nothing special', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1 /.:-@=_é') }), (text) => {
        expect(expandWord(text, VARIABLES, '\\').value).toBe(text);
      }),
    );
  });

  it('gives back what was quoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab $\\"{}<\'') }), (text) => {
        const quoted = `"${text.replace(/["\\$]/g, '\\$&')}"`;
        expect(expandWord(quoted, VARIABLES, '\\').value).toBe(text);
      }),
    );
  });

  it('cuts affixes as a shell does, in no long time', () => {
    const stars = `\${B##${'*a'.repeat(200)}}`;
    const variables = new Map([['B', 'a'.repeat(300)]]);
    expect(expandWord(stars, variables, '\\').value).toBe('');
    expect(expandWord(stars, new Map([['B', 'a'.repeat(60_000)]]), '\\').value).toBeUndefined();
  });
});
