// `bivy lint`

import { type LintRequest, type LintRun, lintDockerfiles } from '../app/lint.ts';
import { explainRule, listRules, TECHNIQUE_TITLES } from '../app/lint-rules.ts';
import { nearest } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import { VERSION } from '../kernel/program.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, listOf, textOf } from './selection.ts';

const FORMATS = ['text', 'json', 'sarif', 'github'] as const;
type Format = (typeof FORMATS)[number];
const LEVELS = ['error', 'warning', 'info', 'none', 'never'] as const;

/** Exit status 1: findings as severe as `--fail-on` says; with `--diff`: there is something to fix. */
export async function runLint(parsed: Parsed, io: Io): Promise<number> {
  const format = formatOf(parsed, io);
  const explained = textOf(parsed, 'explain');
  if (explained !== undefined) return await explain(explained, format, io);
  if (isSet(parsed, 'list')) return list(format, io);
  const request = requestOf(parsed, format);
  const run = await lintDockerfiles(request, { emit: io.emit, signal: io.signal });
  if (request.fix?.write === false) return diff(run, io);
  await print(run, format, isSet(parsed, 'quiet'), io);
  return run.failed ? 1 : 0;
}

function requestOf(parsed: Parsed, format: Format): LintRequest {
  const fix = isSet(parsed, 'fix');
  const unsafe = isSet(parsed, 'unsafe-fixes');
  const asDiff = isSet(parsed, 'diff');
  const project = textOf(parsed, 'project');
  const select = listOf(parsed, 'select');
  const ignore = listOf(parsed, 'ignore');
  const failOn = wordOf(parsed, 'fail-on', LEVELS);
  if (unsafe && !fix && !asDiff)
    throw usage('`--unsafe-fixes` says which fixes `--fix` or `--diff` may use', '--fix');
  if (asDiff && format !== 'text') throw usage('`--diff` prints a diff, and no other format', '--diff');
  if (fix && !asDiff && parsed.positionals.includes('-'))
    throw usage('`--fix` writes files, and standard input is none', '--diff');
  if (project !== undefined && isSet(parsed, 'no-project'))
    throw usage('`--project` and `--no-project` say the contrary of each other', '--project');
  return {
    paths: parsed.positionals,
    stdin: readStdin,
    ...(isSet(parsed, 'no-project') ? { project: null } : project === undefined ? {} : { project }),
    ...(select === undefined ? {} : { select }),
    ...(ignore === undefined ? {} : { ignore }),
    ...(failOn === undefined ? {} : { failOn }),
    ...(fix || asDiff ? { fix: { unsafe, write: !asDiff } } : {}),
  };
}

async function print(run: LintRun, format: Format, quiet: boolean, io: Io): Promise<void> {
  switch (format) {
    case 'json':
      io.print(JSON.stringify((await import('../report/lint-json.ts')).lintDocument(run)));
      return;
    case 'sarif': {
      const rules = listRules().map(({ id }) => explainRule(id));
      const { lintSarif } = await import('../report/lint-sarif.ts');
      io.print(JSON.stringify(lintSarif(run, rules, VERSION)));
      return;
    }
    case 'github': {
      const lines = (await import('../report/lint-github.ts')).lintCommands(run);
      if (lines.length > 0) io.print(lines.join('\n'));
      return;
    }
    case 'text': {
      const { lintLines } = await import('../report/lint-text.ts');
      const lines = lintLines(run, { quiet, titles: TECHNIQUE_TITLES });
      if (lines.length > 0) io.print(lines.join('\n'));
    }
  }
}

async function diff(run: LintRun, io: Io): Promise<number> {
  const { fileDiff } = await import('../app/lint-diff.ts');
  const text = run.files.map(fileDiff).join('');
  if (text !== '') io.print(text.replace(/\n$/, ''));
  return text === '' ? 0 : 1;
}

async function explain(written: string, format: Format, io: Io): Promise<number> {
  const rule = explainRule(written);
  if (format === 'json') io.print(JSON.stringify({ version: 1, rule }));
  else io.print((await import('../report/lint-page.ts')).pageLines(rule.page).join('\n'));
  return 0;
}

function list(format: Format, io: Io): number {
  const rules = listRules();
  if (format === 'json') io.print(JSON.stringify({ version: 1, rules }));
  else {
    for (const { id, technique, severity, title, fixes } of rules) {
      const fix = fixes.length === 0 ? '-' : fixes.join(', ');
      io.print(`${id}  ${(technique ?? '').padEnd(3)}  ${severity.padEnd(7)}  ${fix.padEnd(12)}  ${title}`);
    }
  }
  return 0;
}

function formatOf(parsed: Parsed, io: Io): Format {
  const format = wordOf(parsed, 'format', FORMATS);
  if (io.json && format !== undefined && format !== 'json')
    throw usage(`\`--json\` and \`--format ${format}\` are two formats`, '--format');
  return format ?? (io.json ? 'json' : 'text');
}

function wordOf<Word extends string>(parsed: Parsed, flag: string, known: readonly Word[]): Word | undefined {
  const text = textOf(parsed, flag);
  const found = known.find((word) => word === text);
  if (text === undefined || found !== undefined) return found;
  const close = nearest(text, known);
  throw new BivyError('USAGE', `\`--${flag} ${text}\` is none that bivy knows`, {
    hint:
      close === undefined
        ? `known are ${known.map((word) => `\`${word}\``).join(', ')}`
        : `did you mean \`${close}\`?`,
  });
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function usage(message: string, flag: string): BivyError {
  return new BivyError('USAGE', message, { hint: `run \`bivy lint --help\`, and see \`${flag}\`` });
}
