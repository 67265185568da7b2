// A generated file as lines with their reasons: the plain text and the explained one are made of the same values.

import type { Technique } from '../lint/finding.ts';

export interface Line {
  /** A comment, an instruction with its continuations, or nothing: an empty line. Without a newline at its end. */
  readonly text: string;
  /** Why it is there, in a sentence or two; absent where it speaks for itself. */
  readonly reason?: string;
  readonly technique?: Technique;
}

export const EMPTY: Line = { text: '' };

export function line(text: string, reason?: string, technique?: Technique): Line {
  return {
    text,
    ...(reason === undefined ? {} : { reason }),
    ...(technique === undefined ? {} : { technique }),
  };
}

/** An instruction of several parts, a line each. */
export function joined(keyword: string, parts: readonly string[]): string {
  return `${keyword} ${parts.join(' \\\n    ')}`;
}

const WIDTH = 110;

/** `RUN` with its mounts, then the commands one after the other; on one line where that is short. */
export function run(mounts: readonly string[], commands: readonly string[]): string {
  const flat = `RUN ${[...mounts, commands.join(' && ')].join(' ')}`;
  if (flat.length <= WIDTH && !flat.includes('\n')) return flat;
  const head = mounts.map((mount) => `${mount} \\\n    `).join('');
  return `RUN ${head}${commands.join(' && \\\n    ')}`;
}

/** @returns the whole text, with a newline at its end */
export function plainText(lines: readonly Line[]): string {
  return `${lines.map(({ text }) => text).join('\n')}\n`;
}

/** The same file, each reason as a comment above its line: a valid Dockerfile still. */
export function explainedText(lines: readonly Line[]): string {
  const parts = lines.flatMap(({ text, reason, technique }) => {
    if (reason === undefined) return [text];
    const words = technique === undefined ? reason : `${technique}: ${reason}`;
    return [...wrapped(words, 98).map((part) => `#  ${part}`), text];
  });
  return `${parts.join('\n')}\n`;
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
