// The images of a build, one a platform, under one digest: what they have in common is planned, opened and made once.

import type { Context } from '../kernel/context.ts';
import { keyOf } from '../kernel/digest.ts';
import { assembleIndex } from '../oci/assemble.ts';
import type { BuiltImage, ImageIndex } from '../oci/image.ts';
import { type ImageRequest, type MadeImage, makeImage, type Workbench } from './image.ts';
import { type ChosenBase, chooseBase, choosePlatforms } from './target.ts';

export interface MadeImages {
  /** What is published: the image, or an index of them where there are several. */
  readonly whole: BuiltImage | ImageIndex;
  readonly made: readonly MadeImage[];
}

export async function makeImages(
  request: ImageRequest,
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
  for (const platform of platforms) {
    // One after the other: what the first one made for any platform, the next one finds.
    made.push(await makeImage(request, reference, platform, bench, context));
  }
  const [only, ...others] = made.map(({ image }) => image);
  const whole =
    only !== undefined && others.length === 0 ? only : assembleIndex(made.map(({ image }) => image));
  return { whole, made };
}

/** The base, chosen once for the same inputs. */
export async function findBase(
  platforms: readonly string[],
  { inputs, decode, plan }: Pick<Workbench, 'inputs' | 'decode' | 'plan'>,
  { cache }: Pick<Context, 'cache'>,
): Promise<ChosenBase> {
  const { project, settings } = await decode();
  if (settings.base !== undefined) return { reference: settings.base };
  const key = keyOf({ identity: inputs.identity, platforms });
  const known = cache.readRecord<ChosenBase>('chosen-bases', key);
  if (known !== undefined) return known;
  const chosen = await chooseBase(
    settings,
    project,
    platforms,
    async (target) => (await plan(target)).problems.length === 0,
  );
  cache.writeRecord('chosen-bases', key, chosen);
  return chosen;
}
