// Settings of Poetry that do not exist, or not in that version, or that contradict each other.

import { editDistance, nearest } from '../../../kernel/decode.ts';
import { settingAt } from '../../reading/locations.ts';
import { isAtLeast, isBelow, type PoetryVersions, poetryCalls } from '../../reading/versions.ts';
import { offer, replaceWord } from '../judgements/edits.ts';
import type { Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

type Series = readonly [major: number, minor: number];

/**
 * `poetry config KEY VALUE` with Poetry 1.1.15, 1.2.2, 1.5.1, 1.8.5, 2.0.1 and 2.5.1: in earlier series than the first
 * it was refused, and from the second on. Between two releases that differ nothing is said.
 */
const KEYS: ReadonlyMap<string, readonly [before: Series | undefined, from: Series | undefined]> = new Map([
  ['cache-dir', [undefined, undefined]],
  ['data-dir', [[2, 1], undefined]],
  ['virtualenvs.create', [undefined, undefined]],
  ['virtualenvs.in-project', [undefined, undefined]],
  ['virtualenvs.path', [undefined, undefined]],
  ['virtualenvs.options.always-copy', [[1, 2], undefined]],
  ['virtualenvs.options.system-site-packages', [[1, 2], undefined]],
  ['virtualenvs.options.no-pip', [[1, 2], undefined]],
  [
    'virtualenvs.options.no-setuptools',
    [
      [1, 2],
      [2, 0],
    ],
  ],
  [
    'virtualenvs.prefer-active-python',
    [
      [1, 2],
      [2, 0],
    ],
  ],
  ['virtualenvs.use-poetry-python', [[2, 0], undefined]],
  ['virtualenvs.prompt', [[1, 2], undefined]],
  ['experimental.new-installer', [undefined, [1, 5]]],
  [
    'experimental.system-git-client',
    [
      [1, 2],
      [2, 0],
    ],
  ],
  ['system-git-client', [[2, 0], undefined]],
  [
    'installer.modern-installation',
    [
      [1, 3],
      [2, 0],
    ],
  ],
  ['installer.parallel', [undefined, undefined]],
  ['installer.max-workers', [[1, 2], undefined]],
  ['installer.no-binary', [[1, 2], undefined]],
  ['installer.only-binary', [[2, 0], undefined]],
  ['installer.re-resolve', [[2, 0], undefined]],
  ['keyring.enabled', [[1, 6], undefined]],
  ['python.installation-dir', [[2, 1], undefined]],
  ['requests.max-retries', [[2, 0], undefined]],
  ['solver.lazy-wheel', [[1, 6], undefined]],
  [
    'warnings.export',
    [
      [1, 6],
      [2, 0],
    ],
  ],
]);

/** Keys that hold names of the user's. */
const NAMED = /^(?:repositories|http-basic|pypi-token|certificates|installer\.build-config-settings)(?:\.|$)/;

export const UNKNOWN_SETTING: Rule = {
  id: 'BV213',
  technique: null,
  severity: 'error',
  title: '`poetry config` sets what the installed Poetry knows',
  fixes: ['safe'],
  *check(input) {
    const view = viewOf(input);
    for (const { verb, args, version, call } of poetryCalls(input.reading)) {
      const [word] = args.rest;
      const key = word?.value;
      if (verb.pattern !== 'config' || word === undefined || key === undefined || NAMED.test(key)) continue;
      if (call.command.joined !== '||' && isForgiven(call.command.span.end, input.dockerfile.text)) continue;
      const known = KEYS.get(key);
      if (known !== undefined) {
        const why = misfit(version, known);
        if (why !== undefined)
          yield {
            message: `${version?.name} does not know the setting \`${key}\`, which ${why}`,
            span: word.span,
          };
        continue;
      }
      const plain = key
        .replace(/^settings\./, '')
        .replace(/_/g, '-')
        .replace(/^virtualenv\./, 'virtualenvs.');
      const meant = KEYS.has(plain) ? plain : nearest(key, KEYS.keys());
      const hint = meant === undefined ? '' : `: \`${meant}\` is meant`;
      const fix =
        meant === undefined ? {} : offer(view, `say \`${meant}\``, 'safe', [replaceWord(word, meant)]);
      yield {
        message: `Poetry has no setting \`${key}\`, and the command fails${hint}`,
        span: word.span,
        ...fix,
      };
    }
  },
};

/** `poetry config … || true`. */
function isForgiven(end: number, text: string): boolean {
  return /^\s*\|\|/.test(text.slice(end, end + 40));
}

function misfit(
  version: PoetryVersions | undefined,
  [before, from]: readonly [Series | undefined, Series | undefined],
): string | undefined {
  if (before !== undefined && isBelow(version, ...before)) return `came later`;
  return from !== undefined && isAtLeast(version, ...from) ? 'is gone' : undefined;
}

/** Of the environment: those that a setting has, and those that are read besides. */
const VARIABLES: readonly string[] = [...KEYS.keys()].map(
  (key) => `POETRY_${key.toUpperCase().replace(/[.-]/g, '_')}`,
);
/** Read by others, or said to be read: the installer, people, BV119. */
const OTHERS: ReadonlySet<string> = new Set(
  `POETRY_VERSION POETRY_HOME POETRY_PREVIEW POETRY_ACCEPT POETRY_UNINSTALL POETRY_NO_INTERACTION POETRY_CONFIG_DIR
  POETRY_DATA_DIR POETRY_REQUESTS_TIMEOUT POETRY_REPOSITORIES POETRY_NO_ANSI POETRY_NO_CACHE POETRY_VENV POETRY_PATH
  POETRY_VIRTUALENV POETRY_VENV_PATH`.split(/\s+/),
);
const NAMED_VARIABLE = /^POETRY_(?:HTTP_BASIC|PYPI_TOKEN|CERTIFICATES|REPOSITORIES|INSTALLER_BUILD_CONFIG)_/;

export const UNREAD_VARIABLE: Rule = {
  id: 'BV214',
  technique: null,
  severity: 'warning',
  title: 'variables that look like settings of Poetry are some',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    const { text } = input.dockerfile;
    for (const { steps } of input.reading.contributors) {
      for (const { instruction } of steps) {
        if (instruction.keyword !== 'ENV') continue;
        for (const { name, span } of instruction.pairs) {
          if (!name.startsWith('POETRY_') || NAMED_VARIABLE.test(name) || OTHERS.has(name)) continue;
          if (VARIABLES.includes(name) || isUsed(text, name)) continue;
          const meant = meantVariable(name);
          if (meant === undefined) continue;
          const place = { start: span.start, end: span.start + name.length };
          const edits =
            text.slice(place.start, place.end) === name ? [{ span: place, text: meant }] : undefined;
          const message = `no Poetry reads \`${name}\`: \`${meant}\` is meant`;
          yield { message, span: place, ...offer(view, `set \`${meant}\``, 'unsafe', edits) };
        }
      }
    }
  },
};

