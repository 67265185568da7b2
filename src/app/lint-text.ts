// A Dockerfile's bytes as text and back. BuildKit takes any bytes: what is not UTF-8 is read as one character a byte, so
// that it comes out as it went in.

import { isUtf8 } from 'node:buffer';

export interface FileText {
  readonly text: string;
  readonly encoding: 'utf8' | 'latin1';
}

export function decodeText(bytes: Buffer): FileText {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  return { text: bytes.toString(encoding), encoding };
}

/** `undefined` where the encoding cannot hold the text. */
export function encodeText({ text, encoding }: FileText): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}
