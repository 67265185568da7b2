// What COPY, ADD and bind mounts bring from the build context, and what kind of thing each is: the whole context, what
// describes the project, the application's code, or something else.

import type { Span } from '../syntax/ast.ts';
import { UNKNOWN } from '../syntax/lex.ts';
import { readMounts } from './mounts.ts';
import { resolvePath } from './paths.ts';
import { expand, type Step } from './steps.ts';

/** `manifest`: pyproject.toml, lock files, requirements. `other`: configuration, scripts, certificates, readmes. */
export type SourceKind = 'whole' | 'manifest' | 'code' | 'other';

export interface CopiedSource {
  /** Relative to the context, `.` for all of it; undefined where a variable without a value says it. */
  readonly path: string | undefined;
  readonly kind: SourceKind;
  /** Absolute; where it lands, as far as that is known. A directory's own content lands there. */
  readonly destination: string | undefined;
  readonly span: Span;
}

export interface ContextCopy {
  readonly step: Step;
  /** A bind mount: it is there while one RUN runs. */
  readonly mounted: boolean;
  readonly sources: readonly CopiedSource[];
}

/** What an instruction takes from the context; undefined where it takes nothing of it. */
export function readContextCopy(step: Step, token: '\\' | '`'): ContextCopy | undefined {
  const { instruction, variables, workdir, home } = step;
  const { keyword, flags, words } = instruction;
  if (keyword === 'RUN') return readBinds(step, token);
  if ((keyword !== 'COPY' && keyword !== 'ADD') || flags.some(({ name }) => name === 'from'))
    return undefined;
  const last = words.at(-1);
  if (last === undefined || words.length < 2) return undefined;
  const target = expand(last.raw, variables, token);
  const sources = words.slice(0, -1).flatMap(({ raw, span }): CopiedSource[] => {
    if (raw.startsWith('<<')) return [];
    const text = expand(raw, variables, token);
    if (/^(?:https?|git|ssh):\/\/|^git@/.test(text)) return [];
    return [classify(text, landing(text, target, words.length > 2), span, workdir, home)];
  });
  return sources.length === 0 ? undefined : { step, mounted: false, sources };
}

function readBinds(step: Step, token: '\\' | '`'): ContextCopy | undefined {
  const { instruction, variables, workdir, home } = step;
  const sources = readMounts(instruction).flatMap(({ type, from, source, target, span }): CopiedSource[] => {
    if (type !== 'bind' || from !== undefined) return [];
    const place = target === undefined ? UNKNOWN : expand(target, variables, token);
    return [
      classify(source === undefined ? '.' : expand(source, variables, token), place, span, workdir, home),
    ];
  });
  return sources.length === 0 ? undefined : { step, mounted: true, sources };
}

function classify(text: string, target: string, span: Span, workdir: string, home: string): CopiedSource {
  const unknown = text.includes(UNKNOWN);
  const path = unknown ? undefined : normalize(text);
  return {
    path,
    kind: path === undefined ? 'other' : kindOf(path, text),
    destination: resolvePath(target, workdir, home),
    span,
  };
}

/** A file into a directory lands under its own name, a directory's content as the destination. */
function landing(source: string, target: string, several: boolean): string {
  if (!several && !target.endsWith('/') && !/(?:^|\/)\.{1,2}$/.test(target)) return target;
  const name = source.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return looksLikeFile(name) ? `${target.replace(/\/$/, '')}/${name}` : target;
}

/** Paths outside the context are held at its root, as BuildKit does. */
function normalize(text: string): string {
  const parts: string[] = [];
  for (const part of text.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/');
}

const MANIFEST =
  /^(?:\*?pyproject\.?(?:toml|\*)\*?|\*?poetry\.?(?:lock|toml|\*)\*?|(?:uv|pdm|pylock(?:\.\w+)?)\.(?:lock|toml|\*)\*?|\*?\.?lock\*?|\*\.(?:toml|lock)\*?|pdm\.\*|uv\.\*|setup\.(?:py|cfg)|pipfile(?:\.lock|\*)?|(?:dev-|test-)?requirements?[-\w.]*\.(?:txt|in)|constraints[-\w.]*\.txt|p(?:y|yproject)?\*)$/i;
/** Directories that hold no importable code of the application, by custom. */
const OTHER_DIRECTORY =
  /^(?:\.?docker|dockerfiles?|containers?|scripts?|tools?|bin|certs?|certificates|ssl|conf|configs?|configuration|etc|\.?ci|requirements|wheels?|wheelhouse|patches|deploy|deployments?|ops|infra|nginx|supervisor|fonts|licen[cs]es|docs?|\.[\w-]+)$/i;
const FILE_WITHOUT_EXTENSION =
  /^(?:[A-Z][A-Z0-9_]*|Makefile|Dockerfile|Procfile|Justfile|justfile|Readme|License|entrypoint|start|run)$/;
/** Python files that are no application: markers of a package, versions, installers of tools. */
const OTHER_PYTHON =
  /^(?:__init__|_?_?version_?_?|_?_?about_?_?|install[-_]poetry|get[-_]poetry|conftest|setup)\.py$/i;

function kindOf(path: string, text: string): SourceKind {
  if (path === '.' || /^\*{1,2}$/.test(path)) return 'whole';
  const name = path.split('/').at(-1) ?? '';
  if (MANIFEST.test(name)) return 'manifest';
  if (/\.py$/i.test(name)) {
    const beside = path.split('/').at(-2) ?? '';
    return OTHER_PYTHON.test(name) || OTHER_DIRECTORY.test(beside) || /poetry/i.test(name) ? 'other' : 'code';
  }
  // What somebody built of the project before.
  if (/(?:^|\/)dist\/[^/]*\.(?:whl|tar\.gz)$/i.test(path)) return 'code';
  if (!text.endsWith('/') && looksLikeFile(name)) return 'other';
  if (name === '*') return kindOf(path.slice(0, -2) || '.', '/') === 'other' ? 'other' : 'code';
  return OTHER_DIRECTORY.test(name) ? 'other' : 'code';
}

function looksLikeFile(name: string): boolean {
  return (
    /[^.]\.[\w*-]+\*?$/.test(name) ||
    /^\.\w+rc$|^\.env|^\.\w+ignore$/.test(name) ||
    FILE_WITHOUT_EXTENSION.test(name) ||
    /[*?[]/.test(name)
  );
}
