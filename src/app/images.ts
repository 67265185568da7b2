// The images of a build, one a platform, under one digest: what they have in common is planned, opened and made once.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import { assembleIndex } from '../oci/assemble.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import type { AttestationRequest } from './attestations.ts';
import { findBase } from './chosen-base.ts';
import { type ImageRequest, type MadeImage, makeImage } from './image.ts';
import { choosePlatforms } from './target.ts';
import type { Workbench } from './workbench.ts';

export interface MadeImages {
  /** What is published: the image, or an index of them where there are several. */
  readonly whole: BuiltImage | ImageIndex;
  readonly made: readonly MadeImage[];
}

export async function makeImages(
  request: ImageRequest & AttestationRequest,
  bench: Workbench,
  context: Context,
): Promise<MadeImages> {
  const { settings } = await bench.decode();
  const platforms = choosePlatforms(settings);
  const { reference, reason } = await findBase(platforms, bench, context);
  if (reason !== undefined) {
    context.emit({ type: 'note', message: `on ${reference} · ${reason}; \`base\` chooses another` });
  }
  const made: MadeImage[] = [];
  const { made: tell, ...quiet } = bench;
  for (const [position, platform] of platforms.entries()) {
    // Nothing is sent ahead before the last of them is planned: one that cannot be built leaves nothing anywhere.
    const own = position === platforms.length - 1 && tell !== undefined ? bench : quiet;
    // One after the other: what the first one made for any platform, the next one finds.
    made.push(
      await makeImage(request, reference, platform, own, context).catch((error: unknown) => {
        throw reason === undefined ? error : unreached(error, reference);
      }),
    );
  }
  if (request.sbom === true || request.provenance === true || request.attestations !== undefined) {
    const { attestImages } = await import('./attestations.ts');
    const attested = await attestImages(request, made, bench);
    if (attested.some(({ attestations }) => attestations.length > 0)) {
      const { attachAttestations } = await import('../oci/attach.ts');
      return { whole: attachAttestations(attested), made };
    }
  }
  const [only, ...others] = made.map(({ image }) => image);
  const whole =
    only !== undefined && others.length === 0 ? only : assembleIndex(made.map(({ image }) => image));
  return { whole, made };
}

/** A base that nobody named cannot be had: there is one that needs no registry. */
function unreached(error: unknown, reference: string): unknown {
  if (!(error instanceof BivyError) || error.code !== 'REGISTRY_UNREACHABLE') return error;
  return new BivyError(error.code, error.message, {
    causes: [...error.causes, `the base \`${reference}\` was chosen, since none is named`],
    hint: 'check the network, or take `--base debian:12`, which needs no registry',
    cause: error,
  });
}
