// The smallest shared library that a loader would look at: ELF header, two segments, a dynamic section, its strings.

export interface LibraryOptions {
  readonly soname?: string;
  readonly needed?: readonly string[];
  /** 62 is x86-64. */
  readonly machine?: number;
}

export function sharedLibrary({ soname, needed = [], machine = 62 }: LibraryOptions): Buffer {
  let strings = '\0';
  const place = (text: string): bigint => {
    strings += `${text}\0`;
    return BigInt(strings.length - text.length - 1);
  };
  const tags: [bigint, bigint][] = needed.map((name) => [1n, place(name)]);
  if (soname !== undefined) tags.push([14n, place(soname)]);
  const dynamic = 64 + 2 * 56;
  const table = dynamic + (tags.length + 2) * 16;
  const bytes = Buffer.alloc(table + strings.length);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  const address = 0x1000n;
  segment(bytes, 64, 1, 0n, address, BigInt(bytes.length));
  segment(bytes, 120, 2, BigInt(dynamic), address + BigInt(dynamic), BigInt(table - dynamic));
  [...tags, [5n, address + BigInt(table)] as const, [0n, 0n] as const].forEach(([tag, value], index) => {
    bytes.writeBigUInt64LE(tag, dynamic + index * 16);
    bytes.writeBigUInt64LE(value, dynamic + index * 16 + 8);
  });
  bytes.write(strings, table, 'latin1');
  return bytes;
}

function segment(
  bytes: Buffer,
  at: number,
  type: number,
  offset: bigint,
  address: bigint,
  size: bigint,
): void {
  bytes.writeUInt32LE(type, at);
  bytes.writeBigUInt64LE(offset, at + 8);
  bytes.writeBigUInt64LE(address, at + 16);
  bytes.writeBigUInt64LE(size, at + 32);
}
