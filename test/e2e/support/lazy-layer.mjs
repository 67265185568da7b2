// A process that makes one eStargz layer of one wheel with the compiled program, and says what it took.

import { runLayerJob } from '../../../dist/app/layer-job.js';

const [path, fileName, sha256, size, output] = process.argv.slice(2);
const { digest, diffId, annotations } = await runLayerJob({
  kind: 'wheels',
  wheels: [{ path, fileName, sha256, size: Number(size) }],
  python: '3.11',
  prefix: '/app/.venv',
  compression: 'estargz',
  output,
});
const memory = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ digest, diffId, annotations, memory }));
