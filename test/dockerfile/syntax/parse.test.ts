// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the Dockerfile

import { describe, expect, it } from 'vitest';
import type { Dockerfile, Instruction } from '../../../src/dockerfile/syntax/ast.ts';
import { parseDockerfile } from '../../../src/dockerfile/syntax/parse.ts';

/** The only instruction after `FROM x`. */
function read(...lines: readonly string[]): Instruction {
  const { instructions } = parseDockerfile(['FROM x', ...lines].join('\n'));
  expect(instructions).toHaveLength(2);
  return instructions[1]!;
}

function argument(...lines: readonly string[]): string {
  return read(...lines).argument.text;
}

function codes({ problems }: Dockerfile): readonly string[] {
  return problems.map(({ code }) => code);
}

describe('lines', () => {
  const CASES: readonly (readonly [string, readonly string[], string])[] = [
    ['one line', ['RUN echo one'], 'echo one'],
    ['a continuation', ['RUN one && \\', '  two'], 'one &&   two'],
    ['blanks after the backslash', ['RUN one \\ \t ', 'two'], 'one two'],
    ['a carriage return after the backslash', ['RUN one \\\r', 'two\r'], 'one two'],
    ['a word glued together', ['RUN https://exam\\', 'ple.org/a\\', 'b'], 'https://example.org/ab'],
    ['a comment between', ['RUN one \\', '  # two \\', 'three'], 'one three'],
    ['a comment in a quoted string', ['RUN echo "one \\', '# two" \\', 'three"'], 'echo "one three"'],
    ['blank lines between', ['RUN one \\', '', ' \t', 'two'], 'one two'],
    ['a line of its own for the backslash', ['RUN one \\', ' \\', '\\', 'two'], 'one  two'],
    ['a backslash before the backslash', ['RUN one \\\\'], 'one \\\\'],
    ['the end of the file in a continuation', ['RUN one \\', '# two', ''], 'one'],
    ['a hash that begins no line', ['RUN one # two \\', 'three'], 'one # two three'],
    ['white space of Unicode', ['\u00a0RUN one \u2003'], 'one'],
  ];
  it.each(CASES)('%s', (_, lines, expected) => {
    expect(argument(...lines)).toBe(expected);
  });

  it('takes the next instruction into an open continuation', () => {
    expect(argument('RUN one && \\', '# the continuation goes on', '', 'CMD two')).toBe('one && CMD two');
  });

  it('puts a keyword together', () => {
    const instruction = read('RU\\', 'N one');
    expect(instruction).toMatchObject({ keyword: 'RUN', keywordSpan: { start: 7, end: 12 } });
  });

  it('tells where each character of an argument was written', () => {
    const text = 'RUN one \\\n  # two\n  three';
    const { argument } = parseDockerfile(text).instructions[0]!;
    expect(argument.offsets).toHaveLength(argument.text.length + 1);
    expect([...argument.text].map((_, index) => text[argument.offsets[index]!]).join('')).toBe(argument.text);
    expect(argument.offsets.at(-1)).toBe(text.length);
  });

  it('keeps comments, those between continued lines too', () => {
    const { comments } = parseDockerfile('# one\r\nFROM x\r\nRUN a \\\r\n  #two\r\n  b # no\r\n');
    expect(comments).toEqual([
      { text: ' one', span: { start: 0, end: 5 }, continued: false },
      { text: 'two', span: { start: 26, end: 30 }, continued: true },
    ]);
  });

  it('leaves the end of the last line out of an instruction', () => {
    const text = 'FROM x\r\nRUN a \\\r\n  b  \r\n\r\nCMD c\r\n';
    const spans = parseDockerfile(text).instructions.map(({ span }) => text.slice(span.start, span.end));
    expect(spans).toEqual(['FROM x', 'RUN a \\\r\n  b  ', 'CMD c']);
  });

  it('tells a continuation that nothing follows', () => {
    expect(codes(parseDockerfile('FROM x\n\\\n'))).toEqual(['unknown-instruction']);
  });

  it('tells a line that BuildKit does not read', () => {
    expect(codes(parseDockerfile(`FROM x\nRUN ${'é'.repeat(32_766)}\n`))).toEqual(['long-line']);
    expect(codes(parseDockerfile(`FROM x\nRUN ${'a'.repeat(65_531)}\n`))).toEqual([]);
  });
});

