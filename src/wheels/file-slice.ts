// Bounded synchronous reads of one file: the reader of archives runs in a worker thread, where waiting costs nothing.

import * as fs from 'node:fs';
import { fillFrom } from '../kernel/file-system.ts';

export interface OpenFile {
  readonly fd: number;
  readonly size: number;
}

/** Opens `path`, hands it over, and closes it whatever happens. */
export function withFile<T>(path: string, use: (file: OpenFile) => T): T {
  const fd = fs.openSync(path, 'r');
  try {
    return use({ fd, size: fs.fstatSync(fd).size });
  } finally {
    fs.closeSync(fd);
  }
}

/** At most `length` bytes from `offset`: fewer only where the file ends. */
export function readSlice(file: OpenFile, offset: number, length: number): Buffer {
  const wanted = Math.max(0, Math.min(length, file.size - offset));
  const bytes = Buffer.allocUnsafe(wanted);
  return bytes.subarray(0, fillFrom(file.fd, bytes, offset));
}

/** Whether two ranges of one length hold the same bytes. */
export function slicesEqual(file: OpenFile, left: number, right: number, length: number): boolean {
  const step = 1 << 20;
  for (let done = 0; done < length; done += step) {
    const size = Math.min(step, length - done);
    if (!readSlice(file, left + done, size).equals(readSlice(file, right + done, size))) return false;
  }
  return true;
}
