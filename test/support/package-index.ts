// A package index on loopback (simple repository API: PEP 503, 592, 691, 700) that serves given files and misbehaves
// by script. Every request is logged with its headers, so that a test can count look-ups and hunt for leaked secrets.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface ServedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The project whose page lists it; by default what stands before the first `-` of the name, normalised. */
  readonly project?: string;
  readonly yanked?: boolean | string;
  /** The SHA-256 that the page gives: another than the true one to lie, `null` for none. */
  readonly listedSha256?: string | null;
  /** The size that a JSON page gives: another than the true one to lie, `null` for none. */
  readonly listedSize?: number | null;
  /** Where the page says the file is, when not here. */
  readonly url?: string;
}

/** What happens to one request instead of the right answer. */
type Step =
  | { readonly kind: 'right' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Closes the connection with a reset before any answer. */
  | { readonly kind: 'reset' }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Declares the whole length, sends `after` bytes, closes. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** Sends `after` bytes of the right body, then nothing more, and keeps the connection. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Declares `length` whatever the body is. */
  | { readonly kind: 'declare'; readonly length: number }
  /** Sends `bytes` bytes every `every` milliseconds. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly every: number };

interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly status: () => number;
}

export interface PackageIndexOptions {
  readonly files?: readonly ServedFile[];
  /** Page formats it knows; JSON wins where it is asked for. Default: both. */
  readonly formats?: readonly ('json' | 'html')[];
  /** Give ETags and answer conditional requests. Default: true. */
  readonly etags?: boolean;
  /** Answer range requests for files. Default: true. */
  readonly ranges?: boolean;
  /** Compress pages for those who accept gzip. Default: false. */
  readonly gzip?: boolean;
  /** Basic credentials that every request needs. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

export interface PackageIndex {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Root of the simple API, with a final `/`. */
  readonly url: string;
  /** In order of arrival. */
  readonly log: readonly ReceivedRequest[];
  /** Number of requests for a path so far (of all paths when left out). */
  count(path?: string): number;
  /** Requests being answered at this moment, at most, since the start. */
  mostAtOnce(): number;
  /** The next requests for `path` take these steps, one each; afterwards it behaves again. */
  script(path: string, ...steps: readonly Step[]): void;
  /** Every request for `path` takes that step. */
  always(path: string, step: Step): void;
  /** Adds a file, or replaces the one of that name. */
  serve(file: ServedFile): void;
  /** Takes a file off its page and off the server. */
  remove(name: string): void;
  fileUrl(name: string): string;
  close(): Promise<void>;
}

/** Path of a project's page. */
export function pagePath(project: string): string {
  return `/simple/${project}/`;
}