describe('files that are none', () => {
  const MEBIBYTE = 1 << 20;
  it.each([
    ['FROM x\n'],
    ['RUN <<A\nA\n'],
    ['ENV A=$A$A\n'],
    ['RUN a \\\n'],
    ['RUN <<A '],
    ['COPY " '],
    ['--a '],
    ['COPY ${a:-'],
  ])('are read up to a bound: %j', (part) => {
    const dockerfile = parseDockerfile(part.repeat((2 * MEBIBYTE) / part.length));
    expect(codes(dockerfile)).toContain('too-long');
    const read = dockerfile.instructions.reduce((sum, { argument }) => sum + argument.text.length, 0);
    expect(read).toBeLessThanOrEqual(MEBIBYTE);
  });

  it('are not what has long heredocs and many comments', () => {
    const body = 'a\n'.repeat(MEBIBYTE);
    expect(parseDockerfile(`FROM x\nRUN <<A\n${body}A\n${'#\n'.repeat(MEBIBYTE)}CMD b`).problems).toEqual([]);
  });
});

describe('directives', () => {
  const CASES: readonly (readonly [string, string, '\\' | '`', readonly string[], readonly string[]])[] = [
    ['the escape character', '# escape=`\nFROM x\nRUN a `\nb', '`', ['escape'], []],
    ['a byte order mark before', '\ufeff# escape=`\r\nFROM x', '`', ['escape'], []],
    ['odd blanks and case', '#\tEsCape \t=  `  \nFROM x', '`', ['escape'], []],
    ['several', '# syntax=a\n# check=b\n# escape=`\nFROM x', '`', ['syntax', 'check', 'escape'], []],
    ['after another comment', '# note\n# escape=`\nFROM x', '\\', [], []],
    ['after a directive unknown', '# shell=x\n# escape=`\nFROM x', '\\', [], []],
    ['after a blank line', '\n# escape=`\nFROM x', '\\', [], []],
    ['after an instruction', 'FROM x\n# escape=`', '\\', [], []],
    ['twice', '# escape=`\n# escape=\\\nFROM x', '`', ['escape', 'escape'], ['bad-directive']],
    ['an escape character unknown', '# escape=a\nFROM x', '\\', ['escape'], ['bad-directive']],
    ['without a value', '# escape=\nFROM x', '\\', [], []],
  ];
  it.each(CASES)('%s', (_, text, token, names, problems) => {
    const dockerfile = parseDockerfile(text);
    expect(dockerfile.escape).toBe(token);
    expect(dockerfile.directives.map(({ name }) => name)).toEqual(names);
    expect(codes(dockerfile)).toEqual(problems);
  });

  it('keeps the value of `syntax`', () => {
    const text = '# syntax = docker/dockerfile:1 \nFROM x';
    expect(parseDockerfile(text).directives).toEqual([
      { name: 'syntax', value: 'docker/dockerfile:1', span: { start: 0, end: 31 } },
    ]);
  });

  it('leaves a backslash alone where the backquote escapes', () => {
    const text = '# escape=`\nFROM x\nCOPY a C:\\dir\\\nENV A=b` c D="C:\\e"';
    const [, copy, env] = parseDockerfile(text).instructions;
    expect(copy!.words.map(({ value }) => value)).toEqual(['a', 'C:\\dir\\']);
    expect(env!.pairs.map(({ name, value }) => [name, value?.value])).toEqual([
      ['A', 'b c'],
      ['D', 'C:\\e'],
    ]);
  });
});

