// `npm run bench [NAME…]`: runs the benches, prints their rows, and (all of them) writes bench/RESULTS.md; with `--record`
// the rows of these take the place of what RESULTS.md says of them. Exit status 1 where a figure passes its limit.

import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type BenchRow, isMet } from './row.ts';

const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<readonly BenchRow[]> }>>> = {
  splice: () => import('./splice.ts'),
  build: () => import('./build.ts'),
  docker: () => import('./docker.ts'),
  registry: () => import('./registry.ts'),
  runner: () => import('./runner.ts'),
  'inline-cache': () => import('./inline-cache.ts'),
  sharing: () => import('./sharing.ts'),
  pull: () => import('./pull.ts'),
  delivery: () => import('./delivery.ts'),
  lint: () => import('./lint.ts'),
};

const asked = process.argv.slice(2).filter((word) => word !== '--record');
const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url));
const names = asked.length > 0 ? asked : Object.keys(BENCHES);
const rows: BenchRow[] = [];
for (const name of names) {
  const load = BENCHES[name];
  if (load === undefined)
    throw new Error(`no bench \`${name}\`; there are ${Object.keys(BENCHES).join(', ')}`);
  for (const row of await (await load()).run()) {
    rows.push(row);
    console.log(
      `${isMet(row) ? 'ok  ' : 'MISS'} ${row.name}: ${spell(row.figure)} ${row.unit} (limit ${row.limit}) · ${row.detail}`,
    );
  }
}
const lines = rows.map(lineOf);
if (asked.length === 0) writeFileSync(RESULTS, table(lines));
else if (process.argv.includes('--record')) writeFileSync(RESULTS, table(merge(recorded(), lines)));
process.exitCode = rows.every(isMet) ? 0 : 1;

/** What RESULTS.md has: a line a row. */
function recorded(): readonly string[] {
  return readFileSync(RESULTS, 'utf8')
    .split('\n')
    .filter((line) => /^\| [^|-]/.test(line));
}

/** New lines in the places of those of the same name, else at the end. */
function merge(before: readonly string[], now: readonly string[]): readonly string[] {
  const nameOf = (line: string): string => line.split(' | ')[0]!;
  const fresh = new Map(now.map((line) => [nameOf(line), line]));
  const kept = before.map((line) => fresh.get(nameOf(line)) ?? line);
  return [...kept, ...now.filter((line) => !kept.includes(line))];
}

function table(all: readonly string[]): string {
  const { model = 'unknown' } = cpus()[0] ?? {};
  return [
    '# What was measured',
    '',
    `Written by \`npm run bench\` (or, bench by bench, with \`--record\`): ratios within one run of a bench, on one machine (${cpus().length} cores, ${model.trim()}; Node ${process.version}, Linux).`,
    'A limit is what the project promises; every figure can be had again with the same command.',
    '',
    '| | figure | limit | how |',
    '| --- | --- | --- | --- |',
    ...all,
    '',
  ].join('\n');
}

function lineOf(row: BenchRow): string {
  const limit = `${row.better === 'lower' ? '≤' : '≥'} ${row.limit}${isMet(row) ? '' : ' **missed**'}`;
  return `| ${row.name} | **${spell(row.figure)}** ${row.unit} | ${limit} | ${row.detail} |`;
}

function spell(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure >= 10 ? figure.toFixed(1) : figure.toFixed(2);
}
