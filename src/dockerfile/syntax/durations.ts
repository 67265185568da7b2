// Durations as Go's `time.ParseDuration` reads them: `1m30s`.

const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Seconds; undefined where the text is no duration. */
export function readDuration(text: string): number | undefined {
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  if (text.slice(sign.length) === '0') return 0;
  let total = 0;
  let at = sign.length;
  do {
    PART.lastIndex = at;
    const match = PART.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * SECONDS[match[2]!]!;
    at = PART.lastIndex;
  } while (at < text.length);
  return sign === '-' ? -total : total;
}
