import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../src/dockerfile/syntax/parse.ts';
import { variablesAt } from '../../../src/dockerfile/syntax/scopes.ts';
import {
  ancestors,
  graphStages,
  type StageGraph,
  shippingStage,
} from '../../../src/dockerfile/syntax/stages.ts';

function graph(...lines: readonly string[]): StageGraph {
  return graphStages(parseDockerfile(lines.join('\n')));
}

describe('the base of a stage', () => {
  const CASES: readonly (readonly [readonly string[], string | undefined, string])[] = [
    [['FROM python:3.11'], 'python:3.11', 'python:3.11'],
    [['FROM "python:3.11" AS x'], 'python:3.11', 'python:3.11'],
    [['FROM --platform=$BUILDPLATFORM python'], 'python', 'python'],
    [['ARG V=3.11', `FROM python:\${V}-slim`], 'python:3.11-slim', 'python:3.11-slim'],
    [['ARG I=python:3', 'FROM $I'], 'python:3', 'python:3'],
    [['ARG V=3', `ARG I=python:\${V}`, 'FROM $I'], 'python:3', 'python:3'],
    [['ARG V', `FROM python:\${V}-slim`], undefined, 'python:\0-slim'],
    [['ARG V', `FROM python:\${V:-3}`], 'python:3', 'python:3'],
    [['ARG V', `FROM python:3\${V:+-$V}`], 'python:3', 'python:3'],
    [['ARG V=slim', `FROM python:3\${V:+-$V}`], 'python:3-slim', 'python:3-slim'],
    [['ARG V=3.11.4', `FROM python:\${V%.*}`], 'python:3.11', 'python:3.11'],
    [[`FROM python-$TARGETARCH`], undefined, 'python-\0'],
    [[`FROM python-\${TARGETARCH:-amd64}`], undefined, 'python-\0'],
    [['FROM $NOWHERE'], undefined, '\0'],
    [['FROM x', 'ARG V=3', 'FROM python:$V'], undefined, 'python:\0'],
    [['FROM scratch'], 'scratch', 'scratch'],
    [['FROM'], '', ''],
  ];
  it.each(CASES)('%j', (lines, base, pattern) => {
    expect(shippingStage(graph(...lines))).toMatchObject({ base, pattern, parent: undefined });
  });

  it('is told where it cannot be read', () => {
    expect(graph(`FROM python:\${V`).problems.map(({ code }) => code)).toEqual(['bad-reference']);
    expect(graph('ARG V=', 'FROM $V').problems.map(({ code }) => code)).toEqual(['bad-reference']);
  });
});

describe('references', () => {
  it('finds parents by names without case, and chosen by a variable', () => {
    const { stages } = graph(
      'ARG dev=TRUE',
      'FROM debian AS Base',
      'FROM BASE AS true',
      'FROM base AS false',
      `FROM \${dev}`,
    );
    expect(stages.map(({ name, parent }) => [name, parent])).toEqual([
      ['base', undefined],
      ['true', 0],
      ['false', 0],
      [undefined, 1],
    ]);
  });

  it('starts only from earlier stages', () => {
    const { stages, problems } = graph('FROM python AS python', 'FROM later AS b', 'FROM python AS later');
    expect(stages.map(({ parent }) => parent)).toEqual([undefined, undefined, 0]);
    expect(problems).toEqual([]);
  });

  it('reads stages by number, by name, later ones too, and no images', () => {
    const { stages, problems } = graph(
      'FROM a AS one',
      'FROM b',
      'COPY --from=0 / /',
      'COPY --from=ONE / /',
      'COPY --from=later / /',
      'COPY --from=ghcr.io/astral-sh/uv:1 /uv /',
      'RUN --mount=type=bind,from=later,target=/x --mount=type=cache,target=/y true',
      'RUN --mount=from=0,target=/x true',
      'FROM c AS later',
    );
    expect(stages.map(({ reads }) => reads)).toEqual([[], [0, 2], []]);
    expect(problems).toEqual([]);
  });

  it('lets what an ONBUILD triggers read for the stage that starts there', () => {
    const { stages } = graph('FROM a AS x', 'FROM b AS base', 'ONBUILD COPY --from=x / /', 'FROM base');
    expect(stages.map(({ reads }) => reads)).toEqual([[], [], [0]]);
  });

  it.each([
    [['FROM a AS x', 'COPY --from=x / /'], ['circular']],
    [['FROM a AS x', 'COPY --from=0 / /'], ['circular']],
    [
      ['FROM a AS x', 'COPY --from=y / /', 'FROM b AS y', 'COPY --from=x / /'],
      ['circular', 'circular'],
    ],
    [['FROM a AS x', 'COPY --from=y / /', 'FROM x AS y'], ['circular']],
    [['FROM a', 'COPY --from=1 / /'], ['bad-reference']],
    [['FROM a', 'COPY --from=-1 / /'], ['bad-reference']],
    [['FROM a', 'COPY --from=$X / /'], ['bad-reference']],
  ])('tells and does not follow %j', (lines, codes) => {
    const { stages, problems } = graph(...lines);
    expect(problems.map(({ code }) => code)).toEqual(codes);
    expect(stages.flatMap(({ reads }) => reads)).toEqual([]);
  });

  it('follows ancestors, however far', () => {
    const all = graph(
      'FROM a AS deps',
      'FROM b AS unused',
      'FROM deps AS build',
      'FROM c AS assets',
      'FROM d',
      'COPY --from=build / /',
      'RUN --mount=from=assets,target=/x true',
    );
    expect(ancestors(all, shippingStage(all)!).map(({ index }) => index)).toEqual([0, 2, 3]);
  });

  it('follows a chain of many stages', () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `FROM s${index} AS s${index + 1}`);
    const all = graph(...lines);
    expect(ancestors(all, all.stages.at(-1)!)).toHaveLength(19_999);
    expect(variablesAt(all, all.stages.at(-1)!, 0).size).toBe(0);
  });
});

