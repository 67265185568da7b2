// Where a registry may send who asks it: for tokens, and on with an upload. What a server answers must not make this
// machine talk to itself or to its own network's metadata, nor say in the clear what was told under encryption. Pure.

import { BlockList, isIP } from 'node:net';
import { BivyError } from '../kernel/errors.ts';
import { parseHttpUrl, publicUrl, splitCredentials } from '../kernel/http-address.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const INNER = new BlockList();
INNER.addSubnet('0.0.0.0', 8, 'ipv4');
INNER.addSubnet('169.254.0.0', 16, 'ipv4');
INNER.addAddress('::', 'ipv6');
INNER.addSubnet('fe80::', 10, 'ipv6');

/** Whether a host is this machine. @param hostname of a `URL` */
export function isLoopback(hostname: string): boolean {
  const name = bare(hostname);
  return name === 'localhost' || name.endsWith('.localhost') || isIn(LOOPBACK, name);
}

/** How an address is asked: what is this machine, past any proxy. */
export function routeTo(url: URL): { readonly direct?: true } {
  return isLoopback(url.hostname) ? { direct: true } : {};
}

/** Whether a host is this machine or of its own link: nothing that others should send anyone to. */
function isInner(hostname: string): boolean {
  return isLoopback(hostname) || isIn(INNER, bare(hostname));
}

function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export interface Sending {
  /** The registry that sends. */
  readonly from: URL;
  /** As users write it. */
  readonly domain: string;
  /** What is to be done there: `for tokens`, `on with an upload`. */
  readonly why: string;
  /** Did the user say that the host may be asked in the clear? Loopback may in any case. */
  readonly mayBePlain: (url: URL) => boolean;
}

/**
 * The address that a registry sends to, without credentials.
 * @param base what it is relative to
 * @throws BivyError `REGISTRY_INVALID` where nothing should be sent there
 */
export function addressOf(location: string, base: string, { from, domain, why, mayBePlain }: Sending): URL {
  const parsed = parseHttpUrl(location, base);
  if (parsed === undefined) throw refused(domain, why, 'an address that is neither `http:` nor `https:`');
  const { url } = splitCredentials(parsed);
  url.hash = '';
  const shown = `\`${publicUrl(url.href)}\``;
  if (url.origin === from.origin) return url;
  if (mayBePlain(url)) return url;
  if (isInner(url.hostname) && !isLoopback(from.hostname)) {
    throw refused(domain, why, `${shown}, which is an address of this machine or its own network`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw refused(domain, why, `${shown}, which is not encrypted`);
  }
  return url;
}

function refused(domain: string, why: string, where: string): BivyError {
  return new BivyError('REGISTRY_INVALID', `\`${domain}\` sends ${why} to ${where}`, {
    hint: 'the registry, or a proxy before it, is misconfigured: it must know the address by which it is reached',
  });
}
