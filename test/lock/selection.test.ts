import { describe, expect, it } from 'vitest';
import { behaviourOf, defaultMode, followedPoetry } from '../../src/lock/behaviour.ts';
import { haveOracles, loadProject, lockNames } from './oracles.ts';
import { actualAnswer, expectedAnswer, loadOracle } from './selection.ts';

// What six Poetrys answered for 24 real locks: packages, sources, files and refusals. Those of the Poetry that stands for
// the lock's writer are what bivy promises; the others hold its rules against real programs.
describe.skipIf(!haveOracles)('oracles/selection', () => {
  it.each(lockNames())('%s', (name) => {
    const oracle = loadOracle(name);
    const wrong = oracle.cases
      .map((entry) => ({
        ...entry.case,
        expected: expectedAnswer(oracle, entry),
        actual: actualAnswer(name, oracle, entry),
      }))
      .filter(({ expected, actual }) => expected.join('\n') !== actual.join('\n'))
      .map(({ expected, actual, ...question }) => ({
        ...question,
        missing: expected.filter((line) => !actual.includes(line)),
        surplus: actual.filter((line) => !expected.includes(line)),
      }));
    expect(wrong).toEqual([]);
  });

  it.each(lockNames())('%s is followed as its writer', (name) => {
    const { project, lock } = loadProject(name);
    const { follows } = loadOracle(name);
    const followed = followedPoetry(lock, project);
    expect(followed).toBe(follows.poetry);
    expect(defaultMode(lock, behaviourOf(followed))).toBe(follows.mode === 'lock' ? 'lock-markers' : 'walk');
  });
});
