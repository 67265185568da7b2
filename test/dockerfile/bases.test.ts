// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of Dockerfiles
import { describe, expect, it } from 'vitest';
import { lineOfStep, overrideBases } from '../../src/dockerfile/bases.ts';

const TEXT = `# syntax=docker/dockerfile:1
ARG V=3.11
FROM --platform=$BUILDPLATFORM python:\${V}-bookworm AS Builder
ENV A=1
RUN one \\
  # a comment in it
  && two
WORKDIR /x
COPY . .

FROM builder AS tests
RUN <<EOF
three
EOF

FROM scratch AS nothing
FROM "python:3.11-slim"
COPY --from=builder /x /x
RUN four
`;

function froms(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('FROM'));
}

describe('other bases', () => {
  it.each([
    [
      'both',
      { base: 'B', builderBase: 'C' },
      ['FROM --platform=$BUILDPLATFORM C AS Builder', 'FROM B'],
      [1, 1],
    ],
    [
      'the one that ships',
      { base: 'B' },
      ['FROM --platform=$BUILDPLATFORM python:${V}-bookworm AS Builder', 'FROM B'],
      [1, 0],
    ],
    [
      'the other',
      { builderBase: 'C' },
      ['FROM --platform=$BUILDPLATFORM C AS Builder', 'FROM "python:3.11-slim"'],
      [0, 1],
    ],
    [
      'of a target, through its parents',
      { base: 'B', builderBase: 'C', target: 'TESTS' },
      ['FROM --platform=$BUILDPLATFORM B AS Builder', 'FROM C'],
      [1, 1],
    ],
    [
      'of a target by its number',
      { base: 'B', target: '0' },
      ['FROM --platform=$BUILDPLATFORM B AS Builder', 'FROM "python:3.11-slim"'],
      [1, 0],
    ],
    [
      'of nothing',
      { base: 'B', target: 'nothing' },
      ['FROM --platform=$BUILDPLATFORM python:${V}-bookworm AS Builder', 'FROM "python:3.11-slim"'],
      [0, 0],
    ],
  ] as const)('%s', (_, overrides, [first, last], [shipped, building]) => {
    const changed = overrideBases(TEXT, overrides);
    expect(froms(changed.text)).toEqual([first, 'FROM builder AS tests', 'FROM scratch AS nothing', last]);
    expect(changed).toMatchObject({ shipped, building });
    // Nothing else moves.
    const others = (text: string): string[] => text.split('\n').filter((line) => !line.startsWith('FROM'));
    expect(others(changed.text)).toEqual(others(TEXT));
  });

  it('a file without stages stays as it is', () => {
    expect(overrideBases('RUN x\n', { base: 'B' })).toEqual({ text: 'RUN x\n', shipped: 0, building: 0 });
    expect(overrideBases('', { base: 'B' }).text).toBe('');
  });
});

describe('the line of a step', () => {
  it.each([
    ['[builder 1/4] FROM docker.io/library/python:3.11', 3],
    ['[builder 2/4] RUN one   && two', 5],
    ['[builder 4/4] COPY . .', 9],
    ['[builder 1/3] RUN one   && two', 5],
    ['[linux/arm64 builder 2/4] RUN one', 5],
    ['[tests 2/2] RUN <<EOF (three)', 12],
    ['[stage-3 3/3] RUN four', 19],
    ['[1/4] STEP 3/5: RUN one   && two', 5],
    ['[internal] load metadata for docker.io/library/python:3.11-slim', 17],
    ['[internal] load build definition from Dockerfile', undefined],
    ['[nobody 2/2] RUN x', undefined],
    ['[builder 9/9] RUN x', undefined],
    ['exporting to image', undefined],
  ])('%s: %s', (step, line) => {
    expect(lineOfStep(TEXT, step)).toBe(line);
  });

  it('one stage without a name', () => {
    const text = 'FROM x\nENV A=1\nRUN a\nRUN b\n';
    expect(lineOfStep(text, '[3/3] RUN b')).toBe(4);
    expect(lineOfStep(text, '[2/2] RUN b')).toBe(4);
    expect(lineOfStep(text, 'STEP 3/4: RUN a')).toBe(3);
  });
});
