import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectProgram, runProgram } from '../../../src/engines/builders/process.ts';
import { listen } from '../../support/builder-request.ts';
import { codeOf, scratch } from '../../support/images.ts';

/** A shell script as a program. */
function script(text: string): string {
  const path = join(scratch(), 'program');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('running a program', () => {
  it('gives its status and what it said, secrets taken out', async () => {
    const { context } = listen();
    const ran = await runProgram(script('echo one; echo "two hush-hush" >&2; exit 3'), [], context);
    expect(ran).toEqual({ status: 3, stdout: 'one\n', stderr: 'two ***\n' });
  });

  it('gives lines of both streams as they come, the last one without an end too', async () => {
    const lines: string[] = [];
    const { context } = listen();
    const program = script('printf "a\\r\\nb" ; printf "c\\nd" >&2');
    await runProgram(program, [], context, { line: (text) => lines.push(text) });
    expect(lines.sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('passes arguments and variables as they are', async () => {
    const { context } = listen({ PATH: process.env['PATH'], A: '1', B: '2' });
    const ran = await runProgram(script('echo "$1|$A|$B|$C"'), ['$x "y"'], context, {
      variables: { B: undefined, C: '3' },
    });
    expect(ran?.stdout).toBe('$x "y"|1||3\n');
  });

  it('tells a program that is not there from one that fails', async () => {
    const { context } = listen();
    expect(await runProgram('/no/such/program', [], context)).toBeUndefined();
    expect(await codeOf(() => expectProgram('do', '/no/such/program', [], context))).toBe('ENGINE_FAILED');
    await expect(expectProgram('save', script('echo why >&2; exit 1'), [], context)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      causes: ['why'],
    });
  });

  it('ends a program and its children when it is told to', async () => {
    const { context, controller } = listen();
    const mark = join(scratch(), 'mark');
    const program = script(`(sleep 2; touch ${mark}) & sleep 30`);
    const running = runProgram(program, [], context);
    await sleep(300);
    controller.abort();
    expect(await codeOf(() => running)).toBe('INTERRUPTED');
    await sleep(2200);
    expect(existsSync(mark)).toBe(false);
    expect(await runProgram(script('echo still'), [], context, { despiteSignal: true })).toMatchObject({
      status: 0,
    });
  });

  it('ends what has left its group too', async () => {
    const { context, controller } = listen();
    const mark = join(scratch(), 'mark');
    const running = runProgram(script(`setsid sh -c 'sleep 2; touch ${mark}' & sleep 30`), [], context);
    await sleep(500);
    controller.abort();
    expect(await codeOf(() => running)).toBe('INTERRUPTED');
    await sleep(2200);
    expect(existsSync(mark)).toBe(false);
  });

  it('does not wait for ever', async () => {
    const { context } = listen();
    expect((await runProgram(script('sleep 30'), [], context, { limit: 200 }))?.status).not.toBe(0);
  });
});
