// Counts bytes on their way: a proxy in front of one host, and one for everything else that a program asks over HTTP.
// What is counted is what crosses the socket, both ways: heads, handshakes and all.

import { request as ask, createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';

export interface Bytes {
  /** From the program. */
  readonly up: number;
  /** To the program. */
  readonly down: number;
}

export interface Counter {
  /** `127.0.0.1:PORT`, where the program is to connect. */
  readonly domain: string;
  /** What was counted since this was last asked. */
  take(): Bytes;
  close(): Promise<void>;
}

/** @param domain `HOST:PORT`, to which connections are passed on as they are */
export function countTo(domain: string): Promise<Counter> {
  const [host = '', port] = domain.split(':');
  return counted(
    createServer((socket) => {
      join(socket, connect({ host, port: Number(port) }));
    }),
  );
}

/** For `http_proxy` and `https_proxy`: asks whom it is told to ask, directly. */
export function countElsewhere(): Promise<Counter> {
  const server = createHttpServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    const passed = ask(url, { method, headers, agent: false }, (answer: IncomingMessage) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      pipeline(answer, outgoing, ignore);
    });
    passed.on('error', () => outgoing.destroy());
    pipeline(incoming, passed, ignore);
  });
  server.on('connect', ({ url = '' }: IncomingMessage, socket: Duplex) => {
    const { hostname, port } = new URL(`http://${url}`);
    const there = connect({ host: hostname, port: Number(port || 80) }, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      join(socket, there);
    });
    there.on('error', () => socket.destroy());
  });
  return counted(server);
}

async function counted(server: Server): Promise<Counter> {
  const sockets = new Set<Socket>();
  let closed = { up: 0, down: 0 };
  let taken = { up: 0, down: 0 };
  const total = (): Bytes => {
    const sum = { ...closed };
    for (const socket of sockets) add(sum, socket);
    return sum;
  };
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', ignore);
    socket.once('close', () => {
      sockets.delete(socket);
      closed = add({ ...closed }, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    domain: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const now = total();
      const since = { up: now.up - taken.up, down: now.down - taken.down };
      taken = now;
      return since;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function add(sum: { up: number; down: number }, socket: Socket): { up: number; down: number } {
  sum.up += socket.bytesRead;
  sum.down += socket.bytesWritten;
  return sum;
}

function join(here: Duplex, there: Duplex): void {
  pipeline(here, there, ignore);
  pipeline(there, here, ignore);
}

function ignore(): void {
  // Whoever is at the other end of a broken connection notices, and says so.
}
