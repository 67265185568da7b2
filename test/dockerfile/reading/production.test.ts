import { describe, expect, it } from 'vitest';
import { readGraph } from '../../../src/dockerfile/reading/reading.ts';
import { parseDockerfile } from '../../../src/dockerfile/syntax/parse.ts';
import { graphStages } from '../../../src/dockerfile/syntax/stages.ts';

/** `name<parent` for each stage; a `!` behind it: it starts something. */
function production(...stages: readonly string[]): string | undefined {
  const text = stages
    .map((stage) => {
      const [, name, parent = 'python', starts] = /^(\w[\w-]*)(?:<(\w[\w-]*))?(!)?$/.exec(stage) ?? [];
      return `FROM ${parent} AS ${name}\n${starts === undefined ? '' : 'CMD ["x"]\n'}`;
    })
    .join('');
  return readGraph(graphStages(parseDockerfile(text))).production?.stage.name;
}

describe('the stage meant for production', () => {
  it.each<readonly [string, readonly string[]]>([
    ['c', ['a', 'b', 'c']],
    ['production', ['build', 'production', 'local<production']],
    ['prod', ['base', 'prod', 'test', 'dev']],
    ['runtime', ['builder', 'runtime', 'builder-dev', 'runtime-dev<runtime']],
    [
      'main-image',
      ['production-environment', 'main-image<production-environment', 'dev-env', 'tasks<dev-env'],
    ],
    ['integration-tests', ['builder', 'prod-deps', 'integration-tests']],
    ['dev', ['base', 'dev<base']],
    ['base', ['base!', 'dev<base']],
    ['final', ['dev', 'final']],
    ['shop', ['build', 'shop!', 'shop-smoke<shop', 'shop-test']],
  ])('is %s of %j', (expected, stages) => {
    expect(production(...stages)).toBe(expected);
  });

  it('is none where there is no stage', () => {
    expect(readGraph(graphStages(parseDockerfile(''))).production).toBeUndefined();
  });
});
