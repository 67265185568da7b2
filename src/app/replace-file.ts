// Writing a user's file anew: whole or not at all, with its mode and owner, and never over what somebody wrote meanwhile.

import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { BivyError } from '../kernel/errors.ts';
import { readBounded } from './bounded-file.ts';

/**
 * Through a link the file that it leads to is replaced.
 * @param name as messages have it
 * @param before what the file held when it was read
 * @throws BivyError `DOCKERFILE_CHANGED`; `PERMISSION` where mode and owner cannot be kept. The file is as it was then
 */
export function replaceFile(path: string, name: string, before: Buffer, after: Buffer): void {
  const target = fs.realpathSync(path);
  const stats = fs.statSync(target);
  const temporary = join(dirname(target), `.bivy-${randomUUID()}`);
  const file = fs.openSync(temporary, 'wx', 0o600);
  try {
    try {
      fs.writeFileSync(file, after);
      const made = fs.fstatSync(file);
      if (made.uid !== stats.uid || made.gid !== stats.gid) fs.fchownSync(file, stats.uid, stats.gid);
      fs.fchmodSync(file, stats.mode & 0o7777);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    const now = readBounded(target, before.length);
    if (now.kind !== 'file' || !now.bytes.equals(before)) {
      throw new BivyError(
        'DOCKERFILE_CHANGED',
        `\`${name}\` changed while it was fixed; it was not written`,
        {
          location: { file: name },
          hint: 'run the command again',
        },
      );
    }
    fs.renameSync(temporary, target);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}
