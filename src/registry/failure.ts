// What a registry says when it will not: its errors (distribution-spec v1.1, "Error Codes") in words that are safe to
// show, and the code and the remedy that fit the status. Pure.

import { BivyError } from '../kernel/errors.ts';
import type { WholeResponse } from '../kernel/http.ts';
import { isPassing } from '../kernel/http-patience.ts';

export interface Asked {
  /** As users write it. */
  readonly domain: string;
  /** Continues `… was asked to`: ``push to `team/app` ``. */
  readonly doing: string;
  /** Whether a login went along. */
  readonly login?: boolean;
}

const MAX_ERRORS = 5;
const MAX_TEXT = 300;

/** The error that an answer stands for. */
export function refusal(
  response: Pick<WholeResponse, 'status' | 'headers' | 'bytes'>,
  asked: Asked,
): BivyError {
  const { status, headers, bytes } = response;
  const { domain, doing } = asked;
  const causes = errorsOf(bytes);
  if (status === 401 || status === 403) return denial(asked, causes);
  if (isPassing(status)) {
    const wait = /^\d{1,9}$/.exec(headers['retry-after'] ?? '')?.[0];
    return new BivyError(
      'REGISTRY_UNREACHABLE',
      `\`${domain}\` was asked to ${doing} and answered with status ${status}`,
      {
        causes,
        hint:
          status === 429
            ? `it is asked too often${wait === undefined ? '' : `, and wants ${wait} s of peace`}; log in, or try again later`
            : 'try again later; what is there already is not sent again',
      },
    );
  }
  const unknown = causes.some((cause) => /^NAME_UNKNOWN\b/.test(cause));
  return new BivyError(
    'REGISTRY_INVALID',
    `\`${domain}\` was asked to ${doing} and answered with status ${status}`,
    {
      causes,
      hint: unknown
        ? 'there is no such repository; some registries want it to be created before anything is pushed'
        : 'the registry says why under `caused by`, or in its log; a proxy before it may answer in its place',
    },
  );
}

/** Nobody may, or not with this login. */
export function denial({ domain, doing, login = false }: Asked, causes: readonly string[]): BivyError {
  const command = domain === 'docker.io' ? 'docker login' : `docker login ${domain}`;
  return new BivyError('REGISTRY_DENIED', `\`${domain}\` does not let you ${doing}`, {
    causes,
    hint: login
      ? `the login for \`${domain}\` was refused: it may have expired, or may not do this; run \`${command}\``
      : `run \`${command}\`, or set \`BIVY_REGISTRY_USERNAME\` and \`BIVY_REGISTRY_PASSWORD\``,
  });
}

/** `CODE: message (detail)`, a line each; nothing where the body is none of a registry's. */
function errorsOf(bytes: Uint8Array): readonly string[] {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return [];
  }
  const errors: unknown = (body as { errors?: unknown } | null)?.errors;
  if (!Array.isArray(errors)) {
    // What token servers say: RFC 6749 section 5.2, and Docker's `details`.
    const {
      error,
      error_description: description,
      details,
      message,
    } = (body ?? {}) as Record<string, unknown>;
    const said = [error, description, details, message].filter((text) => typeof text === 'string');
    return said.length === 0 ? [] : [clean(said.join(': '))];
  }
  return errors.slice(0, MAX_ERRORS).map((error: unknown) => {
    const { code, message, detail } = (error ?? {}) as Record<string, unknown>;
    const head = [code, message].filter((text) => typeof text === 'string' && text !== '').join(': ');
    const more = typeof detail === 'string' ? detail : isEmpty(detail) ? '' : JSON.stringify(detail);
    return clean(`${head || 'an error without a name'}${more === '' ? '' : ` (${more})`}`);
  });
}

function isEmpty(detail: unknown): boolean {
  return typeof detail !== 'object' || detail === null || Object.keys(detail).length === 0;
}

/** Safe to show: one line, no control or direction marks, nothing that looks like what was sent to prove who asks. */
function clean(text: string): string {
  const line = text
    .replace(/\b(basic|bearer)\s+[\w.~+/=-]{8,}/gi, '$1 …')
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
