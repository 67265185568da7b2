// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the shell
import { describe, expect, test } from 'vitest';
import type { Invocation } from '../../../src/dockerfile/shell/programs.ts';
import { invocationsOf, read, wordText } from './support.ts';

/** `through>through>program arguments`, with the environment before it. */
function line({ program, arguments: words, through, environment }: Invocation): string {
  const variables = environment.map(({ name, value }) => `${name}=${wordText(value)} `).join('');
  return `${variables}${[...through, program ?? '?'].join('>')}${words.map((word) => ` ${wordText(word)}`).join('')}`;
}

const TABLE: readonly (readonly [text: string, invocations: readonly string[]])[] = [
  ['poetry install', ['poetry install']],
  ['/opt/poetry/bin/poetry install', ['poetry install']],
  ['$POETRY_HOME/bin/poetry install', ['poetry install']],
  ['${VENV}/bin/pip3.11 install x', ['pip install x']],
  ['$PIP install x', ['? install x']],
  ['python$V -m pip install x', ['python>pip install x']],
  ['python3.11 -m pip install poetry', ['python>pip install poetry']],
  ['python -Im pip install x', ['python>pip install x']],
  ['python -W ignore -mpip install x', ['python>pip install x']],
  ['python -m poetry install', ['python>poetry install']],
  ['python -m venv /venv', ['python>venv /venv']],
  ['python -c "import x"', ['python -c <import x>']],
  ['python manage.py -m x', ['python manage.py -m x']],
  ['X=1 poetry install', ['X=1 poetry install']],
  ['A=0 env -u C X=1 Y="a b" poetry install', ['A=0 X=1 Y=<a b> env>poetry install']],
  ['env A.B-C=1 poetry install', ['A.B-C=1 env>poetry install']],
  ['sudo -u app -E X=1 poetry install', ['X=1 sudo>poetry install']],
  ['exec timeout -s KILL 60 nice -n 5 poetry install', ['exec>timeout>nice>poetry install']],
  ['command -v poetry', ['command -v poetry']],
  ['command poetry install', ['command>poetry install']],
  ['cat x | xargs -n 1 poetry add', ['cat x', 'xargs>poetry add']],
  ['uv pip install poetry', ['uv>pip install poetry']],
  ['uv sync', ['uv sync']],
  ['pipx run poetry==1.8.3 install', ['pipx run poetry==1.8.3 install', 'pipx>poetry install']],
  [
    'pipx run --spec poetry==1.8.3 poetry install',
    ['pipx run --spec poetry==1.8.3 poetry install', 'pipx>poetry install'],
  ],
  ['uvx --with x poetry@$V lock', ['uvx --with x poetry@_ lock', 'uvx>poetry lock']],
  ['uv tool run poetry lock', ['uv tool run poetry lock', 'uv>poetry lock']],
  ['poetry -C x run pip install y', ['poetry -C x run pip install y', 'poetry>pip install y']],
  ['conda run -n e poetry install', ['conda run -n e poetry install', 'conda>poetry install']],
  ['. venv/bin/activate && source x', ['. venv/bin/activate', 'source x']],
  [
    "bash -c 'set -e; poetry install && X=1 pip install y'",
    [
      'bash -c <set -e; poetry install && X=1 pip install y>',
      'bash>set -e',
      'bash>poetry install',
      'X=1 bash>pip install y',
    ],
  ],
  [
    '/bin/bash -euxo pipefail -c "pip install x"',
    ['bash -euxo pipefail -c <pip install x>', 'bash>pip install x'],
  ],
  ['bash -o pipefail -lc "a"', ['bash -o pipefail -lc a', 'bash>a']],
  ['sudo -u app sh -lc "poetry install"', ['sudo>sh -lc <poetry install>', 'sudo>sh>poetry install']],
  ['su - app -c "poetry install"', ['su - app -c <poetry install>', 'su>poetry install']],
  ['runuser -u app -- poetry install', ['runuser>poetry install']],
  ['eval "poetry install"', ['eval <poetry install>', 'eval>poetry install']],
  ['sh script.sh -c x', ['sh script.sh -c x']],
  ['sh <<E\npoetry install\nE\n', ['sh', 'sh>poetry install']],
  ["bash -s -- a <<'E'\npoetry install\nE\n", ['bash -s -- a', 'bash>poetry install']],
  ["X=1 sh -c 'a $X ${X:-2} $Y'", ['X=1 sh -c <a $X ${X:-2} $Y>', 'X=1 sh>a 1 1 _']],
  [
    `sh -c "sh -c 'sh -c a'"`,
    [`sh -c <sh -c 'sh -c a'>`, 'sh>sh -c <sh -c a>', 'sh>sh>sh -c a', 'sh>sh>sh>a'],
  ],
];

describe('programs of a script', () => {
  for (const [text, expected] of TABLE) {
    test(JSON.stringify(text), () => {
      const variables = new Map([['V', '1']]);
      expect(invocationsOf(read(text), variables).map(line)).toEqual(expected);
    });
  }

  test('an inner script has the spans of the file', () => {
    const text = `su app -c "poetry install \\"--no-dev\\" && rm -rf \\$HOME/.cache"`;
    const inner = invocationsOf(read(text)).slice(1);
    expect(inner.map(({ command: { span } }) => text.slice(span.start, span.end))).toEqual([
      'poetry install \\"--no-dev\\"',
      'rm -rf \\$HOME/.cache',
    ]);
  });

  test('an inner script is joined, and may not run, as the outer one', () => {
    const [, inner] = invocationsOf(read('if a; then b || sh -c "c"; fi')).slice(2);
    expect(inner?.command).toMatchObject({ joined: '||', conditional: true, branch: 0 });
  });

  test('a script that holds itself ends', () => {
    const variables = new Map([['A', 'sh -c "$A"; sh -c "$A"']]);
    const script = read('sh -c "$A"', Object.fromEntries(variables));
    expect(invocationsOf(script, variables).length).toBeLessThan(5000);
  });

  test('wrappers without end end', () => {
    expect(invocationsOf(read('env '.repeat(1000))).length).toBe(1);
  });
});
