// What Docker's engine answers: JSON, lines of JSON, or a fault in its own words.

import { BivyError } from '../kernel/errors.ts';
import type { EngineResponse } from './client.ts';

/** The fault in the lines that a load answers with, or in its status. */
export function faultOf(response: EngineResponse): string | undefined {
  if (response.status !== 200) return messageOf(response);
  for (const line of response.text.split('\n')) {
    try {
      const { error } = JSON.parse(line === '' ? '{}' : line) as { error?: unknown };
      if (typeof error === 'string') return error;
    } catch {
      return `it answered ${JSON.stringify(line.slice(0, 200))}`;
    }
  }
  return undefined;
}

/**
 * @param what was asked: `to load the image`
 * @throws BivyError `ENGINE_FAILED` where the status is none of success
 */
export function expectOk(response: EngineResponse, what: string): void {
  if (response.status < 200 || response.status > 299) throw failed(what, messageOf(response));
}

/** @throws BivyError `ENGINE_FAILED` where the answer is no JSON */
export function parse(response: EngineResponse, what: string): unknown {
  try {
    return JSON.parse(response.text);
  } catch (error) {
    throw new BivyError('ENGINE_FAILED', `what Docker's engine was asked ${what} it answered without sense`, {
      causes: [JSON.stringify(response.text.slice(0, 200))],
      cause: error,
      hint: 'check that the address is that of a Docker engine',
    });
  }
}

function messageOf({ status, text }: EngineResponse): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // no JSON: the text itself
  }
  return `status ${status}: ${text.slice(0, 500).trim()}`;
}

/** The error of an engine that could not do what it was asked. */
export function failed(what: string, fault: string): BivyError {
  return new BivyError('ENGINE_FAILED', `Docker's engine was asked ${what} and failed`, {
    causes: [fault],
    hint: /no space left/i.test(fault)
      ? 'make room where the engine keeps its images, for example with `docker system prune`'
      : 'see what the engine logged; `docker-archive:FILE` writes the same image to a file',
  });
}
