// What is attested of a build's images: bills of materials and provenance, beside the images in their index and as files.
// Nothing in them but what the inputs say: no time, no host, no random number.

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageContents } from '../attest/contents.ts';
import { digestOf } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import { makeDirectory } from '../kernel/file-system.ts';
import type { Attestation, AttestedImage } from '../oci/attach.ts';
import { epochOf } from './epoch.ts';
import type { MadeImage } from './image.ts';
import type { Workbench } from './workbench.ts';

export interface AttestationRequest {
  /** Attach bills of materials, in SPDX and CycloneDX. */
  readonly sbom?: boolean;
  /** Attach what was built from what. */
  readonly provenance?: boolean;
  /** A directory for the documents as files, attached or not. */
  readonly attestations?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The images with what is attested of them; files are written where they are asked for. */
export async function attestImages(
  request: AttestationRequest,
  made: readonly MadeImage[],
  bench: Workbench,
): Promise<readonly AttestedImage[]> {
  const attested: AttestedImage[] = [];
  const files = new Map<string, Uint8Array>();
  const asFiles = request.attestations !== undefined;
  const neither = request.sbom !== true && request.provenance !== true;
  for (const one of made) {
    const { image } = one;
    const contents = await contentsOf(one, bench);
    const attestations: Attestation[] = [];
    const name = image.platform.replaceAll('/', '-');
    if (request.sbom === true || (asFiles && neither)) {
      const { attestContents } = await import('../attest/statement.ts');
      const epoch = epochOf(request.environment ?? {});
      if (request.sbom === true) attestations.push(...(await attestContents(contents, epoch)));
      if (asFiles) {
        const [{ writeSpdx }, { writeCycloneDx }] = await Promise.all([
          import('../attest/spdx.ts'),
          import('../attest/cyclonedx.ts'),
        ]);
        files.set(`${name}.spdx.json`, writeSpdx(contents, epoch));
        files.set(`${name}.cdx.json`, writeCycloneDx(contents, epoch));
      }
    }
    if (request.provenance === true || (asFiles && neither)) {
      const statement = await provenanceOf(one, contents, bench);
      if (request.provenance === true) attestations.push(statement);
      if (asFiles) files.set(`${name}.provenance.json`, statement.statement);
    }
    attested.push({ image, attestations });
  }
  if (request.attestations !== undefined) writeFiles(request.attestations, files);
  return attested;
}

async function contentsOf(
  { image, base, python, plan }: MadeImage,
  bench: Workbench,
): Promise<ImageContents> {
  const { project } = await bench.decode();
  const [{ imageContents }, { licenseOf }] = await Promise.all([
    import('../attest/contents.ts'),
    import('../attest/annotations.ts'),
  ]);
  return imageContents({
    project,
    plan: await plan(),
    platform: image.platform,
    digest: image.manifestDigest,
    python,
    ...(project.description === null || project.description === ''
      ? {}
      : { description: project.description }),
    ...(await licenseOf(project)),
    ...(base.debian === undefined ? {} : { debian: base.debian }),
    ...(base.image === undefined ? {} : { base: base.image }),
  });
}

async function provenanceOf(
  { image, base }: MadeImage,
  contents: ImageContents,
  { inputs, decode }: Workbench,
): Promise<Attestation> {
  const [{ writeProvenance }, { readGit }] = await Promise.all([
    import('../attest/provenance.ts'),
    import('../attest/git.ts'),
  ]);
  const { project } = await decode();
  const { flags, selection, environment } = inputs;
  const application = image.layers.find(({ kind }) => kind === 'app');
  return writeProvenance({
    contents,
    parameters: { base: base.name, flags, selection, environment, settings: project.settings },
    files: [
      { name: 'pyproject.toml', digest: digestOf(inputs.pyproject) },
      { name: 'poetry.lock', digest: digestOf(inputs.lock) },
      ...(inputs.pins === undefined ? [] : [{ name: 'bivy.lock', digest: digestOf(inputs.pins) }]),
    ],
    git: readGit(inputs.directory),
    ...(application === undefined ? {} : { sources: application.diffId }),
  });
}

/** Each file at once or not at all. */
function writeFiles(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  try {
    makeDirectory(directory);
    for (const [name, bytes] of files) {
      const temporary = join(directory, `.${name}.${process.pid}`);
      try {
        writeFileSync(temporary, bytes);
        renameSync(temporary, join(directory, name));
      } finally {
        rmSync(temporary, { force: true });
      }
    }
  } catch (error) {
    throw new BivyError('DESTINATION_INVALID', `cannot write the attestations into \`${directory}\``, {
      cause: error,
      hint: 'name a directory that this user may write to',
    });
  }
}
