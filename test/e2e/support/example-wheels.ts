// The wheels of an example's lock, every group's, planned and fetched by bivy itself into a folder under their own names.

import { linkSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withContext } from '../../../src/app/context.ts';
import { planProject } from '../../../src/app/plan.ts';
import { DirectoryCache } from '../../../src/kernel/directory-cache.ts';
import { fetchFiles } from '../../../src/wheels/fetch.ts';

export interface FetchedWheel {
  readonly fileName: string;
  readonly path: string;
}

export function exampleDirectory(example: string): string {
  return fileURLToPath(new URL(`../../../examples/${example}`, import.meta.url));
}

/** `target` is a Python and libc as `bivy plan` takes them; `folder` receives the wheels, and a cache that further calls share. */
export async function fetchExampleWheels(
  example: string,
  target: { readonly python: string; readonly libc: string; readonly platform: string },
  folder: string,
): Promise<readonly FetchedWheel[]> {
  const options = {
    environment: process.env,
    emit: () => undefined,
    signal: new AbortController().signal,
    offline: false,
    cache: new DirectoryCache(join(folder, 'cache')),
  };
  const directory = exampleDirectory(example);
  return withContext(options, async (context) => {
    const { python, libc, platform } = target;
    const request = {
      directory,
      python,
      libc,
      flags: { platforms: [platform] },
      selection: { allGroups: true, root: false },
    };
    const plan = await planProject(request, context);
    const wanted = plan.packages.flatMap(({ name, version, source, file }) =>
      file === null ? [] : [{ package: name, version, source, file }],
    );
    const blobs = await fetchFiles(wanted, context, { directory });
    const wheels = mkdtempSync(join(folder, `${example}-`));
    return wanted.map(({ file }) => {
      const path = join(wheels, file.name);
      linkSync(blobs.get(file.sha256)!.path, path);
      return { fileName: file.name, path };
    });
  });
}
