// Debian packages for tests: tar, XZ (stored chunks alone) and ar writers that can be made to write nonsense.

import { crc32 } from 'node:zlib';

export interface TarMember {
  readonly path: string;
  /** Content of a file; absent for other kinds. */
  readonly data?: string | Uint8Array;
  /** `0` file (default where there is data), `1` hard link, `2` symlink, `5` directory (default), `3` device. */
  readonly type?: string;
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A ustar archive as `dpkg-deb` would write it, paths as given. */
export function tarOf(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap((member) => {
    const { path, data, type = data === undefined ? '5' : '0', target = '', uid = 0, gid = 0 } = member;
    const bytes = Buffer.from(data ?? '');
    const mode = member.mode ?? (type === '5' ? 0o755 : type === '2' ? 0o777 : 0o644);
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write(octal(mode, 7), 100);
    header.write(octal(uid, 7), 108);
    header.write(octal(gid, 7), 116);
    header.write(octal(bytes.length, 11), 124);
    header.write(octal(0, 11), 136);
    header.write('        ', 148);
    header.write(type, 156);
    header.write(target, 157, 100);
    header.write('ustar\u000000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${octal(sum, 6)} `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`;
}

/** An XZ file whose LZMA2 chunks are all stored. .xz file format 1.1.0 (tukaani.org). */
export function xzOf(data: Uint8Array): Buffer {
  const flags = Buffer.from([0, 1]);
  const header = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), flags, checksum(flags)]);
  // One block, without sizes; one filter: LZMA2 with a dictionary of 64 KiB.
  const blockHeader = Buffer.from([2, 0, 0x21, 1, 8, 0, 0, 0]);
  const chunks: Buffer[] = [];
  for (let at = 0; at < data.length; at += 0x10000) {
    const part = data.subarray(at, at + 0x10000);
    const head = Buffer.from([at === 0 ? 1 : 2, (part.length - 1) >> 8, (part.length - 1) & 255]);
    chunks.push(head, Buffer.from(part));
  }
  const body = Buffer.concat([blockHeader, checksum(blockHeader), ...chunks, Buffer.from([0])]);
  const padded = pad(body);
  const unpadded = body.length + 4;
  const block = Buffer.concat([padded, checksum(data)]);
  const index = pad(Buffer.concat([Buffer.from([0, 1]), vary(unpadded), vary(data.length)]));
  const indexed = Buffer.concat([index, checksum(index)]);
  const footer = Buffer.alloc(6);
  footer.writeUInt32LE(indexed.length / 4 - 1, 0);
  flags.copy(footer, 4);
  return Buffer.concat([header, block, indexed, checksum(footer), footer, Buffer.from('YZ')]);
}

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes), 0);
  return sum;
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function vary(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left & 0x7f) | 0x80);
    left = Math.floor(left / 128);
  }
  return Buffer.from([...bytes, left]);
}

export interface ArMember {
  readonly name: string;
  readonly data: Uint8Array;
  /** Written instead of the true one. */
  readonly size?: number;
}

export function arOf(members: readonly ArMember[], magic = '!<arch>\n'): Buffer {
  const parts = members.flatMap(({ name, data, size = data.length }) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(size).padEnd(10)}\`\n`,
    ),
    Buffer.from(data),
    Buffer.alloc(data.length % 2, '\n'),
  ]);
  return Buffer.concat([Buffer.from(magic), ...parts]);
}

export interface DebContents {
  /** The paragraph of `control`. */
  readonly control: string;
  readonly members: readonly TarMember[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly md5sums?: string;
}

export function debOf({ control, members, scripts = {}, md5sums }: DebContents): Buffer {
  const controls: TarMember[] = [
    { path: './', type: '5' },
    { path: './control', data: control },
  ];
  if (md5sums !== undefined) controls.push({ path: './md5sums', data: md5sums });
  for (const [name, data] of Object.entries(scripts)) controls.push({ path: `./${name}`, data, mode: 0o755 });
  return arOf([
    { name: 'debian-binary', data: Buffer.from('2.0\n') },
    { name: 'control.tar.xz', data: xzOf(tarOf(controls)) },
    { name: 'data.tar.xz', data: xzOf(tarOf(members)) },
  ]);
}
