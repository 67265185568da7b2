// In-toto statements (in-toto/attestation, spec/v1/statement.md): what is said of an image, bound to its digest.

import { canonicalJson, type Digest, hexOf } from '../kernel/digest.ts';
import type { Attestation } from '../oci/attach.ts';
import type { ImageContents } from './contents.ts';
import { imageUrl } from './package-url.ts';

export const SPDX_PREDICATE = 'https://spdx.dev/Document';
export const CYCLONEDX_PREDICATE = 'https://cyclonedx.org/bom';
export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';

/** The statement that the predicate holds for the image. Its subject is called by its package URL: no tag reaches it. */
export function attest(
  { name, digest, platform }: { readonly name: string; readonly digest: Digest; readonly platform: string },
  predicateType: string,
  predicate: Readonly<Record<string, unknown>>,
): Attestation {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: imageUrl(name, digest, platform), digest: { sha256: hexOf(digest) } }],
    predicateType,
    predicate,
  };
  return { predicateType, statement: Buffer.from(canonicalJson(statement), 'utf8') };
}

/**
 * Both bills of materials of an image, to be attached.
 * @param epoch seconds since 1970 for their time stamps
 */
export async function attestContents(
  contents: ImageContents,
  epoch: number,
): Promise<readonly Attestation[]> {
  const [{ spdxDocument }, { writeCycloneDx }] = await Promise.all([
    import('./spdx.ts'),
    import('./cyclonedx.ts'),
  ]);
  const cycloneDx = JSON.parse(Buffer.from(writeCycloneDx(contents, epoch)).toString('utf8')) as Record<
    string,
    unknown
  >;
  return [
    attest(contents, SPDX_PREDICATE, spdxDocument(contents, epoch)),
    attest(contents, CYCLONEDX_PREDICATE, cycloneDx),
  ];
}
