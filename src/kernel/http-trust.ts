// The certificate authorities of a connection: Node's own, those that the environment names, those of one host.

import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { BivyError } from './errors.ts';

/**
 * `SSL_CERT_FILE` (as OpenSSL and Python have it) replaces Node's own authorities; those of `NODE_EXTRA_CA_CERTS`, which
 * Node adds by itself to its own only, stay.
 *
 * @param besides PEM texts that are trusted too
 * @returns what makes the context, once; nothing comes of it where Node's own will do. Files are read before
 * @throws BivyError `CONFIG_INVALID`
 */
export function secureContextFor(
  environment: NodeJS.ProcessEnv,
  besides: readonly string[] = [],
): () => SecureContext | undefined {
  const named = environment['SSL_CERT_FILE'];
  const bundle = named === '' ? undefined : named;
  if (bundle === undefined && besides.length === 0) return () => undefined;
  const extra = environment['NODE_EXTRA_CA_CERTS'];
  const authorities = bundle === undefined ? rootCertificates : [readBundle('SSL_CERT_FILE', bundle)];
  const additions =
    extra === undefined || extra === '' || extra === bundle ? [] : [readBundle('NODE_EXTRA_CA_CERTS', extra)];
  let made: SecureContext | undefined;
  return () => {
    made ??= makeContext(
      [...authorities, ...additions, ...besides],
      besides.length === 0 ? bundle : undefined,
    );
    return made;
  };
}

function makeContext(ca: readonly string[], bundle: string | undefined): SecureContext {
  try {
    return createSecureContext({ ca: [...ca] });
  } catch (error) {
    if (bundle !== undefined) throw unusable('SSL_CERT_FILE', bundle, error);
    throw new BivyError('CONFIG_INVALID', 'cannot use the certificates that are configured for a host', {
      hint: 'files of PEM certificates are wanted',
      cause: error,
    });
  }
}

function readBundle(variable: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(variable, file, error);
  }
  if (!/-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(text)) throw unusable(variable, file, undefined);
  return text;
}

function unusable(variable: string, file: string, cause: unknown): BivyError {
  return new BivyError(
    'CONFIG_INVALID',
    `cannot use the certificates that \`${variable}\` names: \`${file}\``,
    {
      hint: 'name a file of PEM certificates there, or unset it',
      cause,
    },
  );
}
