// A project's page of a package index, decoded: simple repository API, PEP 503 (HTML), 592 (yanked), 629 (versions), 691
// (JSON), 700 (sizes). What comes from outside is checked here; only what fetching needs is kept. Pure.

import { isTable } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import { parseHttpUrl, publicUrl, splitCredentials } from '../kernel/http-address.ts';
import { tagsOf, titleOf } from './html-links.ts';
import { printable } from './refusal.ts';

/** A file that an index lists. */
export interface IndexFile {
  readonly name: string;
  /** Absolute, without credentials and fragment. */
  readonly url: string;
  /** 64 lower-case hexadecimal digits; `null` where the index does not say. */
  readonly sha256: string | null;
  /** Bytes; `null` where the index does not say. */
  readonly size: number | null;
  /** Why it was yanked (perhaps an empty text); `null` where it was not. */
  readonly yanked: string | null;
}

export interface PageAnswer {
  /** Where it came from, after redirects: what its links are relative to. */
  readonly url: string;
  readonly contentType: string | undefined;
  readonly text: string;
}

/** What to ask for: JSON before HTML. */
export const PAGE_TYPES: string =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

const JSON_TYPES = new Set(['application/vnd.pypi.simple.v1+json', 'application/json']);
const FILE_NAME = /\.(?:whl|tar\.gz|zip|tar\.bz2|tar\.xz|tar\.Z|tar|tgz|egg|exe|msi|rpm|deb|dmg)$/i;

