// Options and commands of Poetry that the Poetry that is there does not have: gone, not there yet, or on their way out.

import { isAtLeast, isBelow, poetryCalls, type VersionedCall } from '../../reading/versions.ts';
import type { ShellWord } from '../../shell/ast.ts';
import { placeOf } from '../../shell/source.ts';
import type { Edit, Fix } from '../finding.ts';
import { insertAfter, offer, replaceWord } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { Rule } from '../rule.ts';
import { removeWords, viewOf } from '../view.ts';

type Series = readonly [major: number, minor: number];

/** Commands that install, which share most options. */
const INSTALLING = /^(?:install|update|sync)$/;

interface Lifetime {
  readonly verbs: RegExp;
  readonly names: readonly string[];
  /** The first series that has it. */
  readonly since?: Series;
  /** The first series that does not have it any more. */
  readonly until?: Series;
}

/** Seen with Poetry 1.1.15, 1.2.2, 1.5.1, 1.8.5, 2.0.1 and 2.5.1; where the series between differ, its changelog. */
const OPTIONS: readonly Lifetime[] = [
  { verbs: INSTALLING, names: ['--no-dev'], until: [2, 0] },
  { verbs: /^show$/, names: ['--no-dev'], until: [2, 0] },
  { verbs: /^install$/, names: ['--remove-untracked'], until: [2, 0] },
  { verbs: /^lock$/, names: ['--no-update', '--check'], until: [2, 0] },
  { verbs: INSTALLING, names: ['--only', '--with', '--without'], since: [1, 2] },
  { verbs: /^install$/, names: ['--sync', '--all-extras', '--only-root'], since: [1, 2] },
  { verbs: INSTALLING, names: ['--no-cache'], since: [1, 2] },
  { verbs: /^(?:install|sync)$/, names: ['--compile'], since: [1, 4] },
  { verbs: /^(?:install|sync)$/, names: ['--no-directory'], since: [1, 5] },
  { verbs: INSTALLING, names: ['--all-groups'], since: [2, 0] },
  { verbs: /./, names: ['-P', '--project'], since: [2, 0] },
];

const COMMANDS: readonly Lifetime[] = [{ verbs: /^sync$/, names: [], since: [2, 0] }];

export const REMOVED_OPTION: Rule = {
  id: 'BV201',
  technique: null,
  severity: 'error',
  title: 'options are ones that the installed Poetry still has',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    for (const call of poetryCalls(input.reading)) {
      for (const { name, word } of call.args.options) {
        const life = lifetimeOf(OPTIONS, call, name);
        const until = life?.until;
        if (until === undefined || !isAtLeast(call.version, ...until)) continue;
        const message = `${call.version?.name} does not know \`${name}\`, which was removed in ${until.join('.')}: ${instead(name)}`;
        yield { message, span: word.span, ...successor(view, call, name, word) };
      }
    }
  },
};

export const NEWER_OPTION: Rule = {
  id: 'BV203',
  technique: null,
  severity: 'error',
  title: 'options are ones that the installed Poetry already has',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    for (const call of poetryCalls(input.reading)) {
      const young = (life: Lifetime | undefined): Series | undefined =>
        life?.since !== undefined && isBelow(call.version, ...life.since) ? life.since : undefined;
      const verb = young(lifetimeOf(COMMANDS, call, undefined));
      if (verb !== undefined) {
        const message = `${call.version?.name} has no \`poetry ${call.verb.pattern}\`, which came with ${verb.join('.')}`;
        yield { message, span: call.verb.span, ...olderVerb(view, call) };
        continue;
      }
      for (const { name, word } of call.args.options) {
        const since = young(lifetimeOf(OPTIONS, call, name));
        if (since === undefined) continue;
        const message = `${call.version?.name} does not know \`${name}\`, which came with ${since.join('.')}`;
        yield { message, span: word.span, ...olderOption(view, call, name) };
      }
    }
  },
};

