// How packages of a system are added.

/** Programs of distributions, and what they call adding. */
export const SYSTEM_INSTALL: ReadonlyMap<string, RegExp> = new Map([
  ['apt-get', /^install$/],
  ['apt', /^install$/],
  ['aptitude', /^install$/],
  ['apk', /^add$/],
  ['dnf', /^install$/],
  ['microdnf', /^install$/],
  ['yum', /^install$/],
]);
