// Fetching from a mirror: every failure names the mirror and says what to do; what was promised by hash is held to it.

import type { Blob } from '../kernel/cache.ts';
import type { Context } from '../kernel/context.ts';
import type { Digest } from '../kernel/digest.ts';
import { BivyError, type ErrorCode, toBivyError } from '../kernel/errors.ts';
import { requestWhole } from '../kernel/http.ts';
import { publicUrl } from '../kernel/http-address.ts';

export interface Download {
  /** Tried in turn; the next one only where the mirror has nothing at the one before. */
  readonly urls: readonly string[];
  /** For messages and events: `libc6 2.36-9`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly expected: Digest;
}

const ANOTHER = 'name another mirror as `mirror` in `[tool.bivy]` or by `BIVY_DEBIAN_MIRROR`';

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  HASH_MISMATCH: 'the mirror may be in the middle of an update: try again later, or use another mirror',
  MIRROR_UNREACHABLE: `check the network, or ${ANOTHER}`,
  MIRROR_INVALID: `check what stands between here and the mirror, or ${ANOTHER}`,
};

const ABSENT: ReadonlySet<number> = new Set([403, 404, 410]);

/**
 * A file of the mirror as a blob of the cache.
 * @throws BivyError `OFFLINE`, `MIRROR_UNREACHABLE`, `MIRROR_INVALID`, `HASH_MISMATCH`
 */
export async function download(wanted: Download, context: Context): Promise<Blob> {
  const found = await attempt(wanted, context);
  if (typeof found !== 'number') return found;
  throw refused(wanted.name, found, wanted.urls);
}

/**
 * The same; nothing where the mirror says that it has no such file.
 * @throws BivyError `OFFLINE`, `MIRROR_UNREACHABLE`, `MIRROR_INVALID`, `HASH_MISMATCH`
 */
export async function findDownload(wanted: Download, context: Context): Promise<Blob | undefined> {
  const found = await attempt(wanted, context);
  if (typeof found !== 'number') return found;
  if (ABSENT.has(found)) return undefined;
  throw refused(wanted.name, found, wanted.urls);
}

/** The blob, or the status of the last answer. */
async function attempt(wanted: Download, context: Context): Promise<Blob | number> {
  const { name, size, expected } = wanted;
  if (context.offline) throw offline(name);
  let status = 0;
  for (const url of wanted.urls) {
    try {
      const response = await context.http.request({
        url,
        limit: size,
        signal: context.signal,
        peer: 'mirror',
        verified: true,
      });
      status = response.status;
      if (status === 200) {
        context.emit({ type: 'download', name, size });
        const blob = await context.cache.putBlob(response.body, { name, limit: size, expected });
        context.emit({ type: 'downloaded', name, size: blob.size });
        return blob;
      }
      for await (const _ of response.body);
    } catch (error) {
      throw explain(error, name, url);
    }
    if (!ABSENT.has(status)) break;
  }
  return status;
}

/**
 * A text of the mirror that nothing was promised of: its signature will show.
 * @throws BivyError `OFFLINE`, `MIRROR_UNREACHABLE`, `MIRROR_INVALID`
 */
export async function downloadText(
  url: string,
  name: string,
  limit: number,
  context: Context,
): Promise<string> {
  if (context.offline) throw offline(name);
  const { http, signal } = context;
  const { status, bytes } = await requestWhole(http, { url, limit, signal, peer: 'mirror' }).catch(
    (error: unknown) => {
      throw explain(error, name, url);
    },
  );
  if (status !== 200) throw refused(name, status, [url]);
  return Buffer.from(bytes).toString('utf8');
}

function offline(name: string): BivyError {
  return new BivyError('OFFLINE', `${name} is not in the cache, and the network was not to be used`, {
    hint: 'run once without `--offline`',
  });
}

function refused(name: string, status: number, urls: readonly string[]): BivyError {
  return new BivyError('MIRROR_UNREACHABLE', `the Debian mirror answers with status ${status} for ${name}`, {
    causes: urls.map(publicUrl),
    hint: `check that the mirror is a complete one of Debian, or ${ANOTHER}`,
  });
}

function explain(error: unknown, name: string, url: string): BivyError {
  const known = toBivyError(error);
  const hint = HINTS[known.code];
  if (hint === undefined) return known;
  return new BivyError(known.code, `fetching ${name} from the Debian mirror: ${known.message}`, {
    causes: [...known.causes, publicUrl(url)],
    hint,
    cause: known.cause,
  });
}