describe('variables', () => {
  /** At the end of the last stage. */
  function variables(...lines: readonly string[]): Record<string, string | undefined> {
    const all = graph(...lines);
    const stage = shippingStage(all)!;
    return Object.fromEntries(variablesAt(all, stage, stage.instructions.length));
  }

  const CASES: readonly (readonly [string, readonly string[], Record<string, string | undefined>])[] = [
    ['ENV and ARG in order', ['FROM x', 'ARG A=1', 'ENV B=$A A=2', 'ARG A=3'], { A: '3', B: '1' }],
    ['one ENV sees none of itself', ['FROM x', 'ENV A=1', 'ENV A=2 B=$A'], { A: '2', B: '1' }],
    ['one ARG sees the part before', ['FROM x', 'ARG A=1 B=$A'], { A: '1', B: '1' }],
    ['a global ARG needs to be taken', ['ARG A=1', 'ARG B=2', 'FROM x', 'ARG A'], { A: '1' }],
    ['a default wins over a global one', ['ARG A=1', 'FROM x', 'ARG A=2'], { A: '2' }],
    [
      'an ARG without a value',
      ['FROM x', 'ARG A', 'ENV B=$A C=v$A'],
      { A: undefined, B: undefined, C: undefined },
    ],
    ['its default by an operator', ['FROM x', 'ARG A', `ENV B=\${A:-d}`], { A: undefined, B: 'd' }],
    ['an ARG again', ['FROM x', 'ARG A=1', 'ARG A'], { A: '1' }],
    ['a platform', ['FROM x', 'ARG TARGETARCH'], { TARGETARCH: undefined }],
    ['what the base image sets', ['FROM x', 'ENV PATH=/a:$PATH'], { PATH: undefined }],
    ['a parent', ['FROM x AS a', 'ENV A=1', 'ARG B=2', 'FROM a'], { A: '1', B: '2' }],
    ['ENV before ARG from a parent', ['FROM x AS a', 'ENV A=1', 'ARG A=2', 'FROM a'], { A: '1' }],
    ['another stage', ['FROM x AS a', 'ENV A=1', 'FROM x', 'COPY --from=a / /'], {}],
    ['ONBUILD', ['FROM x AS a', 'ONBUILD ENV A=1', 'FROM a'], { A: '1' }],
    ['legacy and quotes', ['FROM x', 'ENV A one "two"', `ENV B='$A'`], { A: 'one two', B: '$A' }],
  ];
  it.each(CASES)('%s', (_, lines, expected) => {
    expect(variables(...lines)).toEqual(expected);
  });

  it('stand as they are before an instruction, whichever is asked for first', () => {
    const all = graph('FROM x', 'ENV A=1', 'RUN a', 'ENV A=2', 'RUN b');
    const stage = all.stages[0]!;
    expect([4, 1, 3, 0, 2].map((index) => variablesAt(all, stage, index).get('A'))).toEqual([
      '2',
      '1',
      '2',
      undefined,
      '1',
    ]);
    expect(variablesAt(all, stage, 1)).toBe(variablesAt(all, stage, 2));
  });

  it('do not grow beyond bounds', () => {
    const lines = Array.from({ length: 200 }, () => 'ENV A=$A$A');
    expect(variables('FROM x', 'ENV A=1', ...lines)).toEqual({ A: undefined });
  });
});
