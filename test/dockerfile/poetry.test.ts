import { describe, expect, it } from 'vitest';
import {
  installArguments,
  knowsNoDirectory,
  needsPip,
  POETRY_RELEASES,
  poetryRequirements,
  pythonsOf,
} from '../../src/dockerfile/poetry.ts';
import { facts } from './write/facts.ts';

describe('installing Poetry', () => {
  it.each([
    ['1.0.10', ['poetry==1.0.10', 'virtualenv<20.31']],
    ['1.1.13', ['poetry==1.1.13', 'virtualenv<20.31', 'setuptools<71', 'poetry-core<1.1']],
    ['1.1.15', ['poetry==1.1.15', 'virtualenv<20.31', 'setuptools<71']],
    ['1.4.2', ['poetry==1.4.2', 'virtualenv<20.31']],
    ['2.1.4', ['poetry==2.1.4', 'virtualenv<20.33']],
    ['2.5.1', ['poetry==2.5.1']],
  ])('%s needs what it needs today', (poetry, pins) => {
    expect(poetryRequirements(poetry)).toEqual(pins);
    expect(poetryRequirements(poetry, ['plugin>=1'])).toEqual([...pins, 'plugin>=1']);
  });

  it.each([
    ['1.0.10', 6, 13],
    ['1.1.15', 6, 11],
    ['1.2.2', 7, 13],
    ['1.8.5', 8, 13],
    ['2.1.4', 9, 13],
    ['2.2.1', 9, Number.POSITIVE_INFINITY],
    ['2.5.1', 10, Number.POSITIVE_INFINITY],
  ])('%s runs on Python 3.%d to 3.%d', (poetry, first, last) => {
    expect(pythonsOf(poetry)).toEqual([first, last]);
  });

  it('knows when flags came', () => {
    expect(POETRY_RELEASES.filter(knowsNoDirectory)[0]).toBe('1.5.1');
    expect(POETRY_RELEASES.filter(needsPip)).toEqual(['1.0.10', '1.1.15']);
  });
});

describe('the arguments of an install', () => {
  const none = { only: [], with: [], without: [] };

  it.each([
    ['1.1.15', none, ['--no-dev']],
    ['1.1.15', { ...none, only: ['main', 'dev'] }, []],
    ['1.1.15', { ...none, without: ['dev'] }, ['--no-dev']],
    ['1.1.15', { ...none, with: ['dev'] }, []],
    ['1.2.2', none, ['--only', 'main']],
    ['2.5.1', { ...none, only: ['web'] }, ['--only', 'web']],
    ['2.5.1', { ...none, with: ['web'], without: ['dev'] }, ['--with', 'web', '--without', 'dev']],
  ])('of Poetry %s for %j', (version, selection, words) => {
    const given = facts({ poetry: { version }, selection });
    expect(installArguments(given, { root: true })).toEqual(words);
    expect(installArguments(given, { root: false, directories: 'later' })).toEqual([
      ...words,
      '--no-root',
      '--no-directory',
    ]);
  });

  it('say it as the article does where there is something to leave out', () => {
    expect(installArguments(facts(), { root: true, withoutDevelopment: true })).toEqual(['--without', 'dev']);
    expect(installArguments(facts({ development: [] }), { root: true, withoutDevelopment: true })).toEqual([
      '--only',
      'main',
    ]);
    expect(installArguments(facts({ extras: ['a', 'b'] }), { root: true })).toEqual([
      '--only',
      'main',
      '--extras',
      'a',
      '--extras',
      'b',
    ]);
  });
});
