// Where Debian's packages are fetched from. bivy knows no mirror by heart: it is named by the user, or it is the one
// that this host's own apt uses.

import { BivyError } from '../kernel/errors.ts';
import { type AptSource, readAptSources } from './apt-sources.ts';

/** Addresses without a slash at the end; `dists/` and `pool/` stand below each. */
export interface Mirror {
  readonly main: string;
  readonly security: string;
}

export interface MirrorSettings {
  /** `[tool.bivy] mirror`. */
  readonly mirror?: string | undefined;
  /** `[tool.bivy]`'s archive of security updates. */
  readonly securityMirror?: string | undefined;
}

/**
 * `BIVY_DEBIAN_MIRROR`, else the project's `mirror`, else this host's apt sources; of the archive of security updates
 * likewise, and where the main one is named alone, it is taken to stand beside it, `-security` at its end.
 * @param root where `etc/apt` is looked for
 * @throws BivyError `MIRROR_UNKNOWN` where there is none, `CONFIG_INVALID` for an address that is none
 */
export function findMirror(
  settings: MirrorSettings,
  environment: Readonly<Record<string, string | undefined>>,
  root = '/',
): Mirror {
  const named = address(environment['BIVY_DEBIAN_MIRROR'], '`BIVY_DEBIAN_MIRROR`');
  const main = named ?? address(settings.mirror, '`mirror` in `[tool.bivy]`');
  const beside =
    address(environment['BIVY_DEBIAN_SECURITY_MIRROR'], '`BIVY_DEBIAN_SECURITY_MIRROR`') ??
    // The project's security archive goes with the project's mirror, not with another that the environment names.
    (named === undefined
      ? address(settings.securityMirror, '`security-mirror` in `[tool.bivy]`')
      : undefined);
  if (main !== undefined) return { main, security: beside ?? `${main}-security` };

  const sources = readAptSources(root).filter(isDebian);
  const apt = sources.find(({ suites }) => !suites.every(isSecurity));
  if (apt === undefined) {
    throw new BivyError(
      'MIRROR_UNKNOWN',
      'looking for a Debian mirror: none is named, and this host has none in its apt sources',
      {
        hint: 'set `mirror` in `[tool.bivy]` or `BIVY_DEBIAN_MIRROR` to the address of a Debian mirror: the one that has `dists/` below it',
      },
    );
  }
  const security = sources.find(({ suites }) => suites.some(isSecurity));
  return { main: apt.uri, security: beside ?? security?.uri ?? `${apt.uri}-security` };
}

function isSecurity(suite: string): boolean {
  return suite.endsWith('-security');
}

function address(text: string | undefined, name: string): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BivyError('CONFIG_INVALID', `${name} is \`${text}\`, which is no address of a mirror`, {
      hint: 'give an address that begins with `http://` or `https://` and has `dists/` below it',
    });
  }
  return text.replace(/\/+$/, '');
}

const CODENAMES = ['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid'];
const ALIASES = ['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'];

/** Debian's own archive, not Ubuntu's nor somebody's that borrows the names of Debian's releases. */
function isDebian(source: AptSource): boolean {
  if (!source.components.includes('main')) return false;
  if (!/^https?:\/\//.test(source.uri)) return false;
  const known = source.suites.every((suite) => {
    const base = suite.replace(/-(?:updates|security|proposed-updates|backports|backports-sloppy)$/, '');
    return CODENAMES.includes(base) || ALIASES.includes(base);
  });
  if (!known) return false;
  if (source.signedBy !== undefined) return source.signedBy.includes('debian-archive-');
  return /\/debian(?:-security)?$/.test(source.uri);
}
