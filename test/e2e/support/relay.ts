// Counts what passes between a program and a registry: every byte of both directions, headers and all.

import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  /** `127.0.0.1:PORT`: a name of the registry behind it. */
  readonly domain: string;
  /** Bytes sent to the registry and received from it since the last call. */
  moved(): { readonly up: number; readonly down: number };
  close(): Promise<void>;
}

/** @param domain `127.0.0.1:PORT` of the registry */
export async function startRelay(domain: string): Promise<Relay> {
  const [host = '', port = ''] = domain.split(':');
  const sockets = new Set<Socket>();
  let [up, down] = [0, 0];
  const server = createServer((client) => {
    const registry = connect(Number(port), host);
    for (const [socket, other] of [
      [client, registry],
      [registry, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.end();
      });
    }
    client.on('data', (bytes: Buffer) => {
      up += bytes.length;
    });
    registry.on('data', (bytes: Buffer) => {
      down += bytes.length;
    });
    client.pipe(registry);
    registry.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    domain: `127.0.0.1:${address.port}`,
    moved() {
      const moved = { up, down };
      [up, down] = [0, 0];
      return moved;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
