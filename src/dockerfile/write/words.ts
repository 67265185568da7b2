// How a text is written so that Docker or a shell reads it back as it was: words, paths, values, durations. Pure.

import { BivyError } from '../../kernel/errors.ts';

/** A word for `/bin/sh`. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`;
}

/** An instruction in exec form: `CMD ["python", "-m", "app"]`. */
export function execForm(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}

/** `COPY`: the sources are taken literally, and the target is below the work directory or absolute. */
export function copyLine(sources: readonly string[], target: string, from?: string): string {
  const flags = from === undefined ? '' : ` --from=${from}`;
  const words = [...sources.map((path) => (from === undefined ? literalPath(path) : path)), target].map(
    (word) => word.replaceAll('$', '\\$'),
  );
  const plain = words.every((word) => /^[^\s"'\\[]+$/.test(word) || /^[^\s"']+\\\$[^\s"']*$/.test(word));
  return plain ? `COPY${flags} ${words.join(' ')}` : `COPY${flags} ${execForm(words)}`;
}

/** A path that `filepath.Match`, which COPY asks, finds as it is. */
function literalPath(path: string): string {
  return path.replace(/[*?[]/g, (character) => `[${character}]`);
}

/** `NAME="value"` of ENV and LABEL. @throws BivyError `CONFIG_INVALID` for what an instruction cannot hold */
export function pair(name: string, value: string, instruction: 'ENV' | 'LABEL'): string {
  const at = instruction === 'ENV' ? 'env' : 'labels';
  if (/[\r\n\0]/.test(value) || /[\r\n\0]/.test(name)) {
    throw new BivyError(
      'CONFIG_INVALID',
      `\`${at}\` of \`[tool.bivy]\`: the value of \`${name}\` has several lines`,
      {
        hint: `\`${instruction}\` of a Dockerfile holds one line; set it when the container runs, or build with \`--engine native\``,
        location: { file: 'pyproject.toml' },
      },
    );
  }
  if (instruction === 'ENV' && !/^[A-Za-z_][\w.-]*$/.test(name)) {
    throw new BivyError('CONFIG_INVALID', `\`env\` of \`[tool.bivy]\`: a Dockerfile cannot set \`${name}\``, {
      hint: 'use letters, digits and underscores, or build with `--engine native`',
      location: { file: 'pyproject.toml' },
    });
  }
  const key = /^[\w.-]+$/.test(name) ? name : `"${escaped(name)}"`;
  return /^[\w@%+=:,./-]+$/.test(value) ? `${key}=${value}` : `${key}="${escaped(value)}"`;
}

function escaped(text: string): string {
  return text.replace(/["\\$]/g, '\\$&');
}

/** Nanoseconds as Go and Docker spell a duration. */
export function duration(nanoseconds: number): string {
  if (nanoseconds % 1e9 === 0) return `${nanoseconds / 1e9}s`;
  return `${nanoseconds / 1e6}ms`;
}

/** A pattern of `.dockerignore` that fits the path and nothing else. */
export function ignorePattern(path: string): string {
  return path.replace(/[*?[\]\\]/g, '\\$&');
}
