// The project's own files as parts of a layer: itself as its wheel would be installed, and what goes under the work
// directory. Placed as pypa/installer 1.0 places a wheel; every mode is 0644 or 0755, every link relative.

import { createHash } from 'node:crypto';
import { type Digest, keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Content, Entry, FileDigest, Part } from '../layers/entry.ts';
import type { ProjectFiles } from '../project/files.ts';
import type { Project } from '../project/project.ts';
import type { Placed, PlacedFile } from '../project/read-files.ts';
import { normalizeName } from '../python/names.ts';
import { parseEntryPoints } from './entry-points.ts';
import { pathFault } from './member-name.ts';
import { formatRecord, type RecordRow } from './record.ts';
import {
  distInfoOf,
  formatEntryPoints,
  formatMetadata,
  formatWheelFile,
  versionOf,
} from './root-metadata.ts';
import { isReserved, sitePackages } from './schemes.ts';
import { hasPlaceholder, replaceShebang, scriptContent } from './scripts.ts';

export interface RootOptions {
  /** `X.Y`. */
  readonly python: string;
  /** The environment as programs see it, absolute: `/app/.venv`. */
  readonly prefix: string;
  /** Where the environment physically lies in the image; absolute; default: the prefix. */
  readonly location?: string;
  /** Where the work directory physically lies, absolute: `/app`. */
  readonly workdir: string;
}

/** A part that knows what it was made of. */
export interface KeyedPart extends Part {
  /** Of paths, modes, links and hashes of contents: two parts with one key are the same bytes. */
  readonly key: Digest;
}

/**
 * The installed project (named `name==version`; left out with `--no-root` and without `package-mode`) and the files
 * under the work directory (named `files`; left out where there are none). Directories are given from the environment,
 * and from below the work directory, downward.
 * @throws BivyError `ROOT_INVALID` for names that cannot be installed, and for two files that claim one place
 */
export function rootParts(project: Project, files: ProjectFiles, options: RootOptions): readonly KeyedPart[] {
  const parts: KeyedPart[] = [];
  if (files.installed) parts.push(installedPart(project, files, options));
  if (files.work.length > 0) parts.push(workPart(files.work, options));
  return parts;
}

interface Laid {
  readonly entry: Entry;
  /** SHA-256 of a file's bytes; of a link what it says. */
  readonly identity: string;
}

function installedPart(project: Project, files: ProjectFiles, options: RootOptions): KeyedPart {
  const { python, prefix, location = prefix } = options;
  const top = location.replace(/^\/+|\/+$/g, '');
  const site = `${top}/${sitePackages(python)}`;
  const distInfo = distInfoOf(project);
  const laid = new Map<string, Laid>();
  const rows: RecordRow[] = [];
  const lay = (directory: string, path: string, item: Laid, row?: FileDigest): void => {
    const fault = pathFault(path);
    const whole = `${directory}/${path}`;
    if (fault !== undefined || isReserved(whole.slice(top.length + 1), python)) {
      throw refuse(
        `\`${path}\` ${fault ?? 'belongs to the environment'}, so it cannot be installed`,
        project,
      );
    }
    const earlier = laid.get(whole);
    if (
      earlier !== undefined &&
      (earlier.identity !== item.identity || earlier.entry.kind !== item.entry.kind)
    ) {
      throw refuse(`two files of the project claim \`${path}\``, project);
    }
    if (earlier !== undefined) return;
    laid.set(whole, item);
    if (row !== undefined)
      rows.push({ path, prefix: directory === site ? '' : '../../../bin/', digest: row });
  };
  const layBytes = (directory: string, path: string, bytes: Uint8Array, mode = 0o644): void => {
    const item = bytesEntry(`${directory}/${path}`, bytes, mode);
    lay(directory, path, item, { sha256: item.identity, size: bytes.length });
  };

  for (const { name, module, attribute } of scriptsOf(project)) {
    layBytes(`${top}/bin`, name, scriptContent({ module, attribute }, `${prefix}/bin/python`), 0o755);
  }
  for (const script of files.scripts) layScript(script, `${top}/bin`, prefix, lay);
  for (const [path, text] of metadataFiles(project, files))
    layBytes(site, `${distInfo}/${path}`, Buffer.from(text));
  for (const each of files.legal)
    lay(site, `${distInfo}/${each.target}`, ...placedEntry(`${site}/${distInfo}/${each.target}`, each));
  for (const each of files.wheel) lay(site, each.target, ...placedEntry(`${site}/${each.target}`, each));
  recordLinks(laid, rows, site);

  const recordPath = `${distInfo}/RECORD`;
  const record = formatRecord([...rows, { path: recordPath, prefix: '' }]);
  const laidRecord = bytesEntry(`${site}/${recordPath}`, record, 0o644);
  laid.set(`${site}/${recordPath}`, laidRecord);
  return part(`${normalizeName(project.name ?? '')}==${versionOf(project)}`, laid, top);
}

/** Scripts of the entry points: what pypa/installer reads out of entry_points.txt again. */
function scriptsOf(project: Project): ReturnType<typeof parseEntryPoints> {
  try {
    return parseEntryPoints(formatEntryPoints(project));
  } catch (error) {
    throw refuse(`a script of the project cannot be installed: ${(error as Error).message}`, project);
  }
}

