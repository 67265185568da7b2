// `~/.netrc`: machines with login and password. The `default` entry is passed over: it would give a password to any host.

export interface Login {
  readonly login: string;
  readonly password: string;
}

const TOKEN = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|(\S+))/y;

/** Logins by host name in lower case; of a repeated host the first. What is no netrc gives none. */
export function parseNetrc(text: string): ReadonlyMap<string, Login> {
  const machines = new Map<string, Login>();
  let entry = { login: '', password: '' };
  let position = 0;

  function next(): string | undefined {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    position = TOKEN.lastIndex;
    return match[1]?.replaceAll(/\\([\s\S])/g, '$1') ?? match[2];
  }

  /** Goes on after the next occurrence of what ends a comment or a macro. */
  function skipPast(end: RegExp): void {
    const rest = text.slice(position);
    const match = end.exec(rest);
    position = match === null ? text.length : position + match.index + match[0].length;
  }

  for (let token = next(); token !== undefined; token = next()) {
    if (token.startsWith('#')) skipPast(/\n/);
    else if (token === 'macdef') skipPast(/\r?\n[ \t]*\r?\n/);
    else if (token === 'default') entry = { login: '', password: '' };
    else if (token === 'machine') {
      entry = { login: '', password: '' };
      const host = next()?.toLowerCase();
      if (host !== undefined && !machines.has(host)) machines.set(host, entry);
    } else if (token === 'login' || token === 'user') entry.login = next() ?? '';
    else if (token === 'password') entry.password = next() ?? '';
    else if (token === 'account') next();
  }
  return machines;
}
