// Pushes the image that a JSON file describes; prints what it took.
// node push.mjs IMAGE.json REFERENCE CACHE

import { readFileSync } from 'node:fs';
import { withContext } from '../../dist/app/context.js';
import { DirectoryCache } from '../../dist/kernel/cache.js';
import { createRegistry } from '../../dist/registry/client.js';
import { registryDestination } from '../../dist/registry/destination.js';

const [file, reference, cache] = process.argv.slice(2);
const { manifest, config, ...image } = JSON.parse(readFileSync(file, 'utf8'));
const environment = {};
let started = 0;
const { moved } = await withContext(
  {
    environment,
    emit: () => {},
    signal: new AbortController().signal,
    offline: false,
    cache: new DirectoryCache(cache),
  },
  (context) => {
    const registry = createRegistry(
      { environment, insecure: [], mirrors: {} },
      context,
      async () => undefined,
    );
    const whole = {
      ...image,
      manifest: Buffer.from(manifest, 'base64'),
      config: Buffer.from(config, 'base64'),
    };
    started = performance.now();
    return registryDestination(registry).write(whole, [reference], context);
  },
);
console.log(
  JSON.stringify({
    moved,
    // Of the push alone: the process that pushes is the one that built.
    seconds: (performance.now() - started) / 1000,
    memory: process.resourceUsage().maxRSS * 1024,
  }),
);
