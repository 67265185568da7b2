// Answers that hold for one build: a registry client is opened for each, and what was asked through it is asked once.

import type { Registry } from './registry.ts';

/** @returns the answer to a key, from who asked first; a failure is one, too */
export type Once<T> = (registry: Registry, key: string, ask: () => Promise<T>) => Promise<T>;

export function onceInBuild<T>(): Once<T> {
  const known = new WeakMap<Registry, Map<string, Promise<T>>>();
  return (registry, key, ask) => {
    const answers = known.get(registry) ?? new Map<string, Promise<T>>();
    known.set(registry, answers);
    const answer = answers.get(key) ?? ask();
    answers.set(key, answer);
    return answer;
  };
}
