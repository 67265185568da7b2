// Where an image goes: one method, and what became of it.

import type { Context } from '../kernel/context.ts';
import { nearest } from '../kernel/decode.ts';
import { BivyError } from '../kernel/errors.ts';
import type { BuiltImage, ImageIndex } from './image.ts';

export interface Published {
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive' | 'dir' | 'docker';
  readonly path?: string;
  /** False where everything was there already. */
  readonly changed: boolean;
}

export interface Destination {
  /** Checks that it may be written (ours, reachable) before anything is made. @throws BivyError */
  check(context: Context): Promise<void>;
  /**
   * All or nothing: what was there stays whole until the new image is complete.
   * @param tags references as users write them: `annapurna:1.0.0`
   * @throws BivyError `HASH_MISMATCH` where a layer's file is not what it is called; nothing was published then
   */
  write(image: BuiltImage | ImageIndex, tags: readonly string[], context: Context): Promise<Published>;
}

/** A destination as a user names it: `docker`, `oci:DIR`, … */
export type DestinationName =
  | { readonly kind: 'docker' }
  | { readonly kind: Exclude<Published['kind'], 'docker'>; readonly path: string };

const FORMS: Readonly<Record<Published['kind'], string>> = {
  docker: 'docker',
  oci: 'oci:DIR',
  'oci-archive': 'oci-archive:FILE',
  'docker-archive': 'docker-archive:FILE',
  dir: 'dir:DIR',
};

/** @throws BivyError `DESTINATION_INVALID` */
export function parseDestination(text: string): DestinationName {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const path = colon < 0 ? '' : text.slice(colon + 1);
  if (!Object.hasOwn(FORMS, kind)) {
    const near = nearest(kind, Object.keys(FORMS)) as Published['kind'] | undefined;
    const forms = Object.values(FORMS).map((form) => `\`${form}\``);
    throw new BivyError('DESTINATION_INVALID', `\`${text}\` is no destination`, {
      hint:
        near === undefined
          ? `write one of ${forms.join(', ')}`
          : `did you mean \`${near === 'docker' ? near : `${near}:${path === '' ? FORMS[near].split(':')[1] : path}`}\`?`,
    });
  }
  if (kind === 'docker') {
    if (colon < 0) return { kind };
    throw new BivyError(
      'DESTINATION_INVALID',
      `the destination \`docker\` takes nothing after it: \`${text}\``,
      {
        hint: 'name the image with `--tag`, and the engine with `DOCKER_HOST` or `DOCKER_CONTEXT`',
      },
    );
  }
  if (path === '') {
    throw new BivyError('DESTINATION_INVALID', `the destination \`${text}\` names no path`, {
      hint: `write it as \`${FORMS[kind as Published['kind']]}\``,
    });
  }
  return { kind: kind as 'oci', path };
}

/** The destination that writes to this disk; each is loaded only where it is asked for. */
export async function openDestination(
  name: Exclude<DestinationName, { kind: 'docker' }>,
): Promise<Destination> {
  switch (name.kind) {
    case 'oci': {
      const { ociLayout } = await import('./destinations/oci-layout.ts');
      return ociLayout(name.path);
    }
    case 'oci-archive':
    case 'docker-archive': {
      const { imageArchive } = await import('./destinations/archive.ts');
      return imageArchive(name.kind, name.path);
    }
    case 'dir': {
      const { directory } = await import('./destinations/directory.ts');
      return directory(name.path);
    }
  }
}
