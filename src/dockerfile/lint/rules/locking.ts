// What is installed is what was locked: the lock is there when Poetry installs, and nothing changes it.

import type { ContextCopy, CopiedSource } from '../../reading/copies.ts';
import type { Install } from '../../reading/installs.ts';
import { hasOption } from '../../reading/options.ts';
import { lineageOfStage, type Reading } from '../../reading/reading.ts';
import { poetryCalls } from '../../reading/versions.ts';
import type { Fix } from '../finding.ts';
import { isIgnored } from '../ignore-file.ts';
import { offer, replaceWord } from '../judgements/edits.ts';
import type { View } from '../judgements/judgement.ts';
import type { Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

const RELOCKING: ReadonlyMap<string, string> = new Map([
  ['update', 'takes newer versions than those locked'],
  ['add', 'adds what nobody locked'],
  ['remove', 'locks anew'],
  ['lock', 'locks anew, with the versions of that day'],
]);

export const RELOCKED: Rule = {
  id: 'BV210',
  technique: null,
  severity: 'warning',
  title: 'a build installs what was locked, and locks nothing itself',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    for (const { verb, args } of poetryCalls(input.reading)) {
      const does = RELOCKING.get(verb.pattern);
      if (does === undefined || hasOption(args, '--check', '--dry-run', '--help')) continue;
      const updates = verb.pattern === 'update' && args.rest.length === 0 && !hasOption(args, '--lock');
      const fix = updates
        ? offer(view, 'say `poetry install`', 'unsafe', [replaceWord(verb, 'install')])
        : {};
      const message = `\`poetry ${verb.pattern}\` ${does}: two builds of one commit differ, and nobody tested this one`;
      yield { message, span: verb.span, ...fix };
    }
  },
};

export const MISSING_LOCK: Rule = {
  id: 'BV211',
  technique: null,
  severity: 'warning',
  title: 'the lock is there when Poetry installs',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    const install = firstInstall(input.reading);
    if (install === undefined || install.selection.rootOnly) return;
    const early = manifestsBefore(input.reading, install);
    if (early.some(({ source }) => mayBringLock(source))) return;
    const manifest = early.find(({ source }) => /(?:^|\/)pyproject\.toml$/.test(source.path ?? ''));
    // Poetry may have locked in the image itself.
    if (manifest === undefined || locksBefore(input.reading, install)) return;
    const message =
      'no `poetry.lock` is copied before this install: Poetry chooses versions anew in every build';
    yield { message, span: install.verb.span, ...copyLock(view, manifest) };
  },
};

export const GLOBBED_LOCK: Rule = {
  id: 'BV212',
  technique: null,
  severity: 'info',
  title: 'a build without the lock fails',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    const { project } = input;
    for (const { copies } of input.reading.contributors) {
      for (const { sources, mounted, step } of copies) {
        if (mounted) continue;
        for (const { path, span } of sources) {
          if (!/(?:^|\/)poetry\.lock[*?]$/.test(path ?? '')) continue;
          const word = step.instruction.words.find((one) => one.span.start === span.start);
          const at = word === undefined ? -1 : word.raw.search(/[*?]["']?$/);
          const plain = word !== undefined && word.raw.length === span.end - span.start && at >= 0;
          const edit = plain
            ? { span: { start: span.start + at, end: span.start + at + 1 }, text: '' }
            : undefined;
          const known =
            project?.lock !== undefined && path === joined(project.path, `poetry.lock${path?.at(-1)}`);
          const message = `\`${path}\` also copies nothing: without the lock the build goes on, and Poetry chooses versions anew`;
          const usable =
            known &&
            !(project.ignore !== undefined && isIgnored(project.ignore, joined(project.path, 'poetry.lock')));
          yield { message, span, ...(usable ? offer(view, 'name the lock itself', 'safe', [edit]) : {}) };
        }
      }
    }
  },
};

function joined(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

interface Early {
  readonly source: CopiedSource;
  readonly copy: ContextCopy;
}

function firstInstall({ flow }: Reading): Install | undefined {
  return flow.kind === 'groups'
    ? flow.installs.find(({ tool, kind }) => tool === 'poetry' && kind === 'groups')
    : undefined;
}

function manifestsBefore(reading: Reading, { call }: Install): readonly Early[] {
  const home = reading.stages[call.step.stage.index];
  if (home === undefined) return [];
  return lineageOfStage(reading, home).flatMap((stage) =>
    stage.copies
      .filter(({ step, mounted }) =>
        mounted
          ? step === call.step
          : stage !== home || step.instruction.span.start < call.step.instruction.span.start,
      )
      .flatMap((copy) => copy.sources.map((source) => ({ copy, source }))),
  );
}

/** Under its own name, a pattern that fits it, a directory that holds it. */
function mayBringLock({ path, kind }: CopiedSource): boolean {
  if (path === undefined || kind === 'whole') return true;
  const name = path.split('/').at(-1) ?? '';
  return /lock/i.test(name) || /[*?[]/.test(name) || (kind !== 'manifest' && !/\.\w+$/.test(name));
}

/** `poetry lock`, a clone, a copy from another stage, a download. */
function locksBefore(reading: Reading, { call }: Install): boolean {
  const home = reading.stages[call.step.stage.index];
  const lineage = home === undefined ? [] : lineageOfStage(reading, home);
  return lineage.some(
    ({ calls, steps }) =>
      calls.some(
        ({ program, args }) =>
          (program === 'poetry' && args.some(({ pattern }) => /^(?:lock|add|init|new)$/.test(pattern))) ||
          (program === 'git' && args.some(({ pattern }) => /^(?:clone|fetch|pull)$/.test(pattern))) ||
          args.some(({ pattern }) => pattern.includes('poetry.lock')),
      ) ||
      steps.some(
        ({ instruction }) =>
          (instruction.keyword === 'COPY' && instruction.flags.some(({ name }) => name === 'from')) ||
          (instruction.keyword === 'ADD' && /https?:|git@/.test(instruction.argument.text)) ||
          instruction.flags.some(({ name, value }) => name === 'mount' && /from=/.test(value ?? '')),
      ),
  );
}

function copyLock(view: View, { source, copy }: Early): { readonly fix?: Fix } {
  const { project } = view.input;
  const path = source.path ?? '';
  const lock = path.replace(/pyproject\.toml$/, 'poetry.lock');
  if (project?.lock === undefined || lock !== joined(project.path, 'poetry.lock') || copy.mounted) return {};
  if (project.ignore !== undefined && isIgnored(project.ignore, lock)) return {};
  const { words, form } = copy.step.instruction;
  const target = words.at(-1)?.raw ?? '';
  if (form === 'exec' || !/(?:\/|^\.{1,2})$/.test(target)) return {};
  const { end } = source.span;
  return offer(view, 'copy the lock, too', 'unsafe', [{ span: { start: end, end }, text: ` ${lock}` }]);
}
