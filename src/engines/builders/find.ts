// Which builder: the one that is asked for, else the first that is there and can do what is asked.

import { nearest } from '../../kernel/decode.ts';
import { BivyError } from '../../kernel/errors.ts';
import type { Availability, Builder, BuilderContext, BuilderName, Wish } from './builder.ts';

type Usable = Extract<Availability, { readonly usable: true }>;

export interface FoundBuilder {
  readonly builder: Builder;
  readonly found: Usable;
}

const LOADERS: Readonly<Record<BuilderName, () => Promise<Builder>>> = {
  buildx: async () => (await import('./buildx.ts')).buildx,
  buildctl: async () => (await import('./buildctl.ts')).buildctl,
  docker: async () => (await import('./docker-build.ts')).dockerBuild,
  podman: async () => (await import('./podman.ts')).podman,
  buildah: async () => (await import('./podman.ts')).buildah,
};

/** @throws BivyError `USAGE` with the nearest name. @param from what named it, for the message */
export function parseBuilder(text: string, from: string): BuilderName {
  if (Object.hasOwn(LOADERS, text)) return text as BuilderName;
  const names = Object.keys(LOADERS);
  const near = nearest(text, names);
  throw new BivyError('USAGE', `${from}: there is no builder \`${text}\``, {
    hint:
      near === undefined
        ? `write one of ${names.map((name) => `\`${name}\``).join(', ')}`
        : `did you mean \`${near}\`?`,
  });
}

/**
 * The order in which builders are looked for. Whoever says where a buildkitd is means that one; without it, buildctl is for
 * those who ask for it.
 */
export function builderOrder(
  environment: NodeJS.ProcessEnv,
  builder: string | undefined,
): readonly BuilderName[] {
  const host = environment['BUILDKIT_HOST'] ?? '';
  const address = builder?.includes('://') === true;
  if (address) return ['buildctl'];
  return [
    ...(host !== '' && builder === undefined ? (['buildctl'] as const) : []),
    'buildx',
    'docker',
    'podman',
    'buildah',
  ];
}

/** Why a builder cannot do what is asked; empty: it can. */
function missingWishes({ lacks }: Pick<Builder, 'lacks'>, wishes: readonly Wish[]): readonly string[] {
  return wishes.flatMap((wish) => {
    const reason = lacks[wish];
    return reason === undefined ? [] : [`\`--${FLAGS[wish] ?? wish}\`: ${reason}`];
  });
}

const FLAGS: Partial<Record<Wish, string>> = { platforms: 'platform' };

/**
 * @param named the builder that the user wants, if any
 * @throws BivyError `ENGINE_UNREACHABLE` where none is there, `USAGE` where what is there cannot do what is asked
 */
export async function findBuilder(
  named: BuilderName | undefined,
  instance: string | undefined,
  wishes: readonly Wish[],
  context: BuilderContext,
): Promise<FoundBuilder> {
  const order = named === undefined ? builderOrder(context.environment, instance) : [named];
  const absent: string[] = [];
  const unable: string[] = [];
  for (const name of order) {
    const builder = await LOADERS[name]();
    const missing = missingWishes(builder, wishes);
    if (missing.length > 0 && named !== undefined) throw cannot(builder, missing);
    const found = await builder.available(instance, context);
    if (!found.usable) absent.push(`${builder.title}: ${found.reason}`);
    else if (missing.length > 0) unable.push(...missing.map((reason) => `${builder.title}: ${reason}`));
    else return { builder, found };
  }
  if (unable.length > 0) {
    throw new BivyError('USAGE', 'no builder that is here can do what is asked', {
      causes: [...unable, ...absent],
      hint: 'leave that flag out, or install docker’s plugin buildx or buildctl',
    });
  }
  throw new BivyError(
    'ENGINE_UNREACHABLE',
    named === undefined ? 'there is no builder here' : `\`${named}\` cannot be used`,
    {
      causes: absent,
      hint: 'start Docker, set `BUILDKIT_HOST`, install podman, or build without any of them: `--engine native`',
    },
  );
}

function cannot({ title }: Builder, missing: readonly string[]): BivyError {
  return new BivyError('USAGE', `\`${title}\` cannot do what is asked`, {
    causes: missing,
    hint: 'leave that flag out, or choose another builder with `--engine buildkit:NAME`',
  });
}
