// Which source a binary package was built from: Debian policy, 5.6.1 "Source". Security advisories are about sources.

import { parseParagraph } from './control.ts';

export interface SourcePackage {
  readonly name: string;
  readonly version: string;
}

/** `libc6`'s is `glibc`; `undefined` where the source has the package's own name and version, or a bad one. */
export function sourcePackage(control: string): SourcePackage | undefined {
  const fields = parseParagraph(control);
  const field = fields.get('source');
  const version = fields.get('version');
  if (field === undefined || version === undefined) return undefined;
  const [, name, own = version] =
    /^([a-z0-9][a-z0-9+.-]+)(?:\s+\(([A-Za-z0-9.+~:-]+)\))?$/.exec(field.trim()) ?? [];
  if (name === undefined || (name === fields.get('package') && own === version)) return undefined;
  return { name, version: own };
}