/** The file itself uses it for something. */
function isUsed(text: string, name: string): boolean {
  return new RegExp(`\\$\\{?${name}\\b`).test(text);
}

function meantVariable(name: string): string | undefined {
  const plain = name
    .replace(/^POETRY_(?:VIRTUAL_ENVS?|VIRTUALENV|VENVS?)_/, 'POETRY_VIRTUALENVS_')
    .replace(/_INPROJECT$/, '_IN_PROJECT');
  if (VARIABLES.includes(plain)) return plain;
  const near = nearest(name, VARIABLES);
  return near !== undefined && editDistance(name, near, 3) <= 3 ? near : undefined;
}

const FALSE = /^(?:0|false|no|off)$/i;

export const CONTRADICTING_SETTINGS: Rule = {
  id: 'BV215',
  technique: null,
  severity: 'warning',
  title: 'settings of the virtual environment do not contradict each other',
  fixes: [],
  *check({ reading, project }) {
    for (const install of reading.flow.installs) {
      if (install.tool !== 'poetry' || install.kind !== 'groups') continue;
      const create = settingAt(reading, install, 'virtualenvs.create', project?.poetryToml);
      const inProject = settingAt(reading, install, 'virtualenvs.in-project', project?.poetryToml);
      if (typeof create !== 'string' || typeof inProject !== 'string') continue;
      if (!FALSE.test(create) || FALSE.test(inProject)) continue;
      const message =
        '`virtualenvs.create` is false and `virtualenvs.in-project` true: no `.venv` is made, the packages go among those of the interpreter';
      yield { message, span: install.verb.span };
      return;
    }
  },
};
