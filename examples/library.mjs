// bivy as a library: run it with `node examples/library.mjs` from a checkout that was built with `npm run build`.
import { fileURLToPath } from 'node:url';
import { build, plan } from 'bivy';

const directory = fileURLToPath(new URL('annapurna', import.meta.url));

const planned = await plan({ directory, python: '3.11.2', platform: 'linux/amd64', libc: 'glibc:2.36' });
for (const { name, version, why } of planned.packages) console.log(`${name} ${version}, for ${why.join(' > ')}`);

if (process.argv.includes('--build')) {
  const base = 'debian:12';
  const image = await build({ directory, base, destinations: ['oci:dist/library'], tags: ['annapurna:library'] });
  console.log(image.digest);
}
