// Asking an index for a project's page. Pages are remembered with their validators (RFC 9110 section 13.1), and asked
// for again each time: an answer "not modified" costs no body. Pages whose links are secrets are not remembered.

import type { Context } from '../kernel/context.ts';
import { keyOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { requestWhole, type WholeResponse } from '../kernel/http.ts';
import { publicUrl } from '../kernel/http-address.ts';
import { credentialVariable } from './credentials.ts';
import { findOnPage, type IndexFile, PAGE_TYPES, type SoughtFile } from './page.ts';

export interface PageRequest {
  readonly url: string;
  /** The files that are looked for on it. */
  readonly sought: readonly SoughtFile[];
  readonly authorization?: string;
  /** Name of the private source, for the hint where credentials are missing. */
  readonly source?: string;
  readonly signal: AbortSignal;
}

/** What was found on a page: a row a file, `[name, url, sha256, size, yanked]`. */
interface PageRecord {
  readonly etag?: string;
  readonly lastModified?: string;
  readonly files: readonly (readonly [string, string, string | null, number | null, string | null])[];
}

/** The largest page of PyPI has 7 MB; this bounds what a wrong address can do. */
const PAGE_BYTES = 100 * 1024 * 1024;
const KIND = 'pages';
const SERVER_HINT = 'the server, or a proxy before it, is at fault; try again later or ask another index';

/**
 * What a project's page lists of the files sought, by name or by hash; `undefined` where the index has no such page.
 * @throws BivyError `INDEX_INVALID`, `INDEX_UNREACHABLE`
 */
export async function lookUpPage(
  { url, sought, authorization, source, signal }: PageRequest,
  { cache, http }: Context,
): Promise<readonly IndexFile[] | undefined> {
  const key = keyOf({ kind: KIND, version: 2, url });
  const remembered = cache.readRecord<PageRecord>(KIND, key);
  // What is looked for now may not be what was found then.
  const known = remembered !== undefined && lists(remembered, sought) ? remembered : undefined;
  const response = await requestWhole(http, {
    url,
    limit: PAGE_BYTES,
    signal,
    headers: {
      accept: PAGE_TYPES,
      'accept-encoding': 'gzip',
      ...(authorization === undefined ? {} : { authorization }),
      ...(known?.etag === undefined ? {} : { 'if-none-match': known.etag }),
      ...(known?.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
    },
  });
  if (response.status === 304 && known !== undefined) return known.files.map(fromRow);
  if (response.status === 404 || response.status === 410) return undefined;
  if (response.status === 401 || response.status === 403) throw refused(response, source);
  if (response.status !== 200) {
    throw new BivyError(
      'INDEX_INVALID',
      `\`${publicUrl(response.url)}\` answered with status ${response.status}`,
      {
        hint: 'check the address of the index',
      },
    );
  }
  const { headers } = response;
  const text = new TextDecoder().decode(await decodeContent(response));
  const files = findOnPage({ url: response.url, contentType: headers['content-type'], text }, sought);
  const validators = {
    ...(headers['etag'] === undefined ? {} : { etag: headers['etag'] }),
    ...(headers['last-modified'] === undefined ? {} : { lastModified: headers['last-modified'] }),
  };
  if (Object.keys(validators).length > 0 && !files.some(isSecret)) {
    cache.writeRecord(KIND, key, { ...validators, files: files.map(toRow) } satisfies PageRecord);
  }
  return files;
}

function lists({ files }: PageRecord, sought: readonly SoughtFile[]): boolean {
  return sought.every(({ name, sha256 }) =>
    files.some(([listed, , hash]) => listed === name && hash === sha256),
  );
}

/** A query may be a signature that opens the file to whoever has it. */
function isSecret({ url }: IndexFile): boolean {
  return url.includes('?');
}

function toRow({ name, url, sha256, size, yanked }: IndexFile): PageRecord['files'][number] {
  return [name, url, sha256, size, yanked];
}

function fromRow([name, url, sha256, size, yanked]: PageRecord['files'][number]): IndexFile {
  return { name, url, sha256, size, yanked };
}

async function decodeContent({ headers, bytes, url }: WholeResponse): Promise<Uint8Array> {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return bytes;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new BivyError('INDEX_INVALID', `\`${publicUrl(url)}\` came in an encoding that was not asked for`, {
      hint: SERVER_HINT,
    });
  }
  const { gunzip } = await import('node:zlib');
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: PAGE_BYTES }, (error, decoded) => {
      if (error === null) return resolve(decoded);
      const message = `\`${publicUrl(url)}\` is damaged or too large`;
      return reject(new BivyError('INDEX_INVALID', message, { hint: SERVER_HINT, cause: error }));
    });
  });
}

function refused({ status, url }: WholeResponse, source: string | undefined): BivyError {
  const variable = source === undefined ? undefined : credentialVariable(source);
  return new BivyError('INDEX_UNREACHABLE', `the index refused \`${publicUrl(url)}\` with status ${status}`, {
    hint:
      variable === undefined
        ? 'give credentials in the address of the index or in `~/.netrc`'
        : `set \`${variable}_USERNAME\` and \`${variable}_PASSWORD\`, or put the credentials into \`~/.netrc\``,
  });
}