/** A file that somebody looks for. */
export interface SoughtFile {
  readonly name: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** The files of a page in the order listed. @throws BivyError `INDEX_INVALID`, naming the page and what came */
export function readPage(answer: PageAnswer): readonly IndexFile[] {
  return isJson(answer) ? readJson(answer) : readHtml(answer);
}

/**
 * The files of these names or hashes, in the order listed: what the page says of the others is not needed.
 * @throws BivyError as `readPage`
 */
export function findOnPage(answer: PageAnswer, sought: readonly SoughtFile[]): readonly IndexFile[] {
  const quick = isJson(answer) ? undefined : findByHash(answer, sought);
  if (quick !== undefined) return quick;
  const names = new Set(sought.map(({ name }) => name));
  const hashes = new Set<string | null>(sought.map(({ sha256 }) => sha256));
  return readPage(answer).filter(({ name, sha256 }) => names.has(name) || hashes.has(sha256));
}

function isJson({ contentType }: PageAnswer): boolean {
  return JSON_TYPES.has(contentType?.split(';')[0]?.trim().toLowerCase() ?? '');
}

/** Anything but links and line breaks, after the first link: what would change what a link means. */
const UNUSUAL = /<(?!\/?a[\s>]|br|\/body|\/html)/i;

/** A whole start tag: a `>` in a quoted value ends none. */
const LINK_TAG = /^<a\s[^'">]*(?:(?:"[^"]*"|'[^']*')[^'">]*)*>/i;
/** Characters from a link's hash to either of its ends, and links with a hash that is looked for: more is no usual page. */
const LINK = 8192;
const MOST_LINKS = 100;

/**
 * Pages of thousands of links of which one is meant: its hash is looked for as text, and only the links that hold it are
 * read. Nothing where the page is not the usual head and list of links, or does not list each file by both name and hash.
 */
function findByHash(answer: PageAnswer, sought: readonly SoughtFile[]): readonly IndexFile[] | undefined {
  const { text } = answer;
  const first = text.search(/<a\s/i);
  if (first < 0 || UNUSUAL.test(text.slice(first))) return undefined;
  const links = new Map<number, string>();
  for (const { sha256 } of sought) {
    for (let at = text.indexOf(sha256, first); at >= 0; at = text.indexOf(sha256, at + 1)) {
      const start = text.slice(Math.max(0, at - LINK), at).lastIndexOf('<') - Math.min(LINK, at);
      const link = LINK_TAG.exec(text.slice(at + start, at + LINK))?.[0];
      if (link === undefined || links.size > MOST_LINKS) return undefined;
      links.set(at + start, link);
    }
  }
  if (links.size === 0) return undefined;
  const inOrder = [...links].sort(([a], [b]) => a - b).map(([, link]) => link);
  const found = readHtml({ ...answer, text: text.slice(0, first) + inOrder.join('\n') });
  const isListed = ({ name, sha256 }: SoughtFile): boolean =>
    found.some((file) => file.name === name && file.sha256 === sha256);
  return sought.every(isListed) ? found : undefined;
}

function readJson(answer: PageAnswer): readonly IndexFile[] {
  let page: unknown;
  try {
    page = JSON.parse(answer.text);
  } catch (error) {
    throw invalid(answer, 'no JSON came', error);
  }
  if (!isTable(page) || !Array.isArray(page['files']))
    throw invalid(answer, 'JSON without a list of `files` came');
  const meta = page['meta'];
  checkVersion(answer, isTable(meta) ? meta['api-version'] : undefined);
  return page['files'].flatMap((file: unknown) => {
    if (!isTable(file) || typeof file['filename'] !== 'string' || typeof file['url'] !== 'string') {
      throw invalid(answer, 'a file without `filename` and `url` is listed');
    }
    const hashes = file['hashes'];
    const { size, yanked } = file;
    return fileAt(answer.url, file['url'], {
      name: file['filename'],
      sha256: isTable(hashes) ? sha256From(hashes['sha256']) : null,
      size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
      yanked: typeof yanked === 'string' ? yanked : yanked === true ? '' : null,
    });
  });
}

function readHtml(answer: PageAnswer): readonly IndexFile[] {
  const files: IndexFile[] = [];
  let base = answer.url;
  let declared = false;
  for (const { name, attributes } of tagsOf(answer.text)) {
    const href = attributes.get('href');
    if (name === 'base' && href !== undefined) base = parseHttpUrl(href, answer.url)?.href ?? base;
    if (name === 'meta' && attributes.get('name')?.toLowerCase() === 'pypi:repository-version') {
      checkVersion(answer, attributes.get('content'));
      declared = true;
    }
    if (name !== 'a' || href === undefined) continue;
    const plain = readPlainLink(href);
    if (plain !== undefined) {
      if (FILE_NAME.test(plain.name))
        files.push({ ...plain, size: null, yanked: attributes.get('data-yanked') ?? null });
      continue;
    }
    const target = parseHttpUrl(href, base);
    const fileName = target === undefined ? undefined : lastSegment(target);
    if (target === undefined || fileName === undefined || !FILE_NAME.test(fileName)) continue;
    const hash = /^#sha256=([0-9a-fA-F]{64})(?:&|$)/.exec(target.hash)?.[1];
    files.push(
      ...fileAt(base, target.href, {
        name: fileName,
        sha256: sha256From(hash),
        size: null,
        yanked: attributes.get('data-yanked') ?? null,
      }),
    );
  }
  if (files.length === 0 && !declared) throw invalid(answer, 'something without a link to any file came');
  return files;
}

/** An address that is written as it would be resolved to: of lower-case labels and characters that stand for themselves. */
const PLAIN =
  /^(https?:\/\/(?:(?!xn--)[a-z0-9-]+\.)*(?!xn--)[a-z][a-z0-9-]*\/(?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*\/)*([A-Za-z0-9_+-][A-Za-z0-9._+-]*))#sha256=([0-9a-f]{64})$/;

/** What most links of an index are, without the time that resolving an address takes: a page may have thousands. */
function readPlainLink(href: string): Pick<IndexFile, 'name' | 'url' | 'sha256'> | undefined {
  const [, url, name, sha256] = PLAIN.exec(href) ?? [];
  return url === undefined || name === undefined || sha256 === undefined ? undefined : { name, url, sha256 };
}

/** The file with its address resolved; nothing where the address is none that can be fetched. */
function fileAt(base: string, address: string, file: Omit<IndexFile, 'url'>): readonly IndexFile[] {
  const parsed = parseHttpUrl(address, base);
  if (parsed === undefined) return [];
  const { url } = splitCredentials(parsed);
  url.hash = '';
  return [{ ...file, url: url.href }];
}

/** PEP 629: another major version means something that this reader does not know. */
function checkVersion(answer: PageAnswer, version: unknown): void {
  if (version === undefined) return;
  if (typeof version === 'string' && /^1\.\d+$/.test(version)) return;
  throw invalid(answer, `version \`${printable(String(version))}\` of the simple API came; 1.x is known`);
}

function sha256From(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-fA-F]{64}$/.test(value) ? value.toLowerCase() : null;
}

function lastSegment(url: URL): string | undefined {
  const segment = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function invalid(answer: PageAnswer, what: string, cause?: unknown): BivyError {
  const title = titleOf(answer.text);
  const beginning = answer.text.trimStart().slice(0, 60).replaceAll(/\s+/g, ' ');
  const type = answer.contentType === undefined ? 'no content type' : `\`${printable(answer.contentType)}\``;
  return new BivyError(
    'INDEX_INVALID',
    `\`${publicUrl(answer.url)}\` is no page of a package index: ${what}`,
    {
      causes: [
        `the answer was ${answer.text.length} characters of ${type}`,
        title === undefined || title === ''
          ? `it begins with \`${printable(beginning)}\``
          : `its title is \`${printable(title)}\``,
      ],
      hint: 'check the address of the index; where the network asks to sign in first, do that, then try again',
      cause,
    },
  );
}
