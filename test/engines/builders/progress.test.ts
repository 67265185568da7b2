import { describe, expect, it } from 'vitest';
import { plainProgress } from '../../../src/engines/builders/plain-progress.ts';
import type { Progress } from '../../../src/engines/builders/progress.ts';
import { solveProgress } from '../../../src/engines/builders/solve-progress.ts';
import { stageProgress } from '../../../src/engines/builders/stage-progress.ts';
import type { Event } from '../../../src/kernel/events.ts';
import { listen } from '../../support/builder-request.ts';

function hear(open: (voice: ReturnType<typeof listen>['context']) => Progress, text: string) {
  const { events, context } = listen();
  const progress = open(context);
  for (const line of text.split('\n')) progress.line(line);
  return { said: events.map(brief), failure: progress.failure() };
}

function brief(event: Event): string {
  if (event.type === 'step') {
    return `${event.state} ${event.name}${event.seconds === undefined ? '' : ` ${event.seconds}`}`;
  }
  if (event.type === 'step-output') return `| ${event.text}`;
  return event.type === 'note' ? `note ${event.message}` : event.type;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('rawjson of BuildKit', () => {
  const a = { digest: 'sha256:a', name: '[1/2] FROM x' };
  const b = { digest: 'sha256:b', name: '[2/2] RUN false' };
  const at = (seconds: number): string => `2026-01-01T00:00:0${seconds}.5Z`;
  const lines = [
    { vertexes: [a] },
    { vertexes: [{ ...a, started: at(0), completed: at(0), cached: true }] },
    { vertexes: [{ ...a, started: at(0), completed: at(0), cached: true }] },
    { vertexes: [{ ...b, started: at(1) }] },
    { logs: [{ vertex: 'sha256:b', stream: 1, data: base64('one\ntw') }] },
    { logs: [{ vertex: 'sha256:b', stream: 2, data: base64('o hush-hush\n10%\r100%\nlast') }] },
    { warnings: [{ vertex: 'sha256:b', short: base64('JSON arguments recommended') }] },
    {
      vertexes: [{ ...b, started: at(1), completed: at(3), error: 'process did not complete: exit code: 1' }],
    },
  ].map((line) => JSON.stringify(line));
  const end = [
    'Dockerfile:2',
    '----',
    '   1 |     FROM x',
    '   2 | >>> RUN false',
    '----',
    'error: failed to solve: exit code: 1',
  ];

  it('steps, output by line, what failed and where', () => {
    const { said, failure } = hear(solveProgress, [...lines, ...end].join('\n'));
    expect(said).toEqual([
      'begun [1/2] FROM x',
      'cached [1/2] FROM x 0',
      'begun [2/2] RUN false',
      '| one',
      '| two ***',
      '| 100%',
      'note BuildKit: JSON arguments recommended',
      '| last',
      'failed [2/2] RUN false',
    ]);
    expect(failure).toEqual({
      step: '[2/2] RUN false',
      output: ['one', 'two ***', '100%', 'last'],
      reason: 'process did not complete: exit code: 1',
      line: 2,
    });
  });

  it('what failed first is the failure; what was cancelled for it is not', () => {
    const other = { digest: 'sha256:c', name: '[other 2/2] RUN sleep', started: at(1) };
    const cancelled = JSON.stringify({
      vertexes: [{ ...other, completed: at(3), error: 'context canceled' }],
    });
    const { failure } = hear(
      solveProgress,
      [JSON.stringify({ vertexes: [other] }), ...lines, cancelled].join('\n'),
    );
    expect(failure.step).toBe('[2/2] RUN false');
  });

  it.each([
    [
      'ERROR: failed to build: failed to solve: dockerfile parse error on line 3: unknown instruction: FOO',
      'dockerfile parse error on line 3: unknown instruction: FOO',
      3,
    ],
    [
      'failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: FOO',
      'dockerfile parse error line 2: unknown instruction: FOO',
      2,
    ],
    [
      'error: failed to dial "tcp://127.0.0.1:1": connection refused',
      'failed to dial "tcp://127.0.0.1:1": connection refused',
      undefined,
    ],
    ['{not json', '{not json', undefined],
    ['', '', undefined],
  ])('%s', (text, reason, line) => {
    const { failure } = hear(solveProgress, text);
    expect(failure).toEqual({ output: [], reason, ...(line === undefined ? {} : { line }) });
  });

  it('is not led astray by JSON of other shapes', () => {
    const text = [
      '{"vertexes":7}',
      '{"vertexes":[7,{"digest":1}],"logs":[{}],"warnings":[{"short":2}]}',
      '[]',
      '{}',
    ];
    expect(hear(solveProgress, text.join('\n')).said).toEqual([]);
  });
});

describe('plain progress', () => {
  const text = [
    '#1 [internal] load build definition from Dockerfile',
    '#1 sha256:e0df116e9e46bb7c1530306800a9a8a22b459a6bd85fb8c388b8bfcb69f51f53',
    '#1 transferring dockerfile: 175B done',
    '#1 DONE 0.1s',
    '',
    '#2 [builder 1/2] FROM x',
    '#2 CACHED',
    '#3 [builder 2/2] RUN echo a &&    false',
    '#3 0.159 a hush-hush',
    '#3 12.160 ',
    '#3 ERROR: executor failed running [/bin/sh -c echo a &&    false]: exit code: 1',
    '------',
    ' > [builder 2/2] RUN echo a &&    false:',
    '------',
    'executor failed running [/bin/sh -c echo a &&    false]: exit code: 1',
  ].join('\n');

  it('steps, output, what failed', () => {
    const { said, failure } = hear(plainProgress, text);
    expect(said).toEqual([
      'begun [internal] load build definition from Dockerfile',
      'done [internal] load build definition from Dockerfile 0.1',
      'begun [builder 1/2] FROM x',
      'cached [builder 1/2] FROM x',
      'begun [builder 2/2] RUN echo a &&    false',
      '| a ***',
      'failed [builder 2/2] RUN echo a &&    false',
    ]);
    expect(failure).toEqual({
      step: '[builder 2/2] RUN echo a &&    false',
      output: ['a ***'],
      reason: 'executor failed running [/bin/sh -c echo a &&    false]: exit code: 1',
    });
  });

  it('a step that is shown again is not another one', () => {
    const { said } = hear(
      plainProgress,
      '#1 [1/1] RUN a\n#2 [2/2] RUN b\n#1 [1/1] RUN a\n#1 DONE 1.0s\n#2 CANCELED',
    );
    expect(said).toEqual([
      'begun [1/1] RUN a',
      'begun [2/2] RUN b',
      'done [1/1] RUN a 1',
      'done [2/2] RUN b',
    ]);
  });
});

describe('what podman prints', () => {
  const text = [
    '[1/2] STEP 1/2: FROM x AS one',
    'Trying to pull x...',
    '[1/2] STEP 2/2: RUN echo a',
    'a',
    '--> Using cache 0123456789ab',
    '--> 0123456789a',
    '[2/2] STEP 1/1: RUN cat hush-hush',
    'hush-hush',
    'Error: building at STEP "RUN cat": while running runtime: exit status 1',
  ].join('\n');

  it('steps, output, what failed', () => {
    let now = 0;
    const { said, failure } = hear((voice) => stageProgress(voice, () => now++), text);
    expect(said).toEqual([
      'begun [1/2] STEP 1/2: FROM x AS one',
      '| Trying to pull x...',
      'done [1/2] STEP 1/2: FROM x AS one 1',
      'begun [1/2] STEP 2/2: RUN echo a',
      '| a',
      'cached [1/2] STEP 2/2: RUN echo a',
      'begun [2/2] STEP 1/1: RUN cat ***',
      '| ***',
      'failed [2/2] STEP 1/1: RUN cat ***',
    ]);
    expect(failure).toEqual({
      step: '[2/2] STEP 1/1: RUN cat ***',
      output: ['***'],
      reason: 'while running runtime: exit status 1',
    });
  });

  it('fails before any step', () => {
    const { failure } = hear(
      (voice) => stageProgress(voice, () => 0),
      'Error: context must be a directory: "/x"',
    );
    expect(failure).toEqual({ output: [], reason: 'context must be a directory: "/x"' });
  });
});
