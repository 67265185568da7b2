// Programs that keep logins: docker-credential-helpers' protocol (`docker-credential-NAME get`, the server on standard
// input, JSON on standard output). What such a program says is a secret or may hold one: no message repeats it.

import { spawn } from 'node:child_process';
import { BivyError } from '../kernel/errors.ts';
import type { Credential } from './credential.ts';

export interface HelperQuestion {
  /** `ecr-login` for `docker-credential-ecr-login`. */
  readonly helper: string;
  /** As whoever stored it called the server. */
  readonly server: string;
  /** The file that names the helper, for messages. */
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds that it may take; 10 s where left out. */
  readonly limit?: number;
}

const LIMIT_MS = 10_000;
const MAX_OUTPUT = 1 << 20;
/** Stands for a user where the secret is an identity token. */
const TOKEN_USER = '<token>';

/**
 * What the helper has for that server, if it has anything.
 * @throws BivyError `CONFIG_INVALID` where it is not there, fails, takes too long, or answers in words of its own
 */
export async function askHelper(question: HelperQuestion): Promise<Credential | undefined> {
  const { helper } = question;
  // Its name becomes a program's: nothing that leads elsewhere than through `PATH`.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper)) {
    throw fault(question, 'which is no name of a helper', 'name what follows `docker-credential-`');
  }
  const { status, output } = await run(question);
  if (status !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    throw fault(question, `which ended with status ${status ?? 'unknown'}`);
  }
  return credentialIn(output, question);
}

function credentialIn(output: string, question: HelperQuestion): Credential | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw fault(question, 'which answered with something else than JSON');
  }
  const { Username: username, Secret: secret } = (answer ?? {}) as { Username?: unknown; Secret?: unknown };
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw fault(question, 'whose answer has no `Username` and `Secret`');
  }
  if (secret === '') return undefined;
  return username === TOKEN_USER
    ? { kind: 'identity', token: secret }
    : { kind: 'password', username, password: secret };
}

function run(question: HelperQuestion): Promise<{ readonly status: number | null; readonly output: string }> {
  const { helper, server, environment, limit = LIMIT_MS } = question;
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${helper}`, ['get'], {
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const { stdin, stdout } = child;
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (error: BivyError): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A child of its own may hold the other ends open for long.
      stdin.destroy();
      stdout.destroy();
      child.unref();
      reject(error);
    };
    const timer = setTimeout(() => {
      stop(fault(question, `which took longer than ${limit / 1000} s`));
    }, limit);
    child.once('error', (error) => stop(unstarted(question, error)));
    stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_OUTPUT) stop(fault(question, `which answered with more than ${MAX_OUTPUT} bytes`));
    });
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status, output: Buffer.concat(chunks).toString('utf8') });
    });
    // It may end without having read what it was asked.
    stdin.once('error', () => undefined);
    stdin.end(server);
  });
}

function unstarted(question: HelperQuestion, error: unknown): BivyError {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT'
    ? fault(question, 'which is not on `PATH`', 'install it, or remove its name from that file')
    : fault(question, `which cannot be run: ${code ?? 'unknown reason'}`);
}

function fault({ helper, server, file }: HelperQuestion, what: string, hint?: string): BivyError {
  const program = `docker-credential-${helper}`;
  return new BivyError(
    'CONFIG_INVALID',
    `looking for a login to \`${server}\`: \`${file}\` names the credential helper \`${program}\`, ${what}`,
    {
      location: { file },
      hint:
        hint ?? `see what \`echo ${server} | ${program} get\` says, or log in again with \`docker login\``,
    },
  );
}
