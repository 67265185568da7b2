// Debian version numbers: `[epoch:]upstream[-revision]`. Policy manual, section 5.6.12.

/**
 * Negative, zero or positive as `a` is older than, equal to or newer than `b`. Total on any text, so that a
 * hostile version sorts somewhere instead of stopping everything.
 */
export function compareDebianVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = split(a);
  const right = split(b);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

/** The upstream part alone: `3.11.2` of `3.11.2-6+deb12u8`. */
export function upstreamVersion(version: string): string {
  return split(version).upstream;
}

interface Parts {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

function split(version: string): Parts {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** Runs of non-digits and of digits in turn, each compared by its own rule. */
function comparePart(a: string, b: string): number {
  let at = 0;
  let bt = 0;
  while (at < a.length || bt < b.length) {
    while ((at < a.length && !isDigit(a, at)) || (bt < b.length && !isDigit(b, bt))) {
      const difference = weight(a, at) - weight(b, bt);
      if (difference !== 0) return difference;
      at++;
      bt++;
    }
    const aEnd = digitsEnd(a, at);
    const bEnd = digitsEnd(b, bt);
    const difference = compareNumbers(a.slice(at, aEnd), b.slice(bt, bEnd));
    if (difference !== 0) return difference;
    at = aEnd;
    bt = bEnd;
  }
  return 0;
}

/** `~` before the end, the end (or a digit) before letters, letters before everything else. */
function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === 0x7e) return -1;
  const letter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return letter ? code : code + 0x10000;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

function digitsEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && isDigit(text, at)) at++;
  return at;
}

/** Numbers of any length, as text: an empty one is 0. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
