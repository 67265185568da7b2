// Names of zip members: how bytes become text (as Python's zipfile reads them) and which names no wheel may use.
// Case and Unicode form are left alone: on Linux `A.py` and `a.py` are two files, and so they are for Poetry.

import { invalidWheel, printable, unsafeWheel } from './refusal.ts';

// The upper half of code page 437, what zip names are in where no flag says UTF-8 (APPNOTE, appendix D).
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws BivyError `WHEEL_INVALID` where the bytes are not the UTF-8 that the flag promised */
export function decodeName(bytes: Uint8Array, isUtf8: boolean, wheel: string): string {
  if (!isUtf8) {
    let text = '';
    for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : CP437.charAt(byte - 0x80);
    return text;
  }
  try {
    return utf8.decode(bytes);
  } catch {
    const shown = printable(Buffer.from(bytes).toString('latin1'));
    throw invalidWheel(wheel, `the name of member \`${shown}\` is not UTF-8`);
  }
}

/** Takes plain relative paths only (a directory's closing `/` apart). @throws BivyError `WHEEL_UNSAFE` */
export function checkMemberName(name: string, wheel: string): void {
  const fault = pathFault(name.endsWith('/') ? name.slice(0, -1) : name);
  if (fault !== undefined) throw unsafeWheel(wheel, `member \`${printable(name)}\` ${fault}`);
}

/** What is wrong with a relative, `/`-separated path from outside; nothing where it stays below its root. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'has no name';
  if (path.startsWith('/')) return 'is an absolute path';
  if (/^[A-Za-z]:/.test(path)) return 'names a drive';
  if (path.includes('\\')) return 'has a backslash in its path';
  if (/\p{Cc}/u.test(path)) return 'has a control character in its path';
  for (const part of path.split('/')) {
    if (part === '..') return 'leaves its directory by `..`';
    if (part === '.' || part === '')
      return 'has an empty or `.` component in its path, another name for another path';
    if (part.length > 60 && Buffer.byteLength(part) > 255) return 'has a component of more than 255 bytes';
  }
  return Buffer.byteLength(path) > 3800 ? 'has a path of more than 3800 bytes' : undefined;
}