describe('heredocs', () => {
  const found = (...lines: readonly string[]) => {
    const text = ['FROM x', ...lines].join('\n');
    const [, holder] = parseDockerfile(text).instructions;
    const { heredocs } = holder!.trigger ?? holder!;
    return heredocs.map(({ name, expands, chomps, body, marker, terminator }) => ({
      name,
      expands,
      chomps,
      body: text.slice(body.start, body.end),
      marker: text.slice(marker.start, marker.end),
      terminator: text.slice(terminator.start, terminator.end),
    }));
  };

  it('reads one', () => {
    expect(found('RUN <<EOF', '# a comment of the shell', 'b \\', 'EOF')).toEqual([
      {
        name: 'EOF',
        expands: true,
        chomps: false,
        body: '# a comment of the shell\nb \\\n',
        marker: '<<EOF',
        terminator: 'EOF',
      },
    ]);
  });

  it('reads several, quoted and with tabs', () => {
    const read = found('COPY <<a <<"b" 3<<-\'c\' /x/', '1', 'a', '2', 'b', '\t3', '\tc');
    expect(read.map(({ name, expands, chomps, body }) => [name, expands, chomps, body])).toEqual([
      ['a', true, false, '1\n'],
      ['b', false, false, '2\n'],
      ['c', false, true, '\t3\n'],
    ]);
  });

  it('reads one after flags, comments and continuations', () => {
    const read = found('RUN --mount=type=cache,target=/x \\', '# <<NO', '  <<EOF bash \\', '-e', 'a', 'EOF');
    expect(read.map(({ name, body }) => [name, body])).toEqual([['EOF', 'a\n']]);
  });

  it('gives that of an ONBUILD to its trigger', () => {
    expect(found('ONBUILD RUN <<EOF', 'a', 'EOF').map(({ body }) => body)).toEqual(['a\n']);
  });

  it('ends at a line with a carriage return', () => {
    expect(found('RUN <<EOF\r', 'a\r', 'EOF\r').map(({ body }) => body)).toEqual(['a\r\n']);
  });

  it.each([
    ['RUN cat <<<word'],
    ['RUN cat<<EOF'],
    ['RUN echo $((1<<2))'],
    ['RUN echo "<<EOF"'],
    ['RUN echo ${name@Q} <<EOF'],
    ["RUN echo it's <<EOF"],
    ['RUN ["sh", "-c", "cat <<EOF"]'],
    ['CMD cat <<EOF'],
    ['ENV A=<<EOF'],
    ['RUN a # b'],
    ['ONBUILD CMD cat <<EOF'],
  ])('sees none in `%s`', (line) => {
    expect(found(line)).toEqual([]);
  });

  it('tells one that does not end, and reads the rest of the file as its body', () => {
    const dockerfile = parseDockerfile('FROM x\nRUN <<EOF\na\n EOF\nCMD b');
    expect(codes(dockerfile)).toEqual(['unterminated-heredoc']);
    expect(dockerfile.instructions[1]!.heredocs[0]!.body).toEqual({ start: 17, end: 29 });
  });
});

describe('flags', () => {
  it('reads quotes, escapes and bare ones', () => {
    const { flags, argument } = read('RUN --mount="type=bind,target=/a b" --x=\'y\' --link --z=a\\ b c --d');
    expect(flags.map(({ name, value }) => [name, value])).toEqual([
      ['mount', 'type=bind,target=/a b'],
      ['x', 'y'],
      ['link', undefined],
      ['z', 'a b'],
    ]);
    expect(argument.text).toBe('c --d');
  });

  it('knows where their values stand', () => {
    const text = 'COPY --from=a --link --chown="b c" d e';
    const { flags } = parseDockerfile(text).instructions[0]!;
    expect(
      flags.map(({ span, valueSpan }) => [span, valueSpan].map((at) => text.slice(at.start, at.end))),
    ).toEqual([
      ['--from=a', 'a'],
      ['--link', ''],
      ['--chown="b c"', '"b c"'],
    ]);
  });

  it('ends them at two dashes', () => {
    const { flags, argument } = read('RUN --network=none -- --mount=x');
    expect(flags).toHaveLength(1);
    expect(argument.text).toBe('--mount=x');
  });
});

