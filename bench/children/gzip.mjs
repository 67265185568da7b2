// What others do with a tree: tar and gzip -6, by Node's zlib, in one thread, hashing nothing; prints what it took.
// node gzip.mjs DIRECTORY TREE…

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { END, encodeHeader, paddingOf } from '../../dist/layers/tar.js';

const [directory, ...trees] = process.argv.slice(2);
let size = 0;
for (const tree of trees) {
  const pieces = [];
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const common = { path: path.slice(tree.length + 1), uid: 0, gid: 0, target: '' };
    if (entry.isDirectory()) {
      pieces.push(encodeHeader({ ...common, kind: 'directory', mode: 0o755, size: 0 }));
      continue;
    }
    const bytes = readFileSync(path);
    pieces.push(encodeHeader({ ...common, kind: 'file', mode: 0o644, size: bytes.length }));
    pieces.push(bytes, END.subarray(0, paddingOf(bytes.length)));
  }
  const blob = gzipSync(Buffer.concat([...pieces, END]), { level: 6, chunkSize: 1 << 20 });
  writeFileSync(join(directory, `${basename(tree)}.tar.gz`), blob);
  size += blob.length;
}
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ seconds: performance.now() / 1000, cpu: (user + system) / 1e6, size }));
