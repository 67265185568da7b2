// Engines that are not there, told from builds that fail: by what their clients say.

import { BivyError } from '../../kernel/errors.ts';

const SIGNS =
  /cannot connect to the docker daemon|error during connect|connection refused|no such host|failed to dial|dial (?:unix|tcp)|context deadline exceeded while waiting|listing workers|no builder .* found|unable to connect to podman|Cannot connect to Podman/i;

/** @throws BivyError `ENGINE_UNREACHABLE` where that is what the reason says */
export function refuseUnreachable(title: string, reason: string): void {
  if (!SIGNS.test(reason)) return;
  throw new BivyError('ENGINE_UNREACHABLE', `\`${title}\` does not reach its engine`, {
    causes: [reason],
    hint: 'see that it runs and where it listens (`BUILDKIT_HOST`, `DOCKER_HOST`, `docker buildx ls`), or choose another with `--engine buildkit:NAME`',
  });
}