describe('arguments', () => {
  const JSON_FORMS: readonly (readonly [string, 'shell' | 'exec', readonly string[]])[] = [
    ['CMD ["a", "b\\n\\u00e9\\""]', 'exec', ['a', 'b\né"']],
    ['CMD []', 'exec', []],
    ['RUN [ "a" ]', 'exec', ['a']],
    ['RUN [ -f x ]', 'shell', []],
    ["CMD ['a']", 'shell', []],
    ['CMD ["a",]', 'shell', []],
    ['CMD ["a"] b', 'shell', []],
    ['COPY ["a b", "c"]', 'exec', ['a b', 'c']],
    ['COPY ["a b", c]', 'shell', ['["a', 'b",', 'c]']],
    ['COPY "a b" $C\\ d', 'shell', ['"a', 'b"', '$C', 'd']],
    ['VOLUME /a  /b', 'shell', ['/a', '/b']],
    ['HEALTHCHECK CMD ["a", "b"]', 'exec', ['CMD', 'a', 'b']],
    ['HEALTHCHECK CMD a b', 'shell', ['CMD']],
    ['HEALTHCHECK NONE', 'shell', ['NONE']],
    ['WORKDIR /a b', 'shell', ['/a b']],
    ['USER "a":b', 'shell', ['a:b']],
    [`FROM "x:\${V:-'1'}" AS Y`, 'shell', [`x:\${V:-1}`, 'AS', 'Y']],
    ['EXPOSE 80 443/tcp', 'shell', ['80', '443/tcp']],
    ['MAINTAINER a b', 'shell', ['a b']],
    ['RUN a b', 'shell', []],
    ['POETRY a b', 'shell', []],
  ];
  it.each(JSON_FORMS)('%s', (line, form, words) => {
    const instruction = read(line);
    expect(instruction.form).toBe(form);
    expect(instruction.words.map(({ value }) => value)).toEqual(words);
  });

  it('knows where the strings of an array stand', () => {
    const text = 'CMD ["a]", \\\n  "b\\\\"]';
    const { words } = parseDockerfile(text).instructions[0]!;
    expect(words.map(({ raw, value, span }) => [raw, value, text.slice(span.start, span.end)])).toEqual([
      ['"a]"', 'a]', '"a]"'],
      ['"b\\\\"', 'b\\', '"b\\\\"'],
    ]);
  });

  const PAIRS: readonly (readonly [string, readonly (readonly [string, string | undefined, boolean])[]])[] = [
    [
      'ENV A=1 B="two words" C=\'three $X\'',
      [
        ['A', '1', false],
        ['B', 'two words', false],
        ['C', 'three $X', false],
      ],
    ],
    [
      'ENV A=esc\\ aped B= "C"=d',
      [
        ['A', 'esc aped', false],
        ['B', '', false],
        ['C', 'd', false],
      ],
    ],
    [
      'ENV A=a"b c"d B=a=b',
      [
        ['A', 'ab cd', false],
        ['B', 'a=b', false],
      ],
    ],
    ['ENV A  one "two"  = three', [['A', 'one two  = three', true]]],
    [
      'LABEL a.b="c" d=e',
      [
        ['a.b', 'c', false],
        ['d', 'e', false],
      ],
    ],
    ['LABEL maintainer Some One', [['maintainer', 'Some One', true]]],
    ['ARG A', [['A', undefined, false]]],
    [
      'ARG A=1 B C="d e"',
      [
        ['A', '1', false],
        ['B', undefined, false],
        ['C', 'd e', false],
      ],
    ],
    ['ENV A="one \\\n# note\n two"', [['A', 'one  two', false]]],
  ];
  it.each(PAIRS)('%s', (lines, pairs) => {
    const instruction = read(lines);
    expect(instruction.pairs.map(({ name, value, legacy }) => [name, value?.value, legacy])).toEqual(pairs);
  });

  it('reads what an ONBUILD triggers', () => {
    const { trigger } = read('ONBUILD copy --from=a b c');
    expect(trigger).toMatchObject({ keyword: 'COPY', flags: [{ name: 'from', value: 'a' }] });
    expect(trigger!.words.map(({ value }) => value)).toEqual(['b', 'c']);
  });

  it('keeps templates of other programs as they are', () => {
    const text = 'FROM {{ image }}\n{% if dev %}\nRUN a\n{% endif %}';
    const dockerfile = parseDockerfile(text);
    expect(dockerfile.instructions.map(({ keyword }) => keyword)).toEqual(['FROM', '{%', 'RUN', '{%']);
    expect(dockerfile.problems.filter(({ code }) => code === 'unknown-instruction')).toHaveLength(2);
  });
});
