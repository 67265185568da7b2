// `bivy lint`: Dockerfiles and the projects beside them in, findings out; with `fix`, repaired files.

import { resolve } from 'node:path';
import { insertedText } from '../dockerfile/lint/edit.ts';
import type { Finding, LintResult, Severity } from '../dockerfile/lint/finding.ts';
import { type Checked, type DroppedFix, type FixedText, fixAll } from '../dockerfile/lint/fix.ts';
import { openInput } from '../dockerfile/lint/input.ts';
import { type LintOptions, lint } from '../dockerfile/lint/lint.ts';
import type { LintInput } from '../dockerfile/lint/rule.ts';
import type { Position } from '../dockerfile/syntax/ast.ts';
import { positionAt } from '../dockerfile/syntax/position.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Emit } from '../kernel/events.ts';
import type { FailOn, LintSettings } from '../project/lint-settings.ts';
import { readBounded } from './bounded-file.ts';
import { type NamedDockerfile, nameDockerfiles } from './lint-files.ts';
import { checkSelectors, KNOWN_RULES } from './lint-rules.ts';
import { openSurroundings, type Surroundings } from './lint-surroundings.ts';
import { decodeText, encodeText, type FileText } from './lint-text.ts';

export interface LintRequest {
  /** Where bivy was called; default: the working directory. */
  readonly directory?: string;
  /** Files, directories, `-` for standard input; empty: the `Dockerfile` in `directory`. */
  readonly paths: readonly string[];
  /** What `-` is. */
  readonly stdin?: () => Promise<Buffer>;
  /** The project's directory; `null`: there is to be none. Absent: what is found beside each file. */
  readonly project?: string | null;
  /** Instead of what settings say, both of them. */
  readonly select?: readonly string[];
  /** Besides what settings say. */
  readonly ignore?: readonly string[];
  readonly failOn?: FailOn;
  /** Absent: nothing is repaired. */
  readonly fix?: {
    readonly unsafe: boolean;
    /** False: say what would be written, and write nothing. */
    readonly write: boolean;
  };
}

export interface LintRun {
  /** In the order asked. */
  readonly files: readonly LintedFile[];
  /** Some finding is as severe as what `failOn` says. */
  readonly failed: boolean;
}

export interface LintedFile {
  /** As it was named, `-` for standard input. */
  readonly path: string;
  /** Of the text after fixing, in its order. */
  readonly findings: readonly PlacedFinding[];
  readonly techniques: LintResult['techniques'];
  /** What was read, and what became of it: the same where nothing was fixed. */
  readonly before: string;
  readonly after: string;
  readonly applied: FixedText['applied'];
  readonly dropped: readonly DroppedFix[];
}

export interface PlacedFinding extends Finding {
  readonly start: Position;
  /** Just after the last character. */
  readonly end: Position;
  /** The line of `start`, without its end. */
  readonly source: string;
  /** Of its fix. */
  readonly replacements: readonly {
    readonly start: Position;
    readonly end: Position;
    readonly text: string;
  }[];
}

const LIMIT = 16 << 20;
const RANKS: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/**
 * @throws BivyError `DOCKERFILE_MISSING`, `DOCKERFILE_INVALID`, `DOCKERFILE_CHANGED`; for a broken `pyproject.toml`;
 * `USAGE` for a rule that is not known. Files before the one at fault may have been repaired
 */
