// Constraints on plain strings, which markers other than versions are (poetry-core, `constraints/generic/parser.py`).

import type { PoetryCore } from './scheme.ts';

export interface Word {
  readonly operator: '==' | '!=' | 'in' | 'not in';
  readonly value: string;
}

/** Alternatives of conditions that must all hold. */
export type Words = readonly (readonly Word[])[];

const ALTERNATIVES = /\s*\|\|?\s*/;
const CONJUNCTS = /\s*,\s*/;
const EARLY_CONJUNCTS = /(?<!^)(?<![=>< ,]) *(?<!-)[, ](?!-) *(?!,|$)/;
const COMPARISON = /^(!=|={1,3})?\s*(\S+?)\s*$/;
const EARLY_COMPARISON = /^(!?==?)?\s*(\S+?)\s*$/;
const CONTAINMENT = /^(['"])(.+?)\1\s*(not\sin|in)$/i;

/** Longer than any value; keeps the patterns, which are quadratic at worst, quick on hostile ones. */
const LONGEST = 4096;

/** The conditions that `text` writes, or nothing where that poetry-core refuses it. */
export function parseWords(text: string, core: PoetryCore): Words | undefined {
  if (text === '*') return [[]];
  if (text.length > LONGEST) return undefined;
  const modern = core === '2.2' || core === '2.4';
  const alternatives: Word[][] = [];
  for (const alternative of text.trim().split(ALTERNATIVES)) {
    const words = alternative
      .split(modern ? CONJUNCTS : EARLY_CONJUNCTS)
      .map((part) => parseWord(part, modern));
    if (words.includes(undefined)) return undefined;
    alternatives.push(words as Word[]);
  }
  return alternatives;
}

function parseWord(text: string, modern: boolean): Word | undefined {
  if (modern) {
    const contained = CONTAINMENT.exec(text);
    if (contained !== null) {
      const operator = contained[3] as Word['operator'];
      return { operator, value: contained[2]!.trim() };
    }
  }
  const match = (modern ? COMPARISON : EARLY_COMPARISON).exec(text);
  // `!==` matches the old pattern, but means nothing.
  if (match === null || match[1] === '!==') return undefined;
  return { operator: match[1] === '!=' ? '!=' : '==', value: match[2]! };
}

/** The one string that `words` consist of, as an environment's values do. */
export function soleWord(words: Words | undefined): string | undefined {
  const word = words?.length === 1 && words[0]!.length === 1 ? words[0]![0]! : undefined;
  return word?.operator === '==' ? word.value : undefined;
}

/** Whether no string at all satisfies them, as when one is to equal two words. */
export function isNever(words: Words): boolean {
  return words.every((all) => new Set(all.flatMap(equalTo)).size > 1);
}

function equalTo({ operator, value }: Word): readonly string[] {
  return operator === '==' ? [value] : [];
}

export function wordsAllow(words: Words, value: string): boolean {
  return words.some((all) => all.every((word) => wordAllows(word, value)));
}

function wordAllows(word: Word, value: string): boolean {
  switch (word.operator) {
    case '==':
      return value === word.value;
    case '!=':
      return value !== word.value;
    case 'in':
      return value.includes(word.value);
    case 'not in':
      return !value.includes(word.value);
  }
}
