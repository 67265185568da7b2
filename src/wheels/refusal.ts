// How a wheel is refused: always by its name, and by the member where one is at fault.

import { BivyError, type ErrorDetails } from '../kernel/errors.ts';

const UNSAFE_HINT =
  'do not use this wheel before you know who made it so; another release, or a wheel built from its source, may do';
const INVALID_HINT =
  "tell the package's maintainers; another release, or a wheel built from its source, may do";

/** A wheel that tries to do what no wheel may: escape, hide, explode. */
export function unsafeWheel(wheel: string, fault: string, details: ErrorDetails = {}): BivyError {
  return new BivyError(
    'WHEEL_UNSAFE',
    `wheel \`${printable(wheel)}\` is not safe to install: ${visible(fault)}`,
    {
      hint: UNSAFE_HINT,
      ...details,
    },
  );
}

/** A wheel that is broken, or of a form that cannot be installed. */
export function invalidWheel(wheel: string, fault: string, details: ErrorDetails = {}): BivyError {
  return new BivyError(
    'WHEEL_INVALID',
    `wheel \`${printable(wheel)}\` cannot be installed: ${visible(fault)}`,
    {
      hint: INVALID_HINT,
      ...details,
    },
  );
}

/** A name from outside, fit for a message: on one line, within backticks, at most 120 characters. */
export function printable(name: string): string {
  return visible(name.length > 120 ? `${name.slice(0, 117)}...` : name).replaceAll('`', '\\u{60}');
}

/** Characters that a terminal would obey rather than show, escaped; at most 500. */
function visible(text: string): string {
  const short = text.length > 500 ? `${text.slice(0, 497)}...` : text;
  return short.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