function metadataFiles(project: Project, files: ProjectFiles): readonly (readonly [string, string])[] {
  const licenseFiles = files.legal.map(({ target }) => target.replace(/^licenses\//, ''));
  const entryPoints = formatEntryPoints(project);
  const { era } = files;
  return [
    [
      'METADATA',
      formatMetadata(project, era, { readme: files.readme, licenseText: files.licenseText, licenseFiles }),
    ],
    ['WHEEL', formatWheelFile(project, era)],
    ...(entryPoints === '' ? [] : [['entry_points.txt', entryPoints] as const]),
    ['INSTALLER', 'bivy'],
  ];
}

type Lay = (directory: string, path: string, item: Laid, row?: FileDigest) => void;

/** A script of the project's own: `#!python` becomes the environment's interpreter. */
function layScript(script: Placed, bin: string, prefix: string, lay: Lay): void {
  const path = `${bin}/${script.target}`;
  if (script.kind === 'file' && script.content.kind === 'bytes' && hasPlaceholder(script.content.bytes)) {
    const bytes = replaceShebang(script.content.bytes, `${prefix}/bin/python`);
    const item = bytesEntry(path, bytes, script.executable ? 0o755 : 0o644);
    lay(bin, script.target, item, { sha256: item.identity, size: bytes.length });
  } else lay(bin, script.target, ...placedEntry(path, script));
}

/** Rows for links to files: RECORD has the hash of what is read through them. */
function recordLinks(laid: ReadonlyMap<string, Laid>, rows: RecordRow[], site: string): void {
  for (const [path, { entry }] of laid) {
    if (entry.kind !== 'symlink') continue;
    let found: Laid | undefined = laid.get(path);
    let at = path;
    for (let hops = 0; found?.entry.kind === 'symlink' && hops < 40; hops++) {
      at = resolveLink(at, found.entry.target);
      found = laid.get(at);
    }
    if (found?.entry.kind !== 'file') continue;
    const digest = { sha256: found.identity, size: found.entry.size };
    rows.push({ path: path.slice(site.length + 1), prefix: '', digest });
  }
}

function resolveLink(path: string, target: string): string {
  const parts = path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

function workPart(work: readonly Placed[], { prefix, workdir }: RootOptions): KeyedPart {
  const top = workdir.replace(/^\/+|\/+$/g, '');
  const laid = new Map<string, Laid>();
  for (const each of work) {
    const path = top === '' ? each.target : `${top}/${each.target}`;
    if (`/${path}/`.startsWith(`${prefix}/`)) {
      throw new BivyError(
        'ROOT_INVALID',
        `\`${each.source}\` would lie in the image's environment, \`${prefix}\``,
        {
          hint: 'choose another `workdir`, or leave the file out',
        },
      );
    }
    const [item] = placedEntry(path, each);
    laid.set(path, item);
  }
  return part('files', laid, top, false);
}

function placedEntry(path: string, placed: Placed): [item: Laid, row?: FileDigest] {
  if (placed.kind === 'link') {
    return [{ entry: { kind: 'symlink', path, mode: 0o777, target: placed.to }, identity: placed.to }];
  }
  const { size, sha256 } = placed;
  const entry: Entry = {
    kind: 'file',
    path,
    mode: placed.executable ? 0o755 : 0o644,
    size,
    content: contentOf(placed),
  };
  return [
    { entry, identity: sha256 },
    { sha256, size },
  ];
}

function contentOf({ content }: PlacedFile): Content {
  return content;
}

function bytesEntry(path: string, bytes: Uint8Array, mode: number): Laid {
  const entry: Entry = { kind: 'file', path, mode, size: bytes.length, content: { kind: 'bytes', bytes } };
  return { entry, identity: createHash('sha256').update(bytes).digest('hex') };
}

/** Entries with their directories, sorted; `inclusive` names `top` itself too. */
function part(name: string, laid: ReadonlyMap<string, Laid>, top: string, inclusive = true): KeyedPart {
  const directories = new Set<string>(inclusive ? [top] : []);
  for (const path of laid.keys()) {
    for (let end = path.lastIndexOf('/'); end > top.length; end = path.lastIndexOf('/', end - 1)) {
      directories.add(path.slice(0, end));
    }
  }
  for (const path of directories) {
    if (!laid.has(path)) continue;
    throw new BivyError('ROOT_INVALID', `\`${path}\` would be both a file and a directory in the image`);
  }
  const entries = [
    ...[...directories].map((path): Entry => ({ kind: 'directory', path, mode: 0o755 })),
    ...[...laid.values()].map(({ entry }) => entry),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const key = keyOf({
    kind: 'root',
    entries: entries.map(({ kind, path, mode }) => [kind, path, mode, laid.get(path)?.identity ?? '']),
  });
  return { name, entries, key };
}

function refuse(message: string, project: Project): BivyError {
  return new BivyError('ROOT_INVALID', message, {
    location: { file: project.file },
    hint: 'rename it, or leave it out by `exclude` in `[tool.poetry]`',
  });
}
