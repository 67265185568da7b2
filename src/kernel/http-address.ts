// What of a URL may be shown, where its credentials may go, and which redirects are followed. Pure.

/** The URL for messages and events: no credentials, no query (it may be a signature), no fragment. */
export function publicUrl(url: string): string {
  const parsed = parseHttpUrl(url);
  if (parsed === undefined) return '(an address that cannot be read)';
  const query = parsed.search === '' ? '' : '?…';
  return `${parsed.origin}${parsed.pathname}${query}`;
}

/** An absolute `http:` or `https:` URL, or nothing. */
export function parseHttpUrl(url: string, base?: string): URL | undefined {
  if (!URL.canParse(url, base)) return undefined;
  const parsed = new URL(url, base);
  return (parsed.protocol === 'http:' || parsed.protocol === 'https:') && parsed.hostname !== ''
    ? parsed
    : undefined;
}

/** The URL without its credentials, and these as the value of an `Authorization` header. */
export function splitCredentials(url: URL): {
  readonly url: URL;
  readonly authorization: string | undefined;
} {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  if (url.username === '' && url.password === '') return { url: bare, authorization: undefined };
  return { url: bare, authorization: basicAuthorization(decode(url.username), decode(url.password)) };
}

/** RFC 7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Whether what was sent to `from` may be sent to `to`: same host and port, or the same host's usual TLS port. */
export function mayShareCredentials(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true;
  const upgraded = from.protocol === 'http:' && to.protocol === 'https:';
  return upgraded && from.hostname === to.hostname && from.port === '' && to.port === '';
}

export type Redirect =
  | { readonly kind: 'follow'; readonly url: URL; readonly keepCredentials: boolean }
  | { readonly kind: 'refuse'; readonly reason: string };

/** Where a `Location` leads. Credentials in it are dropped: they are the user's to give, not a server's. */
export function followRedirect(from: URL, location: string): Redirect {
  const found = parseHttpUrl(location, from.href);
  if (found === undefined)
    return { kind: 'refuse', reason: 'to an address that is neither `http:` nor `https:`' };
  const { url } = splitCredentials(found);
  url.hash = '';
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    return { kind: 'refuse', reason: `to \`${publicUrl(url.href)}\`, which is not encrypted` };
  }
  return { kind: 'follow', url, keepCredentials: mayShareCredentials(from, url) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
