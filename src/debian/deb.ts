// The container of a Debian package: an `ar` archive of three members in this order: `debian-binary`, `control.tar.*`,
// `data.tar.*`. deb(5). Only where the members stand is found out here; the file was held against its hash before.

import { open } from 'node:fs/promises';
import { BivyError } from '../kernel/errors.ts';

/** Where a tar inside the package stands: its bytes, and how they are compressed (`.xz`, `.gz` or nothing). */
export interface DebMember {
  readonly offset: number;
  readonly size: number;
  readonly ending: string;
}

export interface Deb {
  readonly control: DebMember;
  readonly data: DebMember;
}

const MAGIC = '!<arch>\n';
const HEADER = 60;

/** @throws BivyError `ARCHIVE_INVALID` */
export async function readDeb(path: string, name: string): Promise<Deb> {
  const invalid = (fault: string): BivyError =>
    new BivyError('ARCHIVE_INVALID', `${name} is no Debian package: ${fault}`);
  const file = await open(path, 'r');
  try {
    const { size: length } = await file.stat();
    const at = async (offset: number, size: number): Promise<string> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset);
      return buffer.toString('latin1', 0, bytesRead);
    };
    if ((await at(0, MAGIC.length)) !== MAGIC) throw invalid('it does not begin like an `ar` archive');
    let offset = MAGIC.length;
    const next = async (): Promise<{
      readonly name: string;
      readonly offset: number;
      readonly size: number;
    }> => {
      const header = await at(offset, HEADER);
      const match = /^([!-~]{1,16}) *$/.exec(header.slice(0, 16));
      const size = /^(\d{1,10}) *$/.exec(header.slice(48, 58));
      if (match === null || size === null || header.slice(58) !== '`\n')
        throw invalid('a member’s header is damaged');
      const member = { name: match[1]!.replace(/\/$/, ''), offset: offset + HEADER, size: Number(size[1]) };
      offset = member.offset + member.size + (member.size % 2);
      if (member.offset + member.size > length) throw invalid(`\`${member.name}\` is cut short`);
      return member;
    };
    const version = await next();
    if (version.name !== 'debian-binary' || !/^2\.\d+\n/.test(await at(version.offset, 4))) {
      throw invalid('its format is not 2.0');
    }
    const member = async (wanted: string): Promise<DebMember> => {
      const found = await next();
      if (!found.name.startsWith(wanted))
        throw invalid(`\`${found.name}\` stands where \`${wanted}\` should`);
      return { offset: found.offset, size: found.size, ending: found.name.slice(wanted.length) };
    };
    return { control: await member('control.tar'), data: await member('data.tar') };
  } finally {
    await file.close();
  }
}
