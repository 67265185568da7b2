// Names of images as users write them (`annapurna:1.0.0`, `python:3.11-slim@sha256:…`) and as engines and registries keep
// them. Grammar: distribution/reference, reference.go and normalize.go.

import { type Digest, isDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';

/** A name to be given to an image. */
export interface Reference {
  /** With the domain spelled out, as containerd keeps it. */
  readonly full: string;
  /** As Docker shows it: the default domain and `library/` left out. */
  readonly familiar: string;
  /** With the port, where one is said: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Of the repository in its registry: `library/python`. */
  readonly path: string;
  readonly tag: string;
}

/** An image to be found: by its tag, or by its digest, whatever its tag leads to. At least one of them is there. */
export interface ImageReference extends Omit<Reference, 'tag'> {
  readonly tag?: string;
  readonly digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
/** Another name of the default domain. */
const INDEX_DOMAIN = 'index.docker.io';
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
/** What engines take for the identity of an image. */
const IDENTITY = /^[0-9a-f]{64}$/;
const MAX_NAME = 255;

const NAME_HINT = 'write it as `NAME:TAG`, for example `annapurna:1.0.0`';
const IMAGE_HINT = 'write it as `NAME:TAG` or `NAME@sha256:…`, for example `python:3.11-slim`';

/**
 * `NAME[:TAG]`, a name for an image; the tag is `latest` where left out.
 * @throws BivyError `USAGE`
 */
export function parseReference(text: string): Reference {
  const invalid = (fault: string): BivyError => refusal(text, fault, NAME_HINT);
  if (text.includes('@')) throw invalid('a tag cannot name a digest');
  const { tag = 'latest', ...name } = parseName(text, invalid);
  return { ...name, full: `${name.full}:${tag}`, familiar: `${name.familiar}:${tag}`, tag };
}

/**
 * `NAME[:TAG][@sha256:…]`, an image that may be pulled; the tag is `latest` where neither is said.
 * @throws BivyError `USAGE`
 */
export function parseImage(text: string): ImageReference {
  const invalid = (fault: string): BivyError => refusal(text, fault, IMAGE_HINT);
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(
      /^sha(?:384|512):/.test(digest)
        ? 'of digests only `sha256:` is supported'
        : 'after the `@` stands no digest: `sha256:` and 64 digits of 0-9 and a-f',
    );
  }
  const { tag = digest === undefined ? 'latest' : undefined, ...name } = parseName(
    at < 0 ? text : text.slice(0, at),
    invalid,
  );
  const end = `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  return {
    ...name,
    full: name.full + end,
    familiar: name.familiar + end,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The host and port that serve a domain's registry: the default domain has another host for it. */
export function apiHost(domain: string): string {
  return domain === DEFAULT_DOMAIN ? 'registry-1.docker.io' : domain;
}

/** The key under which `docker login` keeps a domain's login; the default domain's is an address of its past. */
export function loginKey(domain: string): string {
  return domain === DEFAULT_DOMAIN ? `https://${INDEX_DOMAIN}/v1/` : domain;
}

/** `full` and `familiar` are without the tag. */
function parseName(text: string, invalid: (fault: string) => BivyError): Omit<ImageReference, 'digest'> {
  const slash = text.lastIndexOf('/');
  const colon = text.indexOf(':', slash + 1);
  const name = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? undefined : text.slice(colon + 1);
  if (text.includes('://')) throw invalid('it is an address; leave out what stands before the host');
  if (tag !== undefined && !TAG.test(tag)) throw invalid(`\`${tag}\` is no tag`);
  if (IDENTITY.test(name)) throw invalid('64 hexadecimal digits are the identity of an image, not its name');
  const parts = name.split('/');
  const first = parts[0]!;
  const hasDomain = beginsWithDomain(parts);
  const domain = !hasDomain || first === INDEX_DOMAIN ? DEFAULT_DOMAIN : first;
  const components = hasDomain ? parts.slice(1) : parts;
  if (!DOMAIN.test(domain)) throw invalid(`\`${domain}\` is no host`);
  const wrong = components.find((part) => !COMPONENT.test(part));
  if (wrong !== undefined) {
    throw invalid(
      wrong === wrong.toLowerCase() ? `\`${wrong}\` is no part of a name` : 'names are written in lower case',
    );
  }
  const official = domain === DEFAULT_DOMAIN;
  const whole = official && components.length === 1 ? ['library', ...components] : components;
  const short = official && whole[0] === 'library' && whole.length === 2 ? whole.slice(1) : whole;
  const path = whole.join('/');
  const full = `${domain}/${path}`;
  if (full.length > MAX_NAME) throw invalid(`its name is longer than ${MAX_NAME} characters`);
  return {
    full,
    // What would be read otherwise keeps its domain.
    familiar:
      official && !beginsWithDomain(short) && !IDENTITY.test(short.join('/')) ? short.join('/') : full,
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
  };
}

/** What has a dot, a colon or a capital letter is a host; a namespace of the default domain has none. */
function beginsWithDomain([first = '', ...rest]: readonly string[]): boolean {
  return rest.length > 0 && (/[.:[A-Z]/.test(first) || first === 'localhost');
}

function refusal(text: string, fault: string, hint: string): BivyError {
  return new BivyError('USAGE', `\`${text.slice(0, 300)}\` is no name for an image: ${fault}`, { hint });
}
