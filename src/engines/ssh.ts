// An engine behind ssh: `docker system dial-stdio` on the other side, its standard streams as a connection
// (docker/cli, cli/connhelper).

import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

export interface SshConnection {
  readonly stream: Duplex;
  /** What ssh wrote to its standard error until it ended, at most 2,000 characters; ends it. */
  complaint(): Promise<string>;
  close(): void;
}

export function dialSsh(parameters: readonly string[]): SshConnection {
  const child = spawn('ssh', parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  // A broken pipe shows as the end of the answer; the reason is in what ssh said.
  child.stdin.on('error', () => undefined);
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  // Closing it early is no fault; what is one reaches the request that uses it.
  stream.on('error', () => undefined);
  child.once('error', (error) => stream.destroy(error));
  // `http` asks these of a socket.
  Object.assign(stream, {
    setTimeout: () => stream,
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
  });
  return {
    stream,
    async complaint(): Promise<string> {
      child.stdin.end();
      const timer = setTimeout(() => child.kill(), 2000);
      await ended;
      clearTimeout(timer);
      return said.trim();
    },
    close(): void {
      stream.destroy();
      child.kill();
    },
  };
}
