// Destinations as users spell them: `oci:DIR`, `docker-archive:FILE`, … Each is loaded only where it is asked for.

import { nearest } from '../../kernel/decode.ts';
import { BivyError } from '../../kernel/errors.ts';
import type { Destination } from '../destination.ts';

const FORMS: Readonly<Record<string, string>> = {
  docker: 'docker',
  registry: 'registry',
  oci: 'oci:DIR',
  'oci-archive': 'oci-archive:FILE',
  'docker-archive': 'docker-archive:FILE',
  dir: 'dir:DIR',
};

/**
 * The destination that writes to this disk. Engines are another room's: `docker` alone never comes here.
 * @throws BivyError `DESTINATION_INVALID` with the nearest known kind
 */
export async function parseDestination(text: string): Promise<Destination> {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const path = colon < 0 ? '' : text.slice(colon + 1);
  if (!Object.hasOwn(FORMS, kind)) throw unknown(text, kind, path);
  if (kind === 'docker') {
    throw new BivyError('DESTINATION_INVALID', `\`docker\` takes nothing after it: \`${text}\``, {
      hint: 'name the image with `--tag`, and the engine with `DOCKER_HOST` or `DOCKER_CONTEXT`',
    });
  }
  if (path === '') {
    throw new BivyError('DESTINATION_INVALID', `the destination \`${text}\` names no path`, {
      hint: `write it as \`${FORMS[kind]}\``,
    });
  }
  if (kind === 'oci') return (await import('./oci-layout.ts')).ociLayout(path);
  if (kind === 'dir') return (await import('./directory.ts')).directory(path);
  return (await import('./archive.ts')).imageArchive(kind as 'oci-archive' | 'docker-archive', path);
}

function unknown(text: string, kind: string, path: string): BivyError {
  const near = nearest(kind, Object.keys(FORMS));
  const forms = Object.values(FORMS).map((form) => `\`${form}\``);
  const meant =
    near === undefined
      ? undefined
      : near === 'docker' || near === 'registry' || path === ''
        ? FORMS[near]
        : `${near}:${path}`;
  return new BivyError('DESTINATION_INVALID', `\`${text}\` is no destination`, {
    hint: meant === undefined ? `write one of ${forms.join(', ')}` : `did you mean \`${meant}\`?`,
  });
}
