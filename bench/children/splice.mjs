// Makes each wheel of a JSON list a layer, as a build does, with a number of worker threads; prints what it took.
// node splice.mjs WORKERS DIRECTORY '[{"path":…,"fileName":…,"sha256":…,"size":…}]'

import { join } from 'node:path';
import { openLayerPool } from '../../dist/app/layer-pool.js';

const [workers, directory, list] = process.argv.slice(2);
const pool = openLayerPool({ workers: Number(workers), signal: new AbortController().signal });
const results = await Promise.all(
  JSON.parse(list).map((wheel) =>
    pool.run({
      kind: 'wheels',
      wheels: [wheel],
      python: '3.11',
      prefix: '/app/.venv',
      output: join(directory, `${wheel.fileName}.tar.gz`),
    }),
  ),
);
await pool.close();
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    // Since the process began.
    seconds: performance.now() / 1000,
    cpu: (user + system) / 1e6,
    memory: process.resourceUsage().maxRSS * 1024,
    size: results.reduce((sum, { size }) => sum + size, 0),
    digests: results.map(({ digest, diffId }) => ({ digest, diffId })),
    unpacked: results.reduce((sum, { unpacked }) => sum + unpacked, 0),
  }),
);
