// `InRelease`: what an archive says of a suite, and whether it is Debian that says it. The text is believed only as far
// as its signature reaches (RFC 9580, section 7, cleartext signatures). Debian wiki, "DebianRepository/Format".

import { BivyError } from '../kernel/errors.ts';
import { parseParagraph } from './control.ts';

/** A file that the release vouches for. */
export interface ListedFile {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

export interface ReleaseFile {
  readonly codename: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  /** Milliseconds since 1970; most suites have no end. */
  readonly validUntil: number | undefined;
  readonly byHash: boolean;
  readonly architectures: readonly string[];
  /** Where `Architecture: all` is listed apart from the ports' own lists. */
  readonly allApart: boolean;
  /** By path below the suite's directory: `main/binary-amd64/Packages.xz`. */
  readonly files: ReadonlyMap<string, ListedFile>;
}

/**
 * The text under a cleartext signature that one of the keys made.
 * @param keys armored public keys
 * @param now milliseconds since 1970: keys must not have expired by then
 * @throws BivyError `MIRROR_SIGNATURE`; `MIRROR_INVALID` for what is not signed text at all
 */
export async function verifySigned(
  signed: string,
  keys: readonly string[],
  name: string,
  now: number,
): Promise<string> {
  const { readCleartextMessage, readKey, verify } = await import('openpgp');
  const message = await readCleartextMessage({ cleartextMessage: signed }).catch((error: unknown) => {
    throw new BivyError(
      'MIRROR_INVALID',
      `${name} is no signed release file: it begins with ${excerpt(signed)}`,
      {
        cause: error,
        hint: 'check that the address is a Debian mirror’s and that nothing in between answers for it',
      },
    );
  });
  const verificationKeys = await Promise.all(keys.map((armoredKey) => readKey({ armoredKey })));
  const { data, signatures } = await verify({ message, verificationKeys, date: new Date(now) });
  const faults: string[] = [];
  for (const signature of signatures) {
    try {
      await signature.verified;
      return data;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      faults.push(`key ${signature.keyID.toHex().toUpperCase()}: ${reason}`);
    }
  }
  throw new BivyError('MIRROR_SIGNATURE', `${name} is not signed by a key of Debian that bivy knows`, {
    causes: faults,
    hint: 'do not use this mirror before you know who changed its files; another mirror can be named by `BIVY_DEBIAN_MIRROR`',
  });
}

/** @throws BivyError `MIRROR_INVALID` */
export function parseReleaseFile(text: string, name: string): ReleaseFile {
  const fields = parseParagraph(text.replaceAll('\r\n', '\n'));
  const invalid = (fault: string): BivyError => new BivyError('MIRROR_INVALID', `${name} ${fault}`);
  const codename = fields.get('codename');
  const date = Date.parse(fields.get('date') ?? '');
  const until = fields.get('valid-until');
  const validUntil = until === undefined ? undefined : Date.parse(until);
  if (codename === undefined || Number.isNaN(date) || Number.isNaN(validUntil ?? 0)) {
    throw invalid('lacks a codename, or has dates that cannot be read');
  }
  const files = new Map<string, ListedFile>();
  for (const line of (fields.get('sha256') ?? '').split('\n')) {
    if (line.trim() === '') continue;
    const match = /^\s*([0-9a-f]{64})\s+(\d{1,12})\s+(\S+)\s*$/.exec(line);
    if (match === null) throw invalid(`lists a file in a way that cannot be read: ${excerpt(line)}`);
    files.set(match[3]!, { sha256: match[1]!, size: Number(match[2]) });
  }
  const architectures = (fields.get('architectures') ?? '').split(/\s+/).filter(Boolean);
  const split = (fields.get('no-support-for-architecture-all') ?? '').split(/\s+/);
  return {
    codename,
    date,
    validUntil,
    byHash: fields.get('acquire-by-hash') === 'yes',
    architectures,
    allApart: architectures.includes('all') && !split.includes('Packages'),
    files,
  };
}

function excerpt(text: string): string {
  return JSON.stringify(text.trimStart().slice(0, 60));
}
