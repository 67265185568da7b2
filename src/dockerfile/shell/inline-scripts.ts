// Scripts that stand in a command: `bash -lc '…'`, `su - app -c '…'`, `eval '…'`, `sh <<EOF`.

import type { Command, ShellWord } from './ast.ts';
import { isShell } from './names.ts';

/** The word that is a script, or undefined. `words` are those behind other wrappers. */
export function inlineScript(
  program: string | undefined,
  words: readonly ShellWord[],
  { redirects }: Command,
): ShellWord | undefined {
  if (program === 'eval') return words.length === 2 ? words[1] : undefined;
  if (program === 'su' || program === 'runuser') return afterOption(words);
  if (!isShell(program)) return undefined;
  const operand = firstOperand(words);
  if (operand.isScript) return words[operand.at];
  if (operand.at < words.length && !operand.isInput) return undefined;
  return redirects.findLast(({ operator }) => /^0?<<[-<]?$/.test(operator))?.target;
}

/** The value of `-c`. */
function afterOption(words: readonly ShellWord[]): ShellWord | undefined {
  const at = words.findIndex(({ value }) => value !== undefined && /^-[a-z]*c$|^--command$/.test(value));
  if (at >= 0) return words[at + 1];
  return undefined;
}

/** Where a shell's first operand stands; `isScript` with `-c`, `isInput` with `-s`. */
function firstOperand(words: readonly ShellWord[]): {
  readonly at: number;
  readonly isScript: boolean;
  readonly isInput: boolean;
} {
  let isScript = false;
  let isInput = false;
  let at = 1;
  for (; at < words.length; at += 1) {
    const option = (words[at] as ShellWord).pattern;
    if (option === '--' || option === '-') {
      at += 1;
      break;
    }
    if (option.startsWith('--')) {
      if (option === '--rcfile' || option === '--init-file') at += 1;
      continue;
    }
    if (!/^[-+]./.test(option)) break;
    if (option.startsWith('-') && option.includes('c')) isScript = true;
    if (option.startsWith('-') && option.includes('s')) isInput = true;
    // `-o pipefail`, `-euxo pipefail`, `-O extglob`.
    at += option.replace(/[^oO]/g, '').length;
  }
  return { at, isScript, isInput };
}
