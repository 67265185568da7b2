// Groups and extras that an install names, and the ones that the project has.

import { editDistance, nearest } from '../../../kernel/decode.ts';
import type { Option } from '../../reading/options.ts';
import { isBelow, poetryCalls, type VersionedCall } from '../../reading/versions.ts';
import { placeOf } from '../../shell/source.ts';
import type { Fix } from '../finding.ts';
import { offer } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

const TAKING_GROUPS = /^(?:install|sync|update|export|bundle|show)$/;

export const UNKNOWN_GROUP: Rule = {
  id: 'BV302',
  technique: null,
  severity: 'error',
  title: 'groups that an install names exist',
  fixes: ['unsafe'],
  *check(input) {
    const { project } = input;
    if (project === undefined) return;
    const view = viewOf(input);
    const known = new Set(['main', ...project.groups.map(({ name }) => name)]);
    for (const call of poetryCalls(input.reading)) {
      if (!TAKING_GROUPS.test(call.verb.pattern) || leavesProject(call)) continue;
      for (const option of call.args.options) {
        if (!/^--(?:only|with|without)$/.test(option.name) || option.valueWord === undefined) continue;
        for (const { name, from, to } of namesIn(option)) {
          if (known.has(normal(name)) || name.includes('\0')) continue;
          const does = isBelow(call.version, 1, 5)
            ? 'which Poetry before 1.5 does not tell'
            : 'which Poetry refuses since 1.5';
          const meant = near(name, known);
          const hint = meant === undefined ? '' : `: \`${meant}\` is meant`;
          const place = placeOf(option.valueWord, from, to);
          const fix = meant === undefined ? {} : sayMeant(view, option, place, meant);
          yield {
            message: `the project has no group \`${name}\`, ${does}${hint}`,
            span: place ?? option.valueWord.span,
            ...fix,
          };
        }
      }
    }
  },
};

export const UNKNOWN_EXTRA: Rule = {
  id: 'BV303',
  technique: null,
  severity: 'error',
  title: 'extras that an install names exist',
  fixes: [],
  *check(input) {
    const { project } = input;
    if (project === undefined) return;
    const known = new Set(project.extras);
    for (const call of poetryCalls(input.reading)) {
      if (!/^(?:install|sync|export)$/.test(call.verb.pattern) || leavesProject(call)) continue;
      for (const option of call.args.options) {
        if ((option.name !== '-E' && option.name !== '--extras') || option.valueWord === undefined) continue;
        for (const { name, from, to } of namesIn(option)) {
          if (known.has(normal(name)) || name.includes('\0')) continue;
          const meant = near(name, known);
          const hint = meant === undefined ? '' : `: \`${meant}\` is meant`;
          yield {
            message: `the project has no extra \`${name}\`, and Poetry refuses it${hint}`,
            span: placeOf(option.valueWord, from, to) ?? option.valueWord.span,
          };
        }
      }
    }
  },
};

/** `poetry -C other install`: another project. */
function leavesProject({ args, call }: VersionedCall): boolean {
  return (
    args.options.some(({ name }) => /^(?:-C|--directory|-P|--project)$/.test(name)) ||
    /(?:^|[;&|]\s*)cd\s/.test(call.step.instruction.argument.text)
  );
}

/** Where the names stand in the pattern of the option's word. */
function namesIn({
  value = '',
  valueWord,
}: Option): readonly { readonly name: string; readonly from: number; readonly to: number }[] {
  const pattern = valueWord?.pattern ?? '';
  const offset = Math.max(0, pattern.length - value.length);
  return Array.from(value.matchAll(/[^\s,]+/g), ({ 0: name, index }) => ({
    name,
    from: offset + index,
    to: offset + index + name.length,
  }));
}

function normal(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function near(name: string, known: ReadonlySet<string>): string | undefined {
  const found = nearest(normal(name), known);
  return found !== undefined && editDistance(normal(name), found, 2) <= 2 ? found : undefined;
}

/** What is left out, or `main` alone: other groups would bring more than there is now. */
function sayMeant(
  view: View,
  { name }: Option,
  place: ReturnType<typeof placeOf>,
  meant: string,
): { readonly fix?: Fix } {
  if (name === '--with' || (name === '--only' && meant !== 'main')) return {};
  return offer(view, `say \`${meant}\``, 'unsafe', [place && { span: place, text: meant }]);
}
