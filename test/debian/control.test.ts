import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseParagraph, parseParagraphs, parseRelations } from '../../src/debian/control.ts';

describe('parseParagraph', () => {
  it('joins continuation lines and lowers field names', () => {
    const fields = parseParagraph(
      'Package: a\n# comment\nDescription: one\n two\n .\n  three\nTag:\n x\nnonsense\n',
    );
    expect([...fields]).toEqual([
      ['package', 'a'],
      ['description', 'one\ntwo\n.\n three'],
      ['tag', '\nx'],
    ]);
  });

  it('parts paragraphs at blank lines', () => {
    expect(parseParagraphs('A: 1\r\n\r\n \nB: 2\n\n\n').map((fields) => [...fields])).toEqual([
      [['a', '1']],
      [['b', '2']],
    ]);
    expect(parseParagraphs('')).toEqual([]);
  });
});

describe('parseRelations', () => {
  it('reads groups of alternatives', () => {
    expect(
      parseRelations('a, b (>= 1.0~) | c:any, d (= 1:2-3) [amd64] <!nocheck>, python3:any (<< 3.12)'),
    ).toEqual([
      [{ name: 'a', qualifier: undefined, version: undefined }],
      [
        { name: 'b', qualifier: undefined, version: { operator: '>=', version: '1.0~' } },
        { name: 'c', qualifier: 'any', version: undefined },
      ],
      [{ name: 'd', qualifier: undefined, version: { operator: '=', version: '1:2-3' } }],
      [{ name: 'python3', qualifier: 'any', version: { operator: '<<', version: '3.12' } }],
    ]);
    expect(parseRelations('')).toEqual([]);
    expect(parseRelations('a (< 1)')[0]?.[0]?.version?.operator).toBe('<=');
  });

  it.each(['a b', 'a (>= )', '(>= 1)', 'a (~ 1)', 'ä', '|'])('refuses %j', (text) => {
    expect(() => parseRelations(text)).toThrow(TypeError);
  });

  it('answers any text with relations or a TypeError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1.,|:()<>=~[] \n') }), (text) => {
        try {
          parseRelations(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});
