// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the shell
import { describe, expect, test } from 'vitest';
import { readRun, shellKind } from '../../../src/dockerfile/shell/run.ts';
import { placeOf } from '../../../src/dockerfile/shell/source.ts';
import { parseDockerfile } from '../../../src/dockerfile/syntax/parse.ts';
import { commandLine, invocationsOf } from './support.ts';

function readFirst(instruction: string): {
  readonly text: string;
  readonly script: ReturnType<typeof readRun>;
} {
  const text = `FROM x\n${instruction}`;
  const run = parseDockerfile(text).instructions[1];
  if (run === undefined) throw new Error('no instruction');
  return { text, script: readRun(text, run, new Map([['V', '1']])) };
}

const TABLE: readonly (readonly [name: string, text: string, commands: readonly string[]])[] = [
  ['a continued line', 'RUN a \\\n  && b \\\n  # why\n\n  --c', ['start a', '&& b --c']],
  ['a comment of the shell takes the rest', 'RUN a \\\n && b # why \\\n && c', ['start a', '&& b']],
  ['a word over two lines', 'RUN poetry ins\\\ntall', ['start poetry install']],
  ['quotes over lines', 'RUN a "b \\\n  # gone\n c"', ['start a <b  c>']],
  ['exec form', 'RUN ["poetry", "install", "a b", "$V"]', ['start poetry install <a b> $V']],
  ['a body as script', 'RUN <<EOF\nset -e\npoetry install # x\nEOF', ['start set -e', '; poetry install']],
  ['a body with options before it', 'RUN --mount=type=cache,target=/x <<EOF\na\nEOF', ['start a']],
  ['a body without tabs', 'RUN <<-EOF\n\ta\n\t\tb\n\tEOF', ['start a', '; b']],
  ['a body with a shell named', 'RUN <<EOF\n#!/usr/bin/env bash\na $V\nEOF', ['start a 1']],
  ['a body within a body', 'RUN <<EOF\ncat <<X > f\nb\nX\nc\nEOF', ['start cat {<< b\n} {> f}', '; c']],
  ['a body to a program', 'RUN python <<EOF\nprint(1)\nEOF', ['start python {<< print(1)\n}']],
  ['a body to a file', "RUN cat <<'E' > f && a\nx $V\nE", ['start cat {<< x $V\n} {> f}', '&& a']],
  ['two bodies', 'RUN a <<A && b <<B\nx\nA\ny\nB', ['start a {<< x\n}', '&& b {<< y\n}']],
  ['what is triggered', 'ONBUILD RUN a && b', ['start a', '&& b']],
  ['CRLF', 'RUN a \\\r\n && b\r\n', ['start a', '&& b']],
  ['CRLF in a body', 'RUN <<EOF\r\na\r\nb\r\nEOF\r\n', ['start a', '; b']],
];

describe('an instruction as a script', () => {
  for (const [name, instruction, commands] of TABLE) {
    test(name, () => {
      const { script } = readFirst(instruction);
      expect(script.commands.map(commandLine)).toEqual(commands);
      expect(script.unread).toEqual([]);
    });
  }

  test('a body for another interpreter is the input of a command', () => {
    const { text, script } = readFirst('RUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n');
    expect(script.commands).toHaveLength(1);
    expect(script.commands[0]?.input).toBe('#!/usr/bin/env python3\nprint(1)\n');
    const [python] = invocationsOf(script);
    expect(python?.program).toBe('python');
    expect(text.slice(python?.word.span.start, python?.word.span.end)).toBe('python3');
  });

  test('spans over continued lines', () => {
    const { text, script } = readFirst('RUN a \\\n  && poetry ins\\\ntall \\\n # x\n --no-dev\\\n && c');
    const { words, span } = script.commands[1]!;
    expect(words.map((word) => text.slice(word.span.start, word.span.end))).toEqual([
      'poetry',
      'ins\\\ntall',
      '--no-dev',
    ]);
    expect(text.slice(span.start, span.end)).toBe('poetry ins\\\ntall \\\n # x\n --no-dev');
  });

  test('places in the exec form', () => {
    const { text, script } = readFirst('CMD ["sh", "-c", "poetry install \\"a\\" && \\u0062"]');
    const inner = invocationsOf(script).slice(1);
    expect(inner.map(({ command: { span } }) => text.slice(span.start, span.end))).toEqual([
      'poetry install \\"a\\"',
      '\\u0062',
    ]);
    const word = inner[0]!.word;
    expect(placeOf(word, 6, 6)?.end).toBe(text.indexOf('poetry') + 6);
  });
});

test.each([
  [[], 'sh'],
  [['/bin/bash', '-o', 'pipefail', '-c'], 'bash'],
  [['/bin/sh', '-exc'], 'sh'],
  [['conda', 'run', '-n', 'x', '/bin/bash', '-c'], 'bash'],
  [['powershell', '-Command'], 'powershell'],
  [['C:\\Windows\\System32\\cmd.exe', '/S', '/C'], 'cmd'],
  [['python', '-c'], 'other'],
] as const)('the shell of %j is %s', (words, kind) => {
  expect(shellKind(words)).toBe(kind);
});
