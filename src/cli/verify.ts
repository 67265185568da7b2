// `bivy verify`

import { withContext } from '../app/context.ts';
import { verifyImage } from '../app/verify.ts';
import { BivyError } from '../kernel/errors.ts';
import { verifyDocument, verifyLines } from '../report/verify.ts';
import { imageFlags } from './image-flags.ts';
import type { Io } from './io.ts';
import type { Parsed } from './options.ts';
import { isSet, listOf, selectionFlags } from './selection.ts';

/** Exit status 1: the image is not what its sources make. */
export async function runVerify(parsed: Parsed, io: Io): Promise<number> {
  const [image, directory = '.'] = parsed.positionals;
  if (image === undefined) {
    throw new BivyError('USAGE', '`bivy verify` needs the image that is to be verified', {
      hint: 'name it as `team/app:1.2`, `oci:DIR`, `oci-archive:FILE` or `docker-archive:FILE`',
    });
  }
  const options = {
    environment: io.environment,
    emit: io.emit,
    signal: io.signal,
    offline: isSet(parsed, 'offline'),
  };
  const verified = await withContext(options, (context) =>
    verifyImage(
      {
        image,
        directory,
        flags: imageFlags(parsed),
        selection: selectionFlags(parsed),
        environment: io.environment,
        insecureRegistries: listOf(parsed, 'insecure-registry') ?? [],
      },
      context,
    ),
  );
  io.print(io.json ? JSON.stringify(verifyDocument(verified)) : verifyLines(verified).join('\n'));
  return verified.equal ? 0 : 1;
}
