// What a few telling files of a base say, read as they pass by and never held whole: users, C library, Python.
// ELF: System V ABI, "ELF Header" and "Program Interpreter".

import type { Libc } from '../python/target.ts';

export interface Probe {
  feed(chunk: Uint8Array): void;
  /** What was learnt, once all has been fed. */
  finish(): Learnt;
}

/** What is kept of a file that was probed. */
export type Learnt =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'python'; readonly elf: Elf; readonly version?: string }
  | { readonly kind: 'libc'; readonly elf: Elf; readonly libc?: Libc };

export interface Elf {
  /** `e_machine`; absent where the file is no ELF. */
  readonly machine?: number;
  /** The program interpreter's family, where its path stands near the beginning. */
  readonly interpreter?: 'glibc' | 'musl';
}

const MAX_TEXT = 1 << 20;
/** Longest string looked for, with room. */
const OVERLAP = 256;

const PYTHON = /(?:^|\/)bin\/python(?:3(?:\.(\d+))?)?$/;
const LIBPYTHON = /\/libpython3\.(\d+)\.so(?:\.[\d.]+)?$/;
const PATCHLEVEL = /\/include\/python3\.\d+\/patchlevel\.h$/;
const GLIBC = /(?:^|\/)(?:libc\.so\.6|libc-2\.\d+\.so)$/;
const MUSL = /(?:^|\/)(?:ld-musl-[^/]+\.so\.1|libc\.musl-[^/]+\.so\.1)$/;

/** The probe for a file at that path, if it tells anything. */
export function probeFor(path: string, size: number): Probe | undefined {
  if (path === 'etc/passwd' || path === 'etc/group' || PATCHLEVEL.test(path)) {
    return size <= MAX_TEXT ? textProbe() : undefined;
  }
  const python = PYTHON.exec(path) ?? LIBPYTHON.exec(path);
  if (python !== null) {
    const minor = python[1] ?? '\\d+';
    // The compiler may have merged it with the end of a longer string: what is before it tells nothing.
    return scan(
      new RegExp(`(?<![\\d.])(3\\.${minor}\\.\\d{1,3}(?:(?:a|b|rc)\\d{1,3})?)\\+?(?=\\0)`),
      (elf, found) => ({
        kind: 'python',
        elf,
        ...(found === undefined ? {} : { version: found[1]! }),
      }),
    );
  }
  if (GLIBC.test(path)) {
    return scan(/GNU C Library [^\n]{0,100} release version (\d+)\.(\d+)/, libcOf('glibc'));
  }
  if (MUSL.test(path)) return scan(/(?<![\d.])(1)\.(\d)\.\d{1,3}(?:_[\w.]*)?(?=\0)/, libcOf('musl'));
  return undefined;
}

function libcOf(family: Libc['family']): (elf: Elf, found: RegExpExecArray | undefined) => Learnt {
  return (elf, found) => ({
    kind: 'libc',
    elf,
    ...(found === undefined ? {} : { libc: { family, major: Number(found[1]), minor: Number(found[2]) } }),
  });
}

/** The version that CPython's `patchlevel.h` defines. */
export function patchlevelOf(header: string): string | undefined {
  return /^#define\s+PY_VERSION\s+"(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)\+?"/m.exec(header)?.[1];
}

function textProbe(): Probe {
  const chunks: Uint8Array[] = [];
  return {
    feed: (chunk) => chunks.push(Buffer.from(chunk)),
    finish: () => ({ kind: 'text', text: Buffer.concat(chunks).toString('utf8') }),
  };
}

function scan(pattern: RegExp, finish: (elf: Elf, found: RegExpExecArray | undefined) => Learnt): Probe {
  let head = Buffer.alloc(0);
  let tail = '';
  let found: RegExpExecArray | undefined;
  return {
    feed(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (head.length < 4096) head = Buffer.concat([head, bytes.subarray(0, 4096 - head.length)]);
      if (found !== undefined) return;
      const text = tail + bytes.toString('latin1');
      found = pattern.exec(text) ?? undefined;
      tail = text.slice(-OVERLAP);
    },
    finish: () => finish(elfOf(head), found),
  };
}

function elfOf(head: Buffer): Elf {
  if (head.length < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return {};
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
  const text = head.toString('latin1');
  const interpreter = /\/lib(?:32|64)?\/ld(-musl|-linux|64\.so)/.exec(text)?.[1];
  return {
    machine,
    ...(interpreter === undefined ? {} : { interpreter: interpreter === '-musl' ? 'musl' : 'glibc' }),
  };
}

const MACHINES: Readonly<Record<string, number>> = {
  '386': 3,
  amd64: 62,
  arm: 40,
  arm64: 183,
  loong64: 258,
  mips64le: 8,
  ppc64le: 21,
  riscv64: 243,
  s390x: 22,
};

/** Whether a file is for that architecture (OCI's name); files of architectures without a number pass. */
export function isMachine(elf: Elf, architecture: string): boolean {
  const wanted = MACHINES[architecture];
  return elf.machine !== undefined && (wanted === undefined || elf.machine === wanted);
}
