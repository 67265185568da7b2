// From the lock's file name and hash to an address: each project's page is asked for once, and everything that is wrong
// with any file is told at once, before a byte is downloaded.

import { mapBounded } from '../kernel/bounded.ts';
import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { parseHttpUrl, publicUrl, splitCredentials } from '../kernel/http-address.ts';
import type { ChosenFile, Source } from '../lock/plan.ts';
import type { PackageSource } from '../project/project.ts';
import { normalizeName } from '../python/names.ts';
import type { Authorize } from './credentials.ts';
import { lookUpPage } from './index-client.ts';
import type { IndexFile } from './page.ts';

/** A file to have, as the plan names it. */
export interface WantedFile {
  /** PEP 503 normal form. */
  readonly package: string;
  readonly version: string;
  readonly file: ChosenFile;
  readonly source: Source;
}

export interface LocatedFile {
  readonly wanted: WantedFile;
  /** Absolute; credentials only where the lock itself has them in it (`url` sources). */
  readonly url: string;
  /** Bytes, where the index says. */
  readonly size: number | null;
}

export interface LocateOptions {
  /** Root of the default index's simple API; asked only when a file needs it. */
  readonly indexUrl: () => Promise<string>;
  readonly sources: readonly PackageSource[];
  readonly authorize: Authorize;
}

const LOOK_UPS = 8;

interface Page {
  readonly url: string;
  /** Name of the private source. */
  readonly source?: string;
  readonly wanted: readonly WantedFile[];
}

/** @throws BivyError `FILE_MISSING`, `HASH_MISMATCH`, and whatever asking the index may throw */
export async function locateFiles(
  files: readonly WantedFile[],
  context: Context,
  options: LocateOptions,
): Promise<readonly LocatedFile[]> {
  const pages = new Map<string, Page & { wanted: WantedFile[] }>();
  const located: LocatedFile[] = [];
  for (const wanted of files) {
    const { source } = wanted;
    if (source.kind === 'url') {
      located.push({ wanted, url: directUrl(wanted), size: null });
      continue;
    }
    const root = source.kind === 'legacy' ? privateRoot(wanted, options.sources) : await options.indexUrl();
    const url = pageUrl(root, wanted);
    const page = pages.get(url);
    if (page === undefined) {
      const name = source.kind === 'legacy' ? source.reference : undefined;
      pages.set(url, { url, wanted: [wanted], ...(name === undefined ? {} : { source: name }) });
    } else page.wanted.push(wanted);
  }

  const missing: string[] = [];
  const different: string[] = [];
  const answers = await mapBounded([...pages.values()], LOOK_UPS, context.signal, async (page, signal) => {
    const authorization = options.authorize(page.url);
    const listed = await lookUpPage(
      {
        url: page.url,
        sought: page.wanted.map(({ file }) => file),
        signal,
        ...(authorization === undefined ? {} : { authorization }),
        ...(page.source === undefined ? {} : { source: page.source }),
      },
      context,
    );
    return { page, listed };
  });
  for (const { page, listed } of answers) {
    for (const wanted of page.wanted) {
      const found = listed === undefined ? undefined : findFile(listed, wanted.file);
      if (found === undefined) {
        const where = publicUrl(page.url);
        missing.push(
          `\`${wanted.file.name}\`: ${listed === undefined ? 'there is no page' : 'not listed on'} \`${where}\``,
        );
      } else if (found.sha256 !== null && found.sha256 !== wanted.file.sha256) {
        different.push(
          `\`${wanted.file.name}\`: the index says ${found.sha256}, the lock ${wanted.file.sha256}`,
        );
      } else {
        if (found.yanked !== null) warnYanked(wanted, found.yanked, context);
        located.push({ wanted, url: found.url, size: found.size });
      }
    }
  }
  if (different.length > 0) throw mismatch(different);
  if (missing.length > 0) throw missingFiles(missing);
  return located;
}

/** The error for files that are nowhere; a cause each. */
export function missingFiles(causes: readonly string[]): BivyError {
  const what = causes.length === 1 ? 'a locked file is' : `${causes.length} locked files are`;
  return new BivyError('FILE_MISSING', `${what} not where the lock says`, {
    causes: [...causes].sort(),
    hint: 'files can be deleted from an index: run `poetry lock` to choose among those that are there',
  });
}

function mismatch(causes: readonly string[]): BivyError {
  return new BivyError('HASH_MISMATCH', 'the index lists other files under names that the lock has', {
    causes: [...causes].sort(),
    hint: 'the files were replaced after they were locked; find out why before you run `poetry lock`',
  });
}

/** The listed file with the locked hash, else the one of that name: with no hash rather than with another one. */
function findFile(listed: readonly IndexFile[], file: ChosenFile): IndexFile | undefined {
  const named = listed.filter(({ name }) => name === file.name);
  return (
    named.find(({ sha256 }) => sha256 === file.sha256) ??
    listed.find(({ sha256 }) => sha256 === file.sha256) ??
    named.find(({ sha256 }) => sha256 === null) ??
    named[0]
  );
}

/** The project's word on where a named source is wins over the lock's, which may be older. Poetry compares names so. */
function privateRoot(wanted: WantedFile, sources: readonly PackageSource[]): string {
  const name = wanted.source.reference?.toLowerCase();
  const url = sources.find((source) => source.name.toLowerCase() === name)?.url ?? wanted.source.url;
  if (url !== undefined) return url;
  throw new BivyError('LOCK_INVALID', `the source of \`${wanted.package}\` in the lock has no \`url\``, {
    hint: 'run `poetry lock`',
  });
}

function pageUrl(root: string, wanted: WantedFile): string {
  const parsed = parseHttpUrl(root);
  if (parsed === undefined) {
    throw new BivyError(
      'CONFIG_INVALID',
      `the index of \`${wanted.package}\` has no \`http:\` or \`https:\` address`,
      {
        hint: 'name the root of its simple API',
      },
    );
  }
  const { url } = splitCredentials(parsed);
  url.hash = '';
  // Poetry takes an address that ends so for the one page of all projects.
  if (/\.html?$/.test(url.pathname)) return url.href;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${encodeURIComponent(normalizeName(wanted.package))}/`;
  return url.href;
}

function directUrl({ package: name, source }: WantedFile): string {
  const parsed = parseHttpUrl(source.url ?? '');
  if (parsed !== undefined) {
    parsed.hash = '';
    return parsed.href;
  }
  throw new BivyError(
    'SOURCE_UNSUPPORTED',
    `\`${name}\` is locked from an address that is neither \`http:\` nor \`https:\``,
    {
      hint: 'depend on it by an `https:` address, or by a path',
    },
  );
}

function warnYanked(wanted: WantedFile, reason: string, { emit }: Context): void {
  const because = reason === '' ? '' : `: ${reason.slice(0, 300)}`;
  emit({
    type: 'warning',
    message: `\`${wanted.package}\` ${wanted.version} was yanked from the index${because}`,
    hint: 'it is installed all the same, as Poetry does; `poetry update` takes a newer one',
  });
}
