// The scripts that a wheel asks for in `entry_points.txt` (PyPA entry points specification, as pypa/installer reads it).

import { parseConfig } from './config-parser.ts';
import { PYTHON_SPACE } from './python-text.ts';

/** A script to be generated: `from {module} import …; {attribute}()`. */
export interface EntryPoint {
  /** File name below `bin`. */
  readonly name: string;
  readonly module: string;
  /** Dotted where the object is inside another. */
  readonly attribute: string;
}

const SECTIONS = ['console_scripts', 'gui_scripts'];
const REFERENCE = new RegExp(
  `^(?<module>[\\p{L}\\p{N}_.]+)[${PYTHON_SPACE}]*` +
    `:[${PYTHON_SPACE}]*(?<attribute>[\\p{L}\\p{N}_.]+)[${PYTHON_SPACE}]*` +
    `(?:\\[[^\\n]*\\][${PYTHON_SPACE}]*)?$`,
  'u',
);

/** Console and graphical scripts in the file's order; on POSIX they are alike. @throws SyntaxError that says what is wrong */
export function parseEntryPoints(text: string): readonly EntryPoint[] {
  const points: EntryPoint[] = [];
  for (const values of parseConfig(text, SECTIONS).values()) {
    for (const [name, value] of values) {
      const groups = REFERENCE.exec(value)?.groups;
      if (groups === undefined) throw new SyntaxError(`\`${name} = ${value}\` is not \`module:attribute\``);
      points.push({ name, module: groups['module']!, attribute: groups['attribute']! });
    }
  }
  return points;
}
