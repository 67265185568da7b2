// The one time in an image.

import { BivyError } from '../kernel/errors.ts';

/** Seconds since 1970 for every `created`: `SOURCE_DATE_EPOCH`, else 0. @throws BivyError `USAGE` */
export function epochOf(environment: Readonly<Record<string, string | undefined>>): number {
  const text = environment['SOURCE_DATE_EPOCH'];
  if (text === undefined || text === '') return 0;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new BivyError('USAGE', `\`SOURCE_DATE_EPOCH\` is \`${text}\`, which is no time`, {
    hint: 'give whole seconds since 1970, as `git log -1 --format=%ct` prints them, or unset it',
  });
}