export const DEPRECATED_OPTION: Rule = {
  id: 'BV204',
  technique: null,
  severity: 'info',
  title: 'options are not ones that Poetry is about to remove',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    for (const call of poetryCalls(input.reading)) {
      const { version, verb } = call;
      for (const { name, word } of call.args.options) {
        const gone = lifetimeOf(OPTIONS, call, name)?.until !== undefined && verb.pattern !== 'lock';
        if (gone && isAtLeast(version, 1, 2) && isBelow(version, 2, 0)) {
          const message = `\`${name}\` is deprecated since Poetry 1.2 and gone in 2.0: ${instead(name)}`;
          yield { message, span: word.span, ...successor(view, call, name, word) };
        } else if (name === '--sync' && verb.pattern === 'install' && isAtLeast(version, 2, 0)) {
          const message = '`install --sync` is deprecated since Poetry 2.0: say `poetry sync`';
          const place = placeOf(verb, 0, verb.pattern.length);
          const edits = [place && { span: place, text: 'sync' }, removeWords(view, call.call, word)];
          yield { message, span: word.span, ...offer(view, 'say `poetry sync`', 'safe', edits) };
        }
      }
    }
  },
};

function lifetimeOf(
  table: readonly Lifetime[],
  { verb }: VersionedCall,
  name: string | undefined,
): Lifetime | undefined {
  return table.find(
    ({ verbs, names }) => verbs.test(verb.pattern) && (name === undefined || names.includes(name)),
  );
}

function instead(name: string): string {
  if (name === '--no-dev') return 'say `--only main`';
  if (name === '--remove-untracked') return 'say `poetry sync`, or `--sync` before 2.0';
  if (name === '--check') return 'say `poetry check --lock`';
  return 'locking leaves versions alone now, unless told `--regenerate`';
}

/** What means the same to every Poetry from 1.2 on. */
function successor(view: View, call: VersionedCall, name: string, word: ShellWord): { readonly fix?: Fix } {
  if (name === '--no-dev') {
    const chosen = call.args.options.some(({ name: other }) => /^--(?:only|with|without)$/.test(other));
    const edit = chosen
      ? removeWords(view, call.call, word)
      : replaceBy(view, call, word, ['--only', 'main']);
    return offer(view, 'say `--only main`', 'safe', [edit]);
  }
  if (name === '--no-update')
    return offer(view, 'leave `--no-update` out', 'safe', [removeWords(view, call.call, word)]);
  if (name === '--check') {
    const { verb } = call;
    const place = placeOf(verb, 0, verb.pattern.length);
    const edits = [place && { span: place, text: 'check' }, replaceWord(word, '--lock')];
    return offer(view, 'say `poetry check --lock`', 'safe', edits);
  }
  return offer(view, 'say `--sync`', 'safe', [replaceWord(word, '--sync')]);
}

/** `--only main`, as one word or as two, where the old word stood. */
function replaceBy(
  view: View,
  { call }: VersionedCall,
  word: ShellWord,
  words: readonly string[],
): Edit | undefined {
  const place = placeOf(word, 0, word.pattern.length);
  if (place === undefined) return undefined;
  const separator =
    call.step.instruction.form === 'exec' && view.input.dockerfile.text[place.start - 1] === '"'
      ? '", "'
      : ' ';
  return { span: place, text: words.join(separator) };
}

/** `--no-dev` where the groups that are chosen are main alone. */
function olderOption(view: View, call: VersionedCall, name: string): { readonly fix?: Fix } {
  if (!isBelow(call.version, 1, 2) || (name !== '--only' && name !== '--without')) return {};
  const choices = call.args.options.filter((option) => /^--(?:only|with|without|no-dev)$/.test(option.name));
  const [choice] = choices;
  const wanted = name === '--only' ? 'main' : 'dev';
  if (choice === undefined || choices.length > 1 || choice.value !== wanted || choice.valueWord === undefined)
    return {};
  const { word, valueWord } = choice;
  const removal = removeWords(view, call.call, word, valueWord);
  const before = call.call.command.words[call.call.command.words.indexOf(word) - 1];
  if (removal === undefined || before === undefined) return {};
  const added = insertAfter(view, call.call, before, ['--no-dev']);
  if (added === undefined) return {};
  return offer(view, 'say `--no-dev`', 'safe', [{ span: removal.span, text: added.text }]);
}

function olderVerb(view: View, call: VersionedCall): { readonly fix?: Fix } {
  if (!isAtLeast(call.version, 1, 2)) return {};
  const place = placeOf(call.verb, 0, call.verb.pattern.length);
  const added = insertAfter(view, call.call, call.verb, ['--sync']);
  if (place === undefined || added === undefined) return {};
  return offer(view, 'say `install --sync`', 'safe', [{ span: place, text: 'install' }, added]);
}
