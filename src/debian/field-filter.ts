// A package list on its way into memory: two thirds of it (descriptions, tags, maintainers) are never asked for, and are
// dropped while it comes. Works on bytes, in pieces cut anywhere.

export interface FieldFilter {
  add(chunk: Uint8Array): void;
  /** The lines that were kept. */
  end(): Buffer;
}

const FIELDS = [
  'Architecture',
  'Breaks',
  'Conflicts',
  'Depends',
  'Filename',
  'Multi-Arch',
  'Package',
  'Pre-Depends',
  'Provides',
  'SHA256',
  'Size',
  'Version',
].map((name) => Buffer.from(`${name}:`));

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;

/** @param most bytes that will come at most */
export function createFieldFilter(most: number): FieldFilter {
  // Pages that are never written cost no memory.
  const kept = Buffer.allocUnsafeSlow(most);
  let end = 0;
  let rest = Buffer.alloc(0);
  let keeping = false;

  function takeLine(bytes: Buffer, start: number, after: number): void {
    const first = bytes[start];
    if (first !== SPACE && first !== TAB) keeping = first === LINE_FEED || isWanted(bytes, start, after);
    if (keeping) end += bytes.copy(kept, end, start, after);
  }

  return {
    add(chunk) {
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let start = 0;
      for (let feed = bytes.indexOf(LINE_FEED); feed >= 0; feed = bytes.indexOf(LINE_FEED, start)) {
        takeLine(bytes, start, feed + 1);
        start = feed + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
    },
    end() {
      if (rest.length > 0) takeLine(rest, 0, rest.length);
      return kept.subarray(0, end);
    },
  };
}

/** Field names are compared as Debian’s archive writes them, capitals and all. */
function isWanted(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start]!;
  for (const field of FIELDS) {
    if (field[0] !== first || end - start < field.length) continue;
    let at = 1;
    while (at < field.length && bytes[start + at] === field[at]) at++;
    if (at === field.length) return true;
  }
  return false;
}
