// What a socket's error means to a person, and whether trying again may help. Pure.

export interface Failure {
  /** Continues `the server …`. */
  readonly reason: string;
  readonly passing: boolean;
  readonly hint?: string;
  /** The server is there, and has no certificate that is trusted. */
  readonly unproven?: boolean;
}

const SLOW = 'BIVY_SLOW';
const LENGTH = 'BIVY_LENGTH';
const LATE = {
  connection: ['BIVY_LATE_CONNECTION', 'did not accept the connection in time'],
  headers: ['BIVY_LATE_HEADERS', 'did not answer in time'],
  body: ['BIVY_LATE_BODY', 'stopped in the middle of its answer'],
} as const;
const NAME_HINT = 'check the spelling of the address, the network, and `HTTPS_PROXY`';
const REASONS: Readonly<Record<string, { reason: string; hint?: string }>> = {
  ENOTFOUND: { reason: 'has a name that nobody knows', hint: NAME_HINT },
  EAI_AGAIN: { reason: 'has a name that could not be looked up', hint: NAME_HINT },
  ECONNREFUSED: { reason: 'refused the connection' },
  ECONNRESET: { reason: 'closed the connection' },
  EPIPE: { reason: 'closed the connection' },
  UND_ERR_SOCKET: { reason: 'closed the connection' },
  ETIMEDOUT: { reason: 'did not answer in time' },
  EHOSTUNREACH: { reason: 'cannot be reached' },
  ENETUNREACH: { reason: 'cannot be reached' },
  // Of undici, which speaks to proxies.
  UND_ERR_CONNECT_TIMEOUT: { reason: LATE.connection[1] },
  UND_ERR_HEADERS_TIMEOUT: { reason: LATE.headers[1] },
  UND_ERR_BODY_TIMEOUT: { reason: LATE.body[1] },
};

/** The failure that a rejected exchange or a broken body stands for. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS_|ERR_SSL_/.test(code)) {
    return {
      reason: `could not prove who it is (${code})`,
      passing: false,
      unproven: !/ERR_SSL_/.test(code),
      hint: 'where a private authority signs, name its certificates in `SSL_CERT_FILE` or `NODE_EXTRA_CA_CERTS`',
    };
  }
  const known = REASONS[code];
  if (known !== undefined) return { passing: true, ...known };
  if (code === SLOW || code.startsWith('BIVY_LATE_')) return { reason: message, passing: true };
  if (code === LENGTH) return { reason: message, passing: false };
  if (/^HPE_|^UND_ERR_(?:REQ|RES)_CONTENT_LENGTH/.test(code)) {
    return { reason: `did not speak HTTP (${code})`, passing: true };
  }
  // What was asked cannot be sent at all, by undici or by Node.
  const isUnsendable = /^(?:UND_ERR_INVALID_ARG|ERR_INVALID_|ERR_UNESCAPED_|ERR_HTTP_INVALID_)/.test(code);
  return { reason: `failed: ${message}`, passing: !isUnsendable };
}

/** The failure of a server that was waited for in vain. */
export function late(what: keyof typeof LATE): Error {
  const [code, message] = LATE[what];
  return Object.assign(new Error(message), { code });
}

/** The failure of a body that is not what was announced: the file behind it has changed. Bytes. */
export function wrongLength(announced: number, sent: number): Error {
  return Object.assign(new Error(`was announced ${announced} bytes, and there are ${sent}`), {
    code: LENGTH,
  });
}

/** The failure of a body that trickles; `milliseconds` were spent waiting for `bytes`. */
export function tooSlow(bytes: number, milliseconds: number): Error {
  return Object.assign(new Error(`sent only ${bytes} bytes in ${Math.ceil(milliseconds / 1000)} s`), {
    code: SLOW,
  });
}

/** The failure of a server that takes no more of what it is sent. */
export function tookTooLong(milliseconds: number): Error {
  return Object.assign(new Error(`took no more bytes for ${Math.ceil(milliseconds / 1000)} s`), {
    code: SLOW,
  });
}

/** Connecting to several addresses of one name fails with one error for all: the first says enough. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown; cause?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}
