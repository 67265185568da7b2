// The wheels of a plan: which they are, where their layers lay them, and how they come into the cache.

import type { Context } from '../kernel/context.ts';
import { BivyError } from '../kernel/errors.ts';
import type { InstallPlan, PlannedPackage } from '../lock/plan.ts';
import type { Settings } from '../project/settings.ts';
import { type Arrived, fetchFiles } from '../wheels/fetch.ts';
import type { Decoded } from './decoded.ts';
import { PREFIX } from './environment.ts';
import type { PlannedWheel, WheelPlace } from './wheel-maker.ts';

/** @throws BivyError `INTERNAL` where the plan has a package without a file: problems are refused before */
export function wheelsOf({ packages }: Pick<InstallPlan, 'packages'>): readonly PlannedWheel[] {
  return packages.map(wheelOf);
}

function wheelOf(found: PlannedPackage): PlannedWheel {
  if (found.file === null) {
    throw new BivyError('INTERNAL', `no file was chosen for \`${found.name}\`, and no problem was reported`);
  }
  return { package: found, fileName: found.file.name, sha256: found.file.sha256 };
}

/** @param python `3.11` @param location where the prefix lies physically */
export function placeOf(
  python: string,
  { compression }: Pick<Settings, 'compression'>,
  location: string = PREFIX,
): WheelPlace {
  return { python, prefix: PREFIX, location, compression };
}

export interface WheelSources {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Puts wheels into the cache. @throws BivyError as `fetchFiles` */
export async function fetchWheels(
  wheels: readonly PlannedWheel[],
  { directory, environment }: WheelSources,
  { settings, project }: Pick<Decoded, 'settings' | 'project'>,
  context: Context,
  arrived?: Arrived,
): Promise<void> {
  const files = wheels.map(({ package: { name, version, source }, fileName, sha256 }) => ({
    package: name,
    version,
    source,
    file: { name: fileName, sha256 },
  }));
  // How many were cached is known better here than there, where only the missing are asked for.
  const quiet: Context = {
    ...context,
    emit: (event) => (event.type === 'wheels' ? undefined : context.emit(event)),
  };
  await fetchFiles(files, quiet, {
    directory,
    environment,
    sources: project.sources,
    ...(arrived === undefined ? {} : { arrived }),
    ...(settings.index === undefined ? {} : { indexUrl: settings.index }),
  });
}
