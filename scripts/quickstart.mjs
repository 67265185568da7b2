// `npm run quickstart`: builds examples/annapurna on `debian:12` into dist/quickstart, says what it made and how to run
// it, and runs it where a Docker engine answers. Where no Debian mirror is known, the base is pulled instead.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bivy = fileURLToPath(new URL('../dist/program/main.cjs', import.meta.url));
const output = 'dist/quickstart';
const tag = 'annapurna:quickstart';

async function knowsMirror() {
  const { findMirror } = await import(new URL('../dist/debian/mirror.js', import.meta.url).href);
  try {
    findMirror({}, process.env);
    return true;
  } catch (error) {
    // What else may be wrong is for the build to say.
    return error.code !== 'MIRROR_UNKNOWN';
  }
}

/** One line of stdout each: the digest. What bivy says while it works goes straight to the screen. */
function build(base, ...destination) {
  const made = spawnSync(
    process.execPath,
    [bivy, 'build', 'examples/annapurna', '--base', base, '-t', tag, ...destination],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
  );
  if (made.status !== 0) process.exit(made.status ?? 2);
  return made.stdout.trim();
}

function engineAnswers() {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      stdio: 'ignore',
      timeout: 10_000,
    });
    return true;
  } catch {
    return false;
  }
}

const composed = await knowsMirror();
const base = composed ? 'debian:12' : 'python:3.11-slim';
if (!composed) {
  console.log('\nNo Debian mirror is known here, so the base is not composed but pulled: python:3.11-slim.');
  console.log('To have debian:12, name a mirror near you in BIVY_DEBIAN_MIRROR.');
}
console.log(`\nbivy build examples/annapurna --base ${base}\n`);
const digest = build(base, '-o', `oci:${output}`);
console.log(`\nMade ${digest}\nin ${output}, an OCI layout that skopeo, podman, crane and umoci read:\n`);
console.log(`  skopeo copy oci:${output}:${tag} docker-daemon:${tag}`);
console.log(`  podman run --rm oci:${output}:${tag}\n`);
if (engineAnswers()) {
  console.log('A Docker engine answers, so it is loaded there and run:\n');
  build(base, '-o', 'docker');
  console.log(`\n$ docker run --rm ${tag}`);
  const ran = spawnSync('docker', ['run', '--rm', '--network', 'none', tag], { stdio: 'inherit' });
  process.exitCode = ran.status ?? 2;
} else {
  console.log('No Docker engine answers here. Where one does:\n');
  console.log(
    `  npx bivy build examples/annapurna --base ${base} -t ${tag} -o docker && docker run --rm ${tag}`,
  );
}
