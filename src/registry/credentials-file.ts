// The files in which Docker (`config.json`) and podman (`auth.json`) keep logins; docker/cli, cli/config/configfile, and
// containers-auth.json(5). Both hold the same tables. What they hold is secret: messages name files and keys alone.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  entriesOf,
  failAt,
  isPresent,
  member,
  type Node,
  optional,
  rootNode,
  stringOf,
  stringTableOf,
} from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Credential } from './credential.ts';

/** What one file holds; which of its logins fits is for `credentials.ts` to say. */
export interface LoginFile {
  readonly path: string;
  /** Helpers (`ecr-login`) by server. */
  readonly helpers: ReadonlyMap<string, string>;
  /** The helper for every other server. */
  readonly store?: string;
  /** By server or by repository, as whoever wrote them called it; for `decodeLogin`, should one be wanted. */
  readonly logins: ReadonlyMap<string, Node>;
}

const MAX_FILE = 1 << 20;

/**
 * Where logins may be, first things first: files that the environment names, then those of every user. Most are not there.
 * @param environment `DOCKER_CONFIG`, `REGISTRY_AUTH_FILE`, `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME`, `HOME`
 */
export function loginFiles(environment: NodeJS.ProcessEnv): readonly string[] {
  const named = (name: string): string | undefined => environment[name] || undefined;
  const home = named('HOME') ?? homedir();
  const docker = named('DOCKER_CONFIG');
  const auth = named('REGISTRY_AUTH_FILE');
  const runtime = named('XDG_RUNTIME_DIR');
  const user = process.getuid?.();
  return [
    ...(docker === undefined ? [] : [join(docker, 'config.json')]),
    ...(auth === undefined ? [] : [auth]),
    ...(docker === undefined ? [join(home, '.docker', 'config.json')] : []),
    ...(runtime === undefined
      ? user === undefined
        ? []
        : [`/run/containers/${user}/auth.json`]
      : [join(runtime, 'containers', 'auth.json')]),
    join(named('XDG_CONFIG_HOME') ?? join(home, '.config'), 'containers', 'auth.json'),
  ];
}

/**
 * @returns nothing where there is no such file
 * @throws BivyError `CONFIG_INVALID` naming the file and the key
 */
export async function readLoginFile(path: string): Promise<LoginFile | undefined> {
  const node = await readJson(path);
  if (node === undefined) return undefined;
  const store = optional(member(node, 'credsStore'), stringOf);
  return {
    path,
    helpers: stringTableOf(member(node, 'credHelpers')),
    ...(store === undefined || store === '' ? {} : { store }),
    logins: new Map(entriesOf(member(node, 'auths'))),
  };
}

async function readJson(path: string): Promise<Node | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw invalid(path, `it cannot be read (${code ?? 'unknown reason'})`);
  }
  if (bytes.length > MAX_FILE) throw invalid(path, `it has more than ${MAX_FILE} bytes`);
  // podman makes an empty one before the first login.
  if (bytes.length === 0) return undefined;
  try {
    // Go, which wrote it, takes null for nothing.
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes),
      (_, member: unknown) => (member === null ? undefined : member),
    );
    return rootNode(value ?? {}, { file: path, code: 'CONFIG_INVALID' });
  } catch {
    // What is wrong with it is not told: the parser's words repeat a piece of it.
    throw invalid(path, 'it is no JSON');
  }
}

/**
 * @returns nothing for an entry that only says that a helper has it
 * @throws BivyError `CONFIG_INVALID` naming the file and the key
 */
export function decodeLogin(node: Node): Credential | undefined {
  const text = (key: string): string | undefined =>
    isPresent(member(node, key)) ? stringOf(member(node, key)) || undefined : undefined;
  const bearer = text('registrytoken');
  if (bearer !== undefined) return { kind: 'bearer', token: bearer };
  const identity = text('identitytoken');
  if (identity !== undefined) return { kind: 'identity', token: identity };
  const both = text('auth');
  if (both !== undefined) return decodeBasic(both, member(node, 'auth'));
  const username = text('username');
  const password = text('password');
  return username === undefined || password === undefined
    ? undefined
    : { kind: 'password', username, password };
}

/** `base64(user ":" password)`; Docker once padded it with zeros. */
function decodeBasic(text: string, node: Node): Credential {
  const trimmed = text.trim();
  const plain = /^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)
    ? Buffer.from(trimmed, 'base64').toString('utf8').replace(/\0+$/, '')
    : '';
  const colon = plain.indexOf(':');
  if (colon < 0) {
    return failAt(
      node,
      'must be `user:password` in base64',
      'log in again with `docker login` or `podman login`',
    );
  }
  return { kind: 'password', username: plain.slice(0, colon), password: plain.slice(colon + 1) };
}

function invalid(path: string, fault: string): BivyError {
  return new BivyError('CONFIG_INVALID', `cannot read the logins in \`${path}\`: ${fault}`, {
    location: { file: path },
    hint: 'correct or remove that file, then log in again with `docker login` or `podman login`',
  });
}
