// The ways in which the tests' registry misbehaves.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer, RegistryStore } from './registry-store.ts';

/** What happens to one request instead of the right answer. */
export type RegistryStep =
  | { readonly kind: 'right' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** Sends elsewhere: `to` is a whole address, or an origin that the request's path and query are put behind. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Closes the connection with a reset before any answer. */
  | { readonly kind: 'reset' }
  /** Does what was asked, and closes the connection instead of saying so. */
  | { readonly kind: 'silent' }
  /** The right answer, not before this. */
  | { readonly kind: 'wait'; readonly until: () => Promise<unknown> }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Takes `after` bytes of the request's body, then resets. What came of an upload is kept unless `keep` is false. */
  | { readonly kind: 'break'; readonly after: number; readonly keep?: boolean }
  /** Declares the whole length, sends `after` bytes, closes. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** Sends `after` bytes of the right body, then nothing more, and keeps the connection. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Sends `bytes` bytes every `every` milliseconds. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly every: number }
  /** The right answer with its last byte changed. */
  | { readonly kind: 'corrupt' }
  /** The right answer with other headers; an empty one is left out. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> };

/** Answers a request as the step says. */
export async function performStep(
  step: RegistryStep,
  request: IncomingMessage,
  response: ServerResponse,
  right: () => Promise<Answer>,
  store: RegistryStore,
  body: () => AsyncIterable<Buffer>,
): Promise<void> {
  const { socket } = request;
  switch (step.kind) {
    case 'right':
      return send(request, response, await right());
    case 'answer':
      return send(request, response, {
        status: step.status,
        headers: { ...step.headers },
        body: Buffer.from(step.body ?? ''),
      });
    case 'redirect': {
      const to = /^https?:\/\/[^/]+$/.test(step.to) ? `${step.to}${request.url ?? ''}` : step.to;
      const headers = { location: to };
      return send(request, response, { status: step.status ?? 307, headers, body: Buffer.alloc(0) });
    }
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'silent':
      await right();
      socket.resetAndDestroy();
      return;
    case 'wait':
      await step.until();
      return send(request, response, await right());
    case 'hang':
      return;
    case 'break':
      return takeAndReset(step, request, store, body());
    case 'truncate': {
      const { status, headers, body: whole } = await right();
      head(response, status, headers, whole.length);
      response.write(whole.subarray(0, step.after), () => socket.destroy());
      return;
    }
    case 'stall': {
      const { status, headers, body: whole } = await right();
      head(response, status, headers, whole.length);
      response.write(whole.subarray(0, step.after));
      return;
    }
    case 'drip':
      return drip(step.bytes, step.every, response, await right(), socket);
    case 'corrupt': {
      const answer = await right();
      const changed = Buffer.from(answer.body);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 0xff;
      return send(request, response, { ...answer, body: changed });
    }
    case 'headers': {
      const answer = await right();
      const headers = Object.entries({ ...answer.headers, ...step.headers }).filter(
        ([, value]) => value !== '',
      );
      return send(request, response, { ...answer, headers: Object.fromEntries(headers) });
    }
  }
}

async function takeAndReset(
  { after, keep = true }: { readonly after: number; readonly keep?: boolean },
  request: IncomingMessage,
  store: RegistryStore,
  body: AsyncIterable<Buffer>,
): Promise<void> {
  // A request that is left in the middle of its body lets go of its socket, and does not close it.
  const { socket } = request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= after) break;
  }
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  store.breakUpload(pathname, Buffer.concat(chunks).subarray(0, after), keep);
  socket.resetAndDestroy();
}

function drip(bytes: number, every: number, response: ServerResponse, answer: Answer, socket: Socket): void {
  head(response, answer.status, answer.headers, answer.body.length);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(answer.body.subarray(sent, sent + bytes));
    sent += bytes;
    if (sent >= answer.body.length) response.end();
  }, every);
  socket.on('close', () => clearInterval(timer));
  response.on('close', () => clearInterval(timer));
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  head(response, status, headers, status === 204 ? undefined : body.length);
  if (request.method !== 'HEAD' && body.length > 0) response.write(body);
  response.end();
}

function head(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  length: number | undefined,
): void {
  response.writeHead(status, {
    ...(length === undefined ? {} : { 'content-length': String(length) }),
    ...headers,
  });
}