export async function lintDockerfiles(
  request: LintRequest,
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<LintRun> {
  const directory = resolve(request.directory ?? '.');
  checkSelectors('select', request.select ?? []);
  checkSelectors('ignore', request.ignore ?? []);
  const surroundings = openSurroundings({
    directory,
    rules: KNOWN_RULES,
    ...(request.project === undefined ? {} : { project: request.project }),
  });
  const files: LintedFile[] = [];
  let failed = false;
  for (const named of nameDockerfiles(directory, request.paths)) {
    signal.throwIfAborted();
    // Signals are heard between turns of the event loop alone.
    if (files.length % 100 === 99) await new Promise((done) => setImmediate(done));
    const around = await surroundings.find(named.path ?? resolve(directory, 'Dockerfile'));
    if (named.found && (await isExcluded(named, around))) continue;
    const file = await lintOne(named, around, request, emit);
    files.push(file);
    failed ||= reaches(file.findings, request.failOn ?? around.settings.failOn ?? 'warning');
  }
  return { files, failed };
}

async function lintOne(
  named: NamedDockerfile,
  { project, settings }: Surroundings,
  request: LintRequest,
  emit: Emit,
): Promise<LintedFile> {
  const bytes = await readDockerfile(named, request);
  const read = decodeText(bytes);
  const options = optionsOf(settings, request);
  let opened: { readonly input: LintInput; readonly result: LintResult } | undefined;
  const check = (text: string): Checked => {
    const input = openInput(text, named.name, project);
    const result = lint(input, options);
    opened = { input, result };
    return {
      findings: result.findings,
      problems: input.dockerfile.problems.length,
      regions: input.dockerfile.instructions.map(({ span }) => span),
      techniques: result.techniques,
    };
  };
  const fixed =
    request.fix === undefined
      ? { text: read.text, applied: [], dropped: [] }
      : fixAll(read.text, check, { unsafe: request.fix.unsafe });
  for (const { rule, title, why } of fixed.dropped) {
    emit({ type: 'warning', message: `${named.name}: left out a fix of ${rule}, ${title}: ${WHY[why]}` });
  }
  if (opened?.input.dockerfile.text !== fixed.text) check(fixed.text);
  if (request.fix?.write === true && fixed.text !== read.text) {
    await write(named, bytes, { ...read, text: fixed.text });
    emit({ type: 'published', where: named.name, changed: true });
  }
  const { input, result } = opened!;
  return {
    path: named.name,
    findings: result.findings.map((finding) => place(finding, input)),
    techniques: result.techniques,
    before: read.text,
    after: fixed.text,
    applied: fixed.applied,
    dropped: fixed.dropped,
  };
}

const WHY: Readonly<Record<DroppedFix['why'], string>> = {
  breaks: 'the file would not parse',
  worsens: 'a technique that is met would be missed',
  undone: 'other fixes undo it',
  endless: 'the fixes never settle',
};

function optionsOf(settings: LintSettings, { select, ignore = [] }: LintRequest): LintOptions {
  return {
    // Who selects on the command line means just that.
    select: select ?? settings.select,
    ignore: select === undefined ? [...settings.ignore, ...ignore] : ignore,
    severity: settings.severity,
  };
}

async function readDockerfile({ path, name }: NamedDockerfile, { stdin }: LintRequest): Promise<Buffer> {
  if (path === undefined) {
    const bytes = (await stdin?.()) ?? Buffer.alloc(0);
    if (bytes.length > LIMIT) throw unreadable(name, `it is larger than ${LIMIT >> 20} MiB`);
    return bytes;
  }
  const found = readBounded(path, LIMIT);
  if (found.kind === 'file') return found.bytes;
  if (found.kind === 'missing') {
    throw new BivyError('DOCKERFILE_MISSING', `there is no file \`${name}\``, {
      location: { file: name },
      hint: 'check the path',
    });
  }
  throw unreadable(name, found.kind === 'large' ? `it is larger than ${LIMIT >> 20} MiB` : 'it is no file');
}

function unreadable(name: string, why: string): BivyError {
  return new BivyError('DOCKERFILE_INVALID', `reading \`${name}\`: ${why}`, {
    location: { file: name },
    hint: 'name a Dockerfile',
  });
}

async function write({ path, name }: NamedDockerfile, before: Buffer, after: FileText): Promise<void> {
  const bytes = encodeText(after);
  if (path === undefined || bytes === undefined) {
    throw new BivyError('DOCKERFILE_INVALID', `\`${name}\` cannot hold what the fixes write`, {
      location: { file: name },
      hint: 'see the change with `--diff`, and save the file as UTF-8',
    });
  }
  const { replaceFile } = await import('./replace-file.ts');
  replaceFile(path, name, before, bytes);
}

function place(finding: Finding, { dockerfile }: LintInput): PlacedFinding {
  const { span, fix } = finding;
  const start = positionAt(dockerfile, span.start);
  const line = dockerfile.lineStarts[start.line - 1] ?? 0;
  const end = dockerfile.text.indexOf('\n', line);
  return {
    ...finding,
    start,
    end: positionAt(dockerfile, span.end),
    source: dockerfile.text.slice(line, end < 0 ? undefined : end).replace(/\r$/, ''),
    replacements: (fix?.edits ?? []).map((edit) => ({
      start: positionAt(dockerfile, edit.span.start),
      end: positionAt(dockerfile, edit.span.end),
      text: insertedText(dockerfile.text, edit),
    })),
  };
}

function reaches(findings: readonly Finding[], failOn: FailOn): boolean {
  if (failOn === 'none' || failOn === 'never') return false;
  return findings.some(({ severity }) => RANKS[severity] >= RANKS[failOn]);
}

/** A path is left out where it or a directory above it is. */
async function isExcluded(
  { path = '' }: NamedDockerfile,
  { settings, home }: Surroundings,
): Promise<boolean> {
  if (settings.exclude.length === 0) return false;
  const [{ parseDockerignore }, { relative, sep }] = await Promise.all([
    import('../project/dockerignore.ts'),
    import('node:path'),
  ]);
  const patterns = parseDockerignore(settings.exclude.join('\n'), 'pyproject.toml');
  const parts = relative(home, path).split(sep);
  return parts.some((_, index) => patterns.match(parts.slice(0, index + 1).join('/')).ignored);
}
