// `npm run quickstart`: builds examples/annapurna on `debian:12` into dist/quickstart, says what it made and how to run
// it, and runs it where a Docker engine answers.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bivy = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const output = 'dist/quickstart';
const tag = 'annapurna:quickstart';

/** One line of stdout each: the digest. What bivy says while it works goes straight to the screen. */
function build(...destination) {
  const made = spawnSync(
    process.execPath,
    [bivy, 'build', 'examples/annapurna', '--base', 'debian:12', '-t', tag, ...destination],
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

console.log('\nbivy build examples/annapurna --base debian:12\n');
const digest = build('-o', `oci:${output}`);
console.log(`\nMade ${digest}\nin ${output}, an OCI layout that skopeo, podman, crane and umoci read:\n`);
console.log(`  skopeo copy oci:${output}:${tag} docker-daemon:${tag}`);
console.log(`  podman run --rm oci:${output}:${tag}\n`);
if (engineAnswers()) {
  console.log('A Docker engine answers, so it is loaded there and run:\n');
  build('-o', 'docker');
  console.log(`\n$ docker run --rm ${tag}`);
  const ran = spawnSync('docker', ['run', '--rm', '--network', 'none', tag], { stdio: 'inherit' });
  process.exitCode = ran.status ?? 2;
} else {
  console.log('No Docker engine answers here. Where one does:\n');
  console.log(`  npx bivy build examples/annapurna -t ${tag} -o docker && docker run --rm ${tag}`);
}
