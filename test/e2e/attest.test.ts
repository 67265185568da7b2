// Bills of materials and attestations before those who read them: SPDX's own tools, and skopeo, which moves an image with
// what is attached to it. (The CycloneDX schema is held in `test/attest`, which needs no program.)

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeProvenance } from '../../src/attest/provenance.ts';
import { writeSpdx } from '../../src/attest/spdx.ts';
import { attestContents } from '../../src/attest/statement.ts';
import { digestOf, hexOf } from '../../src/kernel/digest.ts';
import { attachAttestations } from '../../src/oci/attach.ts';
import { blobsOf } from '../../src/oci/destinations/contents.ts';
import { parseDestination } from '../../src/oci/destinations/parse.ts';
import { contentsOf, pulledContents } from '../attest/facts.ts';
import { imageOf, layerOf, stage } from '../support/images.ts';
import { scratchFolder } from './support/program.ts';

const TOOLS = 'spdx-tools==0.8.5';

/** Whether to run what needs a program; says so where not, and fails in CI. */
function have(name: string, ...parameters: readonly string[]): boolean {
  if (spawnSync(name, parameters).status === 0) return true;
  if (process.env['CI'] === 'true')
    throw new Error(`CI has no working \`${[name, ...parameters].join(' ')}\``);
  console.warn(`SKIPPED: no \`${name}\` that works`);
  return false;
}

describe.skipIf(!have('python3', '-c', 'import pip'))('the tools of SPDX', () => {
  const folder = scratchFolder();
  const library = join(folder, 'tools');
  beforeAll(() => {
    const flags = ['--quiet', '--disable-pip-version-check', '--target', library];
    execFileSync('python3', ['-m', 'pip', 'install', ...flags, TOOLS], { stdio: 'pipe' });
  }, 120_000);

  const judge = (document: string): { readonly status: number | null; readonly output: string } => {
    const path = join(folder, 'image.spdx.json');
    writeFileSync(path, document);
    const { status, stdout, stderr } = spawnSync(
      'python3',
      ['-m', 'spdx_tools.spdx.clitools.pyspdxtools', '-i', path],
      { env: { ...process.env, PYTHONPATH: library }, encoding: 'utf8' },
    );
    return { status, output: stdout + stderr };
  };

  it.each([
    ['on Debian packages', contentsOf()],
    ['on an image', pulledContents()],
  ])('find an image %s described validly', (_, contents) => {
    expect(judge(Buffer.from(writeSpdx(contents, 0)).toString('utf8'))).toMatchObject({ status: 0 });
  });

  it('find fault where there is one', () => {
    const document = Buffer.from(writeSpdx(contentsOf(), 0)).toString('utf8');
    expect(judge(document.replaceAll('"SPDXRef-Wheel-fastapi"', '"Wheel"')).status).not.toBe(0);
  });
});

describe.skipIf(!have('skopeo', '--version'))('skopeo', () => {
  it('moves an image of two platforms with all that is attached, and finds the image among it', async () => {
    const at = stage();
    const layer = await layerOf(at, [{ path: 'a', body: 'x' }]);
    const images = ['linux/amd64', 'linux/arm64'].map((platform) => imageOf([layer], {}, platform));
    const index = attachAttestations(
      await Promise.all(
        images.map(async (image) => {
          const contents = contentsOf({ digest: image.manifestDigest, platform: image.platform });
          const files = [{ name: 'poetry.lock', digest: digestOf('lock') }];
          const provenance = writeProvenance({ contents, parameters: {}, files });
          return { image, attestations: [...(await attestContents(contents, 0)), provenance] };
        }),
      ),
    );
    const [from, to] = ['from', 'to'].map((name) => join(at.folder, name)) as [string, string];
    await (await parseDestination(`oci:${from}`)).write(index, ['team/app:1'], at.context);

    execFileSync('skopeo', ['copy', '--quiet', '--all', `oci:${from}:1`, `oci:${to}:1`], { stdio: 'pipe' });
    for (const { digest } of blobsOf(index)) {
      expect(digestOf(readFileSync(join(to, 'blobs/sha256', hexOf(digest))))).toBe(digest);
    }
    const inspect = ['--override-arch', 'arm64', 'inspect', '--config', '--raw', `oci:${to}:1`];
    const config = execFileSync('skopeo', inspect);
    expect(digestOf(config)).toBe(images[1]!.configDigest);
  });
});
