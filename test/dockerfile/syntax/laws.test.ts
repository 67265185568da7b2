// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the Dockerfile

// What holds for any text: nothing is thrown, spans nest and are in order, and nothing that was written is lost.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dockerfile, Instruction, Span } from '../../../src/dockerfile/syntax/ast.ts';
import { parseDockerfile } from '../../../src/dockerfile/syntax/parse.ts';
import { variablesAt } from '../../../src/dockerfile/syntax/scopes.ts';
import { ancestors, graphStages } from '../../../src/dockerfile/syntax/stages.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/dockerfiles', import.meta.url));

/** Parts that mean something to the parser. */
const PARTS = [
  ...['\\', '\\\n', '\\ \n', '\n', '\r\n', '\r', '\t', ' ', '\u00a0', '\ufeff', '\0', 'é', '😀', '\ud800'],
  ...['#', '# x\n', '# escape=`\n', '# syntax=x\n', '`', '"', "'", '$', '${', '}', ':-', '/', '%', '=', ','],
  ...['<<', '<<E', '<<-"E"', 'E', 'E\n', '--', '--from=', '--mount=', '[', ']', '["a"]', '0', 'a', 'b'],
  ...[
    'FROM ',
    'FROM a AS b\n',
    'RUN ',
    'COPY ',
    'COPY --from=b c d\n',
    'ENV ',
    'ENV A=$A',
    'ARG ',
    'LABEL ',
    'CMD ',
  ],
  ...['ONBUILD ', 'HEALTHCHECK ', 'CMD', 'NONE', 'SHELL ', 'USER ', 'VOLUME ', 'EXPOSE ', 'AS ', 'from '],
];
const anyText = fc.oneof(
  fc.array(fc.constantFrom(...PARTS), { maxLength: 60 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

function checkOrder(spans: readonly Span[], inside: Span): void {
  let at = inside.start;
  for (const { start, end } of spans) {
    expect(start).toBeGreaterThanOrEqual(at);
    expect(end).toBeGreaterThanOrEqual(start);
    at = end;
  }
  expect(at).toBeLessThanOrEqual(inside.end);
}

function checkInstruction(text: string, instruction: Instruction): void {
  const { span, keywordSpan, flags, words, pairs, heredocs, trigger, argument } = instruction;
  checkOrder([keywordSpan, ...flags.map((flag) => flag.span)], span);
  for (const flag of flags) checkOrder([flag.valueSpan], flag.span);
  checkOrder(
    words.map((word) => word.span),
    span,
  );
  checkOrder(
    pairs.map((pair) => pair.span),
    span,
  );
  for (const { value, span: whole } of pairs) if (value !== undefined) checkOrder([value.span], whole);
  checkOrder(
    heredocs.flatMap(({ body, terminator }) => [body, terminator]),
    span,
  );
  checkOrder(
    heredocs.map(({ marker }) => marker),
    span,
  );
  expect(argument.offsets).toHaveLength(argument.text.length + 1);
  [...argument.offsets.keys()].slice(1).forEach((index) => {
    expect(argument.offsets[index]!).toBeGreaterThan(argument.offsets[index - 1]!);
  });
  for (let index = 0; index < argument.text.length; index += 1) {
    expect(text[argument.offsets[index]!]).toBe(argument.text[index]);
  }
  for (const { raw, span: written } of words) {
    const slice = text.slice(written.start, written.end);
    if (!slice.includes('\n')) expect(slice).toBe(raw);
  }
  if (trigger !== undefined) {
    checkOrder([keywordSpan, trigger.span], span);
    checkInstruction(text, trigger);
  }
}

function checkLaws(text: string): Dockerfile {
  const dockerfile = parseDockerfile(text);
  const whole = { start: 0, end: text.length };
  expect(dockerfile.text).toBe(text);
  const { instructions, directives, comments, problems } = dockerfile;
  const nodes = [
    ...instructions.map(({ span }) => ({ span, inside: true })),
    ...directives.map(({ span }) => ({ span, inside: false })),
    ...comments.filter(({ continued }) => !continued).map(({ span }) => ({ span, inside: false })),
  ].sort((one, other) => one.span.start - other.span.start);
  checkOrder(
    nodes.map(({ span }) => span),
    whole,
  );
  let at = 0;
  const open = problems.filter(({ message }) => message.includes('continuation'));
  for (const { span } of [...nodes, { span: { start: text.length, end: text.length } }]) {
    const gap = text.slice(at, span.start);
    // Nothing but white space lies between, save for a continuation that nothing follows.
    if (!open.some(({ span: { start } }) => start >= at && start < span.start)) {
      expect(gap.replace(/[\s\u0085]/g, '')).toBe('');
    }
    at = span.end;
  }
  checkOrder(
    comments.map(({ span }) => span),
    whole,
  );
  for (const { span, text: comment } of comments) {
    expect(text.slice(span.start, span.end)).toBe(`#${comment}`);
  }
  for (const instruction of instructions) checkInstruction(text, instruction);
  for (const { span } of problems) checkOrder([span], whole);
  return dockerfile;
}

describe('any text', () => {
  it('is parsed', () => {
    fc.assert(
      fc.property(anyText, (text) => void checkLaws(text)),
      { numRuns: 1_500 },
    );
  });

  it('gives a graph without cycles', () => {
    const text = fc
      .array(
        fc.constantFrom(
          ...['FROM a AS b', 'FROM b AS c', 'FROM c AS a', 'FROM $A AS b', 'ARG A=b', 'ENV A=$A$A', 'ARG A'],
          ...[
            'COPY --from=a x y',
            'COPY --from=b x y',
            'COPY --from=c x y',
            'COPY --from=1 x y',
            'ENV B=${A#*a}',
          ],
          ...['RUN --mount=from=b,target=/x y', 'ONBUILD COPY --from=a x y', 'ONBUILD ARG A=c'],
        ),
        { maxLength: 40 },
      )
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(fc.oneof(text, anyText), (lines) => {
        const graph = graphStages(parseDockerfile(lines));
        for (const stage of graph.stages) {
          expect(ancestors(graph, stage)).not.toContain(stage);
          if (stage.parent !== undefined) expect(stage.parent).toBeLessThan(stage.index);
          variablesAt(graph, stage, stage.instructions.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the fixtures', () => {
  it.each(readdirSync(FIXTURES))('%s', (name) => {
    checkLaws(readFileSync(`${FIXTURES}/${name}`, 'utf8'));
  });
});

describe('a Dockerfile that was written from a list', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcxyz019./:@_$é'), minLength: 1, maxLength: 12 });
  const flag = fc.record({
    name: fc.constantFrom('mount', 'from', 'chown', 'link'),
    value: fc.option(word, { nil: undefined }),
  });
  const heredoc = fc.record({
    name: fc.constantFrom('EOF', 'A', 'end'),
    lines: fc.array(fc.constantFrom('FROM x', '# no', '', '  b \\', 'EOF ', '<<A'), { maxLength: 4 }),
  });
  const instruction = fc.record({
    keyword: fc.constantFrom('RUN', 'COPY', 'run', 'Add'),
    flags: fc.array(flag, { maxLength: 3 }),
    words: fc.array(word, { minLength: 1, maxLength: 5 }),
    heredocs: fc.uniqueArray(heredoc, { maxLength: 2, selector: ({ name }) => name }),
  });
  const gap = fc.constantFrom(
    ...[' ', '  ', '\t', ' \\\n', ' \\ \n  ', ' \\\n# note \\\n ', ' \\\n\n \t\n  ', ' \\\n\t#\n\t'],
  );
  const between = fc.constantFrom('\n', '\n\n', '\n  # note\n', ' \t\n', '\n\t');

  it('is read as what was written', () => {
    fc.assert(
      fc.property(
        fc.array(instruction, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(gap),
        fc.infiniteStream(between),
        fc.boolean(),
        (list, gaps, ends, windows) => {
          let text = 'FROM x\n';
          for (const { keyword, flags, words, heredocs } of list) {
            const parts = [
              ...flags.map(({ name, value }) => (value === undefined ? `--${name}` : `--${name}=${value}`)),
              ...words,
              ...heredocs.map(({ name }) => `<<${name}`),
            ];
            text += keyword + parts.map((part) => gaps.next().value + part).join('');
            for (const { name, lines } of heredocs) text += `\n${[...lines, name].join('\n')}`;
            // A line that ends a heredoc holds nothing else.
            text += heredocs.length > 0 ? '\n' : ends.next().value;
          }
          if (windows) text = text.replaceAll('\n', '\r\n');
          const { instructions } = checkLaws(text);
          const read = instructions.slice(1).map((node) => ({
            keyword: node.keyword,
            flags: node.flags.map(({ name, value }) => ({ name, value })),
            words: node.argument.text.split(/\s+/),
            heredocs: node.heredocs.map(({ name, body }) => ({
              name,
              lines: text.slice(body.start, body.end).split(/\r?\n/).slice(0, -1),
            })),
          }));
          expect(read).toEqual(
            list.map(({ keyword, flags, words, heredocs }) => ({
              keyword: keyword.toUpperCase(),
              flags,
              words: [...words, ...heredocs.map(({ name }) => `<<${name}`)],
              heredocs,
            })),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
