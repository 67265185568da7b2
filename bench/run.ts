// `npm run bench [NAME…]`: runs the benches, prints their rows, and (all of them) writes bench/RESULTS.md. Exit status 1
// where a figure passes its limit.

import { writeFileSync } from 'node:fs';
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

const asked = process.argv.slice(2);
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
if (asked.length === 0) writeFileSync(fileURLToPath(new URL('./RESULTS.md', import.meta.url)), table(rows));
process.exitCode = rows.every(isMet) ? 0 : 1;

function table(all: readonly BenchRow[]): string {
  const { model = 'unknown' } = cpus()[0] ?? {};
  return [
    '# What was measured',
    '',
    `Written by \`npm run bench\`: ratios within one run, on one machine (${cpus().length} cores, ${model.trim()}; Node ${process.version}, Linux).`,
    'A limit is what the project promises; every figure can be had again with the same command.',
    '',
    '| | figure | limit | how |',
    '| --- | --- | --- | --- |',
    ...all.map(
      (row) =>
        `| ${row.name} | **${spell(row.figure)}** ${row.unit} | ${row.better === 'lower' ? '≤' : '≥'} ${row.limit}${isMet(row) ? '' : ' **missed**'} | ${row.detail} |`,
    ),
    '',
  ].join('\n');
}

function spell(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure >= 10 ? figure.toFixed(1) : figure.toFixed(2);
}