/** Path of a served file. */
export function filePath(name: string): string {
  return `/files/${name}`;
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Listens on a free port of the loopback address until it is closed. */
export async function startPackageIndex(options: PackageIndexOptions = {}): Promise<PackageIndex> {
  const files = new Map((options.files ?? []).map((file) => [file.name, file]));
  const scripts = new Map<string, Step[]>();
  const forever = new Map<string, Step>();
  const log: ReceivedRequest[] = [];
  let open = 0;
  let most = 0;

  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    log.push({
      path,
      headers: request.headers as Record<string, string | undefined>,
      status: () => response.statusCode,
    });
    open += 1;
    most = Math.max(most, open);
    response.on('close', () => {
      open -= 1;
    });
    const step = scripts.get(path)?.shift() ?? forever.get(path) ?? { kind: 'right' };
    perform(step, request, response, rightAnswer(path, request, files, options, origin()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function origin(): string {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  return {
    origin: origin(),
    url: `${origin()}/simple/`,
    log,
    count: (path) => (path === undefined ? log.length : log.filter((entry) => entry.path === path).length),
    mostAtOnce: () => most,
    script: (path, ...steps) => void scripts.set(path, [...steps]),
    always: (path, step) => void forever.set(path, step),
    serve: (file) => void files.set(file.name, file),
    remove: (name) => void files.delete(name),
    fileUrl: (name) => `${origin()}${filePath(name)}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

function rightAnswer(
  path: string,
  request: IncomingMessage,
  files: ReadonlyMap<string, ServedFile>,
  options: PackageIndexOptions,
  origin: string,
): Answer {
  const { credentials } = options;
  if (credentials !== undefined) {
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
    if (request.headers.authorization !== `Basic ${basic}`) return plain(401, 'who are you?');
  }
  if (path.startsWith('/files/')) {
    const file = files.get(decodeURIComponent(path.slice('/files/'.length)));
    return file === undefined ? plain(404, 'no such file') : fileAnswer(file, request, options);
  }
  const project = /^\/simple\/([^/]+)\/$/.exec(path)?.[1];
  const listed = [...files.values()].filter((file) => projectOf(file) === project);
  if (project === undefined || listed.length === 0) return plain(404, 'no such project');
  return pageAnswer(project, listed, request, options, origin);
}

function pageAnswer(
  project: string,
  listed: readonly ServedFile[],
  request: IncomingMessage,
  options: PackageIndexOptions,
  origin: string,
): Answer {
  const formats = options.formats ?? ['json', 'html'];
  const accept = request.headers.accept ?? '';
  const json = formats.includes('json') && accept.includes('application/vnd.pypi.simple.v1+json');
  if (!json && !formats.includes('html')) return plain(406, 'only JSON here');
  const text = json ? jsonPage(project, listed, origin) : htmlPage(project, listed);
  const headers: Record<string, string> = {
    'content-type': json ? 'application/vnd.pypi.simple.v1+json' : 'text/html; charset=utf-8',
  };
  if (options.etags !== false) {
    const etag = `"${sha256Of(text).slice(0, 16)}"`;
    headers['etag'] = etag;
    if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: new Uint8Array() };
  }
  const zip = options.gzip === true && (request.headers['accept-encoding'] ?? '').includes('gzip');
  if (zip) headers['content-encoding'] = 'gzip';
  return { status: 200, headers, body: zip ? gzipSync(text) : Buffer.from(text) };
}

function fileAnswer(file: ServedFile, request: IncomingMessage, options: PackageIndexOptions): Answer {
  const headers: Record<string, string> = { 'content-type': 'application/octet-stream' };
  const etag = `"${sha256Of(file.bytes).slice(0, 16)}"`;
  if (options.etags !== false) headers['etag'] = etag;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  if (options.ranges === false || range === null || (condition !== undefined && condition !== etag)) {
    return { status: 200, headers, body: file.bytes };
  }
  const start = Number(range[1]);
  headers['content-range'] = `bytes ${start}-${file.bytes.length - 1}/${file.bytes.length}`;
  return { status: 206, headers, body: file.bytes.subarray(start) };
}

function jsonPage(project: string, listed: readonly ServedFile[], origin: string): string {
  return JSON.stringify({
    meta: { 'api-version': '1.1' },
    name: project,
    files: listed.map((file) => ({
      filename: file.name,
      url: file.url ?? `${origin}${filePath(file.name)}`,
      hashes: file.listedSha256 === null ? {} : { sha256: file.listedSha256 ?? sha256Of(file.bytes) },
      ...(file.listedSize === null ? {} : { size: file.listedSize ?? file.bytes.length }),
      yanked: file.yanked ?? false,
      'requires-python': '>=3.8',
    })),
  });
}

function htmlPage(project: string, listed: readonly ServedFile[]): string {
  const links = listed.map((file) => {
    const hash = file.listedSha256 === null ? '' : `#sha256=${file.listedSha256 ?? sha256Of(file.bytes)}`;
    const yanked =
      file.yanked === undefined || file.yanked === false
        ? ''
        : ` data-yanked="${escapeHtml(file.yanked === true ? '' : file.yanked)}"`;
    const href = escapeHtml(`${file.url ?? `../..${filePath(file.name)}`}${hash}`);
    return `<a href="${href}" data-requires-python="&gt;=3.8"${yanked}>${escapeHtml(file.name)}</a><br/>`;
  });
  return [
    `<!DOCTYPE html>\n<html><head><title>Links for ${project}</title></head>`,
    `<body><h1>Links for ${project}</h1>`,
    ...links,
    '</body></html>\n',
  ].join('\n');
}

function perform(step: Step, request: IncomingMessage, response: ServerResponse, right: Answer): void {
  switch (step.kind) {
    case 'right':
      send(response, right);
      break;
    case 'answer':
      send(response, {
        status: step.status,
        headers: { ...step.headers },
        body: Buffer.from(step.body ?? ''),
      });
      break;
    case 'redirect':
      send(response, { ...plain(step.status ?? 302, ''), headers: { location: step.to } });
      break;
    case 'reset':
      request.socket.resetAndDestroy();
      break;
    case 'hang':
      break;
    case 'truncate':
      head(response, right, right.body.length);
      response.write(right.body.subarray(0, step.after), () => request.socket.destroy());
      break;
    case 'stall':
      head(response, right, right.body.length);
      response.write(right.body.subarray(0, step.after));
      break;
    case 'declare':
      head(response, right, step.length);
      response.write(right.body, () => {
        if (step.length > right.body.length) request.socket.destroy();
        else response.end();
      });
      break;
    case 'drip':
      drip(step, response, right);
      break;
  }
}

function drip(step: Step & { kind: 'drip' }, response: ServerResponse, right: Answer): void {
  head(response, right, right.body.length);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(right.body.subarray(sent, sent + step.bytes));
    sent += step.bytes;
    if (sent >= right.body.length) response.end();
  }, step.every);
  response.on('close', () => clearInterval(timer));
}

function send(response: ServerResponse, answer: Answer): void {
  head(response, answer, answer.body.length);
  response.end(answer.status === 304 ? undefined : answer.body);
}

function head(response: ServerResponse, answer: Answer, length: number): void {
  const declared = answer.status === 304 ? {} : { 'content-length': String(length) };
  response.writeHead(answer.status, { ...declared, ...answer.headers });
}

function plain(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) };
}

function projectOf(file: ServedFile): string {
  const name = file.project ?? file.name.split('-')[0] ?? file.name;
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
