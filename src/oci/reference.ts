// Names of images as users write them (`annapurna:1.0.0`) and as engines keep them. Grammar: distribution/reference,
// reference.go and normalize.go.

import { BivyError } from '../kernel/errors.ts';

export interface Reference {
  /** With the domain spelled out, as containerd keeps it. */
  readonly full: string;
  /** As Docker shows it: the default domain and `library/` left out. */
  readonly familiar: string;
  readonly tag: string;
}

const DEFAULT_DOMAIN = 'docker.io';
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const MAX_NAME = 255;

/**
 * `NAME[:TAG]`; the tag is `latest` where left out.
 * @throws BivyError `USAGE`
 */
export function parseReference(text: string): Reference {
  if (text.includes('@')) throw invalid(text, 'a tag cannot name a digest');
  const slash = text.lastIndexOf('/');
  const colon = text.indexOf(':', slash + 1);
  const name = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? 'latest' : text.slice(colon + 1);
  if (!TAG.test(tag)) throw invalid(text, `\`${tag}\` is no tag`);
  const parts = name.split('/');
  const first = parts[0]!;
  const hasDomain = parts.length > 1 && (/[.:A-Z]/.test(first) || first === 'localhost');
  const domain = hasDomain ? first : DEFAULT_DOMAIN;
  const path = hasDomain ? parts.slice(1) : parts;
  if (!DOMAIN.test(domain)) throw invalid(text, `\`${domain}\` is no host`);
  const wrong = path.find((part) => !COMPONENT.test(part));
  if (wrong !== undefined) {
    throw invalid(
      text,
      wrong === wrong.toLowerCase() ? `\`${wrong}\` is no part of a name` : 'names are written in lower case',
    );
  }
  const official = domain === DEFAULT_DOMAIN;
  const whole = official && path.length === 1 ? ['library', ...path] : path;
  const short = official && whole[0] === 'library' && whole.length === 2 ? whole.slice(1) : whole;
  const full = `${domain}/${whole.join('/')}`;
  if (full.length > MAX_NAME) throw invalid(text, `its name is longer than ${MAX_NAME} characters`);
  return {
    full: `${full}:${tag}`,
    familiar: `${official ? '' : `${domain}/`}${short.join('/')}:${tag}`,
    tag,
  };
}

function invalid(text: string, fault: string): BivyError {
  return new BivyError('USAGE', `\`${text}\` is no name for an image: ${fault}`, {
    hint: 'write it as `NAME:TAG`, for example `annapurna:1.0.0`',
  });
}
