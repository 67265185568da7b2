// What the settings ask of a composed base.

import type { DebianRequest } from '../debian/request.ts';
import type { Settings } from '../project/settings.ts';

export interface DebianOptions {
  readonly platform: string;
  readonly settings: Pick<Settings, 'packages' | 'init' | 'mirror' | 'securityMirror'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly refresh: boolean;
}

export function debianRequest(
  release: DebianRequest['release'],
  { platform, settings, environment, refresh }: DebianOptions,
): DebianRequest {
  const { mirror, securityMirror } = settings;
  return {
    release,
    platform,
    packages: wantedPackages(settings),
    refresh,
    environment,
    ...(mirror === undefined ? {} : { mirror }),
    ...(securityMirror === undefined ? {} : { securityMirror }),
  };
}

/** Debian packages that are asked for, besides those of every base. */
export function wantedPackages({ packages, init }: Pick<Settings, 'packages' | 'init'>): readonly string[] {
  return [...packages, ...(init ? ['tini'] : [])];
}
