// The few facts of an ELF file that the dynamic loader goes by: machine, soname, needed libraries.
// System V ABI, "Object Files" and "Dynamic Linking". Any bytes are answered; what is no sound ELF file is nothing.

export interface Elf {
  readonly machine: number;
  /** 64 bits. */
  readonly wide: boolean;
  readonly little: boolean;
  readonly soname: string | undefined;
  readonly needed: readonly string[];
}

const DYNAMIC = 2;
const LOAD = 1;
const NEEDED = 1;
const STRTAB = 5;
const SONAME = 14;

export function readElf(bytes: Buffer): Elf | undefined {
  if (bytes.length < 64 || bytes.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const wide = bytes[4] === 2;
  const little = bytes[5] === 1;
  try {
    return decode(bytes, wide, little);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decode(bytes: Buffer, wide: boolean, little: boolean): Elf {
  const half = (at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const single = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const word = (at: number): number => {
    if (!wide) return single(at);
    return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  };
  const table = word(wide ? 32 : 28);
  const entrySize = half(wide ? 54 : 42);
  const count = half(wide ? 56 : 44);

  const loads: { readonly offset: number; readonly address: number; readonly size: number }[] = [];
  let dynamic: { readonly offset: number; readonly size: number } | undefined;
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    const type = single(at);
    const offset = word(at + (wide ? 8 : 4));
    const address = word(at + (wide ? 16 : 8));
    const size = word(at + (wide ? 32 : 16));
    if (type === LOAD) loads.push({ offset, address, size });
    if (type === DYNAMIC) dynamic = { offset, size };
  }

  const needed: number[] = [];
  let soname: number | undefined;
  let strings: number | undefined;
  const step = wide ? 16 : 8;
  for (
    let at = dynamic?.offset ?? 0;
    dynamic !== undefined && at < dynamic.offset + dynamic.size;
    at += step
  ) {
    const tag = word(at);
    if (tag === 0) break;
    const value = word(at + step / 2);
    if (tag === NEEDED) needed.push(value);
    else if (tag === SONAME) soname = value;
    else if (tag === STRTAB) strings = value;
  }
  const segment = loads.find(
    ({ address, size }) => strings !== undefined && strings >= address && strings < address + size,
  );
  const base =
    segment === undefined || strings === undefined ? undefined : strings - segment.address + segment.offset;
  const text = (value: number): string => {
    const start = (base ?? bytes.length) + value;
    const end = bytes.indexOf(0, start);
    if (start >= bytes.length || end < 0 || end - start > 4096)
      throw new RangeError('a name outside the file');
    return bytes.toString('utf8', start, end);
  };
  return {
    machine: half(18),
    wide,
    little,
    soname: soname === undefined ? undefined : text(soname),
    needed: needed.map(text),
  };
}
