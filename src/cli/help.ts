// `bivy --help` and `bivy COMMAND --help`.

import { VERSION } from '../kernel/program.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { GLOBAL_OPTIONS, type Option, type Options } from './options.ts';

export function mainHelp(): string {
  const rows = Object.entries(COMMANDS).map(([name, command]) => [name, command.summary] as const);
  return [
    `bivy ${VERSION} — the lightest container image a Poetry project can live in`,
    '',
    'Usage: bivy COMMAND [DIRECTORY] [OPTIONS]',
    '',
    'Commands:',
    ...columns(rows),
    '',
    'Start here:',
    ...columns([
      ['bivy plan', 'what would be in the image, and why'],
      ['bivy build -t app:1.0 -o docker', 'make it and load it into Docker'],
      ['bivy build -o oci:dist/image', 'make it on a machine that has only Node'],
    ]),
    '',
    'Every command:',
    ...optionRows(GLOBAL_OPTIONS),
    '',
    'Exit status: 0 done, 1 findings, 2 could not, 130 interrupted.',
    'On a machine without apt, say where a Debian mirror is: `BIVY_DEBIAN_MIRROR`, or `mirror` in `[tool.bivy]`.',
  ].join('\n');
}

export function commandHelp(name: string, command: Command): string {
  return [
    `bivy ${name}: ${command.summary}`,
    '',
    `Usage: ${command.usage}`,
    '',
    ...command.about,
    ...(Object.keys(command.options).length === 0 ? [] : ['', 'Options:', ...optionRows(command.options)]),
    '',
    'Every command:',
    ...optionRows(GLOBAL_OPTIONS),
    '',
    'Examples:',
    ...command.examples.flatMap(([line, what]) => [`  ${line}`, `      ${what}`]),
  ].join('\n');
}

function optionRows(options: Options): string[] {
  return columns(Object.entries(options).map(([name, option]) => [label(name, option), option.help]));
}

function label(name: string, option: Option): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return `${short}--${name}${option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : ''}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
