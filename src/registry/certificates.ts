// Certificates of authorities that one host has for itself, where Docker and podman keep them: `certs.d/HOST:PORT/*.crt`.

import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BivyError } from '../kernel/errors.ts';

/** Where they are looked for; docs.docker.com "Verify repository client with certificates", containers-certs.d(5). */
export const CERTIFICATES: readonly string[] = ['/etc/docker/certs.d', '/etc/containers/certs.d'];

const MAX_CERTIFICATE = 1 << 20;

/**
 * @param names what the host is called; the first directory that has certificates for one of them is taken
 * @returns PEM texts, by name of file
 * @throws BivyError `CONFIG_INVALID` where a file cannot be used
 */
export async function readCertificates(
  directories: readonly string[],
  names: readonly string[],
): Promise<readonly string[]> {
  for (const directory of directories) {
    for (const name of new Set(names)) {
      const found = await readDirectory(join(directory, name));
      if (found.length > 0) return found;
    }
  }
  return [];
}

async function readDirectory(directory: string): Promise<readonly string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw unusable(directory, `it cannot be read (${code ?? 'unknown reason'})`, error);
  }
  const files = names.filter((name) => name.endsWith('.crt')).sort();
  return Promise.all(files.map((name) => readCertificate(join(directory, name))));
}

async function readCertificate(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(file, `it cannot be read (${code ?? 'unknown reason'})`, error);
  }
  if (text.length > MAX_CERTIFICATE || !isPem(text))
    throw unusable(file, 'it holds no PEM certificate', undefined);
  return text;
}

/** Node passes over a certificate that it cannot read, and trusts nobody then. */
function isPem(text: string): boolean {
  try {
    return text.includes('-----BEGIN ') && new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

function unusable(path: string, fault: string, cause: unknown): BivyError {
  return new BivyError('CONFIG_INVALID', `cannot use the certificates in \`${path}\`: ${fault}`, {
    hint: 'put PEM certificates there, or remove what stands there',
    cause,
  });
}
