// Whether what runs between a copy of code and the install can do without the code: programs that look at no file of the
// project, given what they are told.

import type { Call } from '../../reading/calls.ts';
import { holds, resolvePath } from '../../reading/paths.ts';

/** They look at no file of the project, or at none that their arguments do not name. */
const BLIND: ReadonlySet<string> = new Set(
  `apt-get apt apk dnf yum microdnf curl wget mkdir ln rm useradd adduser groupadd addgroup echo printf set export : true
  cd venv poetry pip python source . test [ update-ca-certificates`.split(/\s+/),
);
/** They set an environment up for the rest of the RUN, and have nothing to do with the project. */
const SCRIPT = /\/bin\/activate$|\/\.(?:cargo|poetry|local\/bin)\/env$/;

/** @param places directories of the image that the code lands in */
export function isBlind(call: Call, places: readonly string[]): boolean {
  const { program, args, step, command } = call;
  if (!BLIND.has(program)) return false;
  if (command.redirects.some(({ operator }) => /^\d*<$/.test(operator))) return false;
  const words = args.map(({ pattern }) => pattern);
  const isAway = (word: string): boolean => {
    const path = resolvePath(word, step.workdir, step.home);
    return path !== undefined && !path.includes('\0') && !places.some((place) => holds(place, path));
  };
  switch (program) {
    case 'poetry':
      return /^(?:config|self|cache|--version|-V)$/.test(words[0] ?? '');
    case 'pip':
      return !words.some(
        (word) =>
          /^(?:-r|-e|--requirement|--editable|-c|--constraint)|^\.|\.(?:txt|whl)$/.test(word) ||
          (word.includes('/') && !word.includes('://')),
      );
    case 'python':
      return words.every((word) => word.startsWith('-') || /poetry|^\d/.test(word)) || words[1] === 'venv';
    case 'source':
    case '.':
      return words.every((word) => SCRIPT.test(word));
    case 'test':
    case '[':
      return !words.some((word) => /^-[a-hkprsuwxGLNOS]$/.test(word));
    case 'cd':
      return words.every(isAway);
    case 'rm':
      return words.every((word) => word.startsWith('-') || isAway(word));
    default:
      // `apt-get install ./local.deb`
      return !words.some((word) => /^\.{1,2}\//.test(word) && !isAway(word)) || program === 'mkdir';
  }
}
