// Addresses that may be shown: without the user, password or token that they came with.

/** An `http:` or `https:` address as written, its credentials left out; `undefined` for anything else. */
export function publicUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return undefined;
  if (url.username === '' && url.password === '') return text.trim();
  url.username = '';
  url.password = '';
  return url.href;
}

/**
 * Where a Git remote can be looked at: `https:` also for what is reached over SSH (`git@host:path`, `ssh://git@host/path`),
 * without credentials, query and fragment. `undefined` for paths of a disk, names of `~/.ssh/config` and other schemes.
 */
export function remoteUrl(text: string): string | undefined {
  const scp = /^(?:([^/:@\s]+)@)?([A-Za-z0-9.-]+):(?!\/\/)([^\s]+)$/.exec(text);
  if (scp !== null) {
    const [, user, host = '', path = ''] = scp;
    // `work:team/app` names an entry of somebody's `~/.ssh/config`, or a drive.
    if (user === undefined && !host.includes('.')) return undefined;
    return cleaned(`https://${host}/${path.replace(/^\/+/, '')}`);
  }
  const ssh = /^(?:git\+)?ssh:\/\/(?:[^/@\s]*@)?([A-Za-z0-9.-]+)(?::\d+)?\/(\S+)$/.exec(text);
  if (ssh !== null) return cleaned(`https://${ssh[1]}/${ssh[2]}`);
  return bareUrl(text);
}

/** An `http:` or `https:` address without credentials, query and fragment: tokens stand in all three. */
export function bareUrl(text: string): string | undefined {
  return /^https?:\/\//i.test(text) ? cleaned(text) : undefined;
}

function cleaned(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href;
}
