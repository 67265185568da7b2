// `poetry export`: a plugin since Poetry 2, and worth its hashes.

import type { Reading } from '../../reading/reading.ts';
import { arrivalsOf, isAtLeast, poetryCalls } from '../../reading/versions.ts';
import type { Fix } from '../finding.ts';
import { insertAfter, offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { LintInput, Rule } from '../rule.ts';
import { removeWords, viewOf } from '../view.ts';

const PLUGINS: ReadonlyMap<string, string> = new Map([
  ['export', 'poetry-plugin-export'],
  ['shell', 'poetry-plugin-shell'],
]);

export const EXPORT_PLUGIN: Rule = {
  id: 'BV202',
  technique: null,
  severity: 'error',
  title: 'what Poetry 2 leaves to plugins has its plugin',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    for (const { verb, version, home } of poetryCalls(input.reading)) {
      const plugin = PLUGINS.get(verb.pattern);
      if (plugin === undefined || !isAtLeast(version, 2, 0) || hasPlugin(input, plugin)) continue;
      const message = `${version?.name} has no \`poetry ${verb.pattern}\`: since 2.0 it is a plugin, \`${plugin}\``;
      yield { message, span: verb.span, ...addPlugin(view, input.reading, home, plugin) };
    }
  },
};

export const EXPORT_HASHES: Rule = {
  id: 'BV206',
  technique: null,
  severity: 'info',
  title: 'an export keeps the hashes of the lock',
  fixes: ['unsafe'],
  *check(input) {
    // pip takes no hashes where one of the requirements is a directory or a repository.
    if (input.project !== undefined && input.project.paths.length > 0) return;
    const view = viewOf(input);
    for (const { verb, args, call } of poetryCalls(input.reading)) {
      if (verb.pattern !== 'export') continue;
      const option = args.options.find(({ name }) => name === '--without-hashes');
      if (option === undefined) continue;
      const message =
        '`--without-hashes` throws the hashes of the lock away: pip installs whatever the index gives under that version';
      const edits = [removeWords(view, call, option.word)];
      yield { message, span: option.word.span, ...offer(view, 'keep the hashes', 'unsafe', edits) };
    }
  },
};

/** Some line names the plugin, a requirements file may, or Poetry installs it because the project wants it. */
function hasPlugin({ reading, project }: LintInput, plugin: string): boolean {
  if (project?.requiredPlugins.some((name) => name.toLowerCase().replace(/[-_.]+/g, '-') === plugin))
    return true;
  return reading.contributors.some(
    ({ calls, arrivals }) =>
      calls.some(
        ({ program, args }) =>
          args.some(({ pattern }) => pattern.includes(plugin) || /poetry-plugin-\0|^\0/.test(pattern)) ||
          (program === 'poetry' && args.some(({ pattern }) => /poetry-plugin-bundle/.test(pattern))),
      ) ||
      arrivals.some(
        ({ tool, method }) => tool === 'poetry' && (method === 'requirements' || method === 'base'),
      ),
  );
}

function addPlugin(
  view: View,
  reading: Reading,
  home: Parameters<typeof arrivalsOf>[1],
  plugin: string,
): { readonly fix?: Fix } {
  const [arrival, ...others] = arrivalsOf(reading, home);
  if (arrival?.method !== 'pip' || arrival.call === undefined || arrival.word === undefined) return {};
  if (others.length > 0) return {};
  const edit = insertAfter(view, arrival.call, arrival.word, [plugin]);
  return offer(view, `install \`${plugin}\` beside Poetry`, 'safe', [edit]);
}
