import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../src/dockerfile/syntax/parse.ts';
import { positionAt } from '../../../src/dockerfile/syntax/position.ts';

describe('problems', () => {
  const CASES: readonly (readonly [string, string, string])[] = [
    ['', 'no-stage', ''],
    ['# only this', 'no-stage', ''],
    ['ARG A=1', 'no-stage', 'ARG'],
    ['RUN a\nFROM x', 'before-from', 'RUN'],
    ['FROM x\nPOETRY a', 'unknown-instruction', 'POETRY'],
    ['FROM x\nRUN\u00a0a', 'unknown-instruction', 'RUN\u00a0a'],
    ['FROM', 'missing-argument', 'FROM'],
    ['FROM a b', 'bad-argument', 'a b'],
    ['FROM a AS 1b', 'bad-argument', '1b'],
    ['FROM x\nCOPY a', 'missing-argument', 'COPY'],
    ['FROM x\nADD', 'missing-argument', 'ADD'],
    ['FROM x\nCOPY a <<b\nc\nb', 'bad-argument', '<<b'],
    ['FROM x\nUSER', 'missing-argument', 'USER'],
    ['FROM x\nENV A', 'bad-argument', 'A'],
    ['FROM x\nENV A=1 B', 'bad-argument', 'B'],
    ['FROM x\nENV =1', 'bad-argument', '=1'],
    ['FROM x\nCMD ["a", 1]', 'bad-argument', '["a", 1]'],
    ['FROM x\nSHELL bash -c', 'bad-argument', 'bash -c'],
    ['FROM x\nSHELL []', 'missing-argument', 'SHELL'],
    ['FROM x\nVOLUME [" "]', 'bad-argument', '" "'],
    ['FROM x\nHEALTHCHECK curl', 'bad-argument', 'curl'],
    ['FROM x\nHEALTHCHECK CMD', 'missing-argument', 'CMD'],
    ['FROM x\nHEALTHCHECK CMD []', 'missing-argument', 'CMD'],
    ['FROM x\nHEALTHCHECK NONE a', 'bad-argument', 'NONE a'],
    ['FROM x\nHEALTHCHECK --interval=1 CMD a', 'bad-flag', '1'],
    ['FROM x\nHEALTHCHECK --timeout=1us CMD a', 'bad-flag', '1us'],
    ['FROM x\nHEALTHCHECK --retries=-1 CMD a', 'bad-flag', '-1'],
    ['FROM x\nONBUILD FROM y', 'bad-argument', 'FROM'],
    ['FROM x\nONBUILD ONBUILD RUN a', 'bad-argument', 'ONBUILD'],
    ['FROM x\nONBUILD POETRY', 'unknown-instruction', 'POETRY'],
    ['FROM x\nADD --from=a b c', 'bad-flag', '--from=a'],
    ['FROM x\nCOPY --from=a --from=b c d', 'bad-flag', '--from=b'],
    ['FROM x\nCOPY --from a b', 'bad-flag', '--from'],
    ['FROM x\nCOPY --link=maybe a b', 'bad-flag', 'maybe'],
    ['FROM x\nCOPY --link= a b', 'bad-flag', '--link='],
    ['FROM x\nRUN --network=some a', 'bad-flag', 'some'],
    ['FROM x\nRUN --security=some a', 'bad-flag', 'some'],
    ['FROM x\nRUN --mount=type=bind,from=$A a', 'bad-flag', 'from=$A'],
    ['FROM x\nRUN --mount=a\\"b c', 'bad-flag', '--mount=a\\"b'],
    ['FROM x\nUSER --a=b c', 'bad-flag', '--a=b'],
  ];
  it.each(CASES)('%j: %s', (text, code, where) => {
    const { problems } = parseDockerfile(text);
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    const { span, message } = problems[0]!;
    expect(text.slice(span.start, span.end)).toBe(where);
    expect(message).not.toMatch(/\.$|^[A-Z][a-z]/);
  });

  it.each([
    ['FROM x\nRUN'],
    ['FROM x\nCMD'],
    ['FROM x\nENTRYPOINT []'],
    ['FROM x\nHEALTHCHECK --bad=1 NONE'],
    ['FROM x\nHEALTHCHECK --interval=1m.5s --retries=+3 --timeout=0 CMD a'],
    ['FROM x\nARG --a=b c'],
    ['FROM x\nRUN --mount=type=cache,target=$HOME/x --mount="type=tmpfs,\\"target=/a,b\\"" a'],
    ['FROM x\nCOPY --link --parents=FALSE --exclude=a --exclude=b c d'],
  ])('%j has none', (text) => {
    expect(parseDockerfile(text).problems).toEqual([]);
  });

  it('come in the order of the file', () => {
    const { problems } = parseDockerfile('A\nFROM x AS 1\nB\nCOPY --c d');
    expect(problems.map(({ span }) => span.start)).toEqual([0, 0, 12, 14, 16, 21]);
  });
});

describe('positionAt', () => {
  it.each([
    ['a\nb', 0, 1, 1],
    ['a\nb', 1, 1, 2],
    ['a\nb', 2, 2, 1],
    ['a\r\n\tb', 4, 2, 2],
    ['\ufeffa', 1, 1, 1],
    ['\ufeffa\nb', 3, 2, 1],
    ['', 0, 1, 1],
  ])('%j at %i', (text, offset, line, column) => {
    expect(positionAt(parseDockerfile(text), offset)).toEqual({ line, column });
  });
});
