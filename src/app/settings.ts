// What the project's settings and bivy's defaults make of an image's configuration. Pure.

import type { ImageSettings } from '../oci/config.ts';
import type { Command } from '../project/entrypoint.ts';
import type { Settings } from '../project/settings.ts';
import { PREFIX } from './environment.ts';

const INIT = ['/usr/bin/tini', '--'] as const;

export interface Findings {
  /** What the image says of itself: the project's own labels win over it. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: Command;
  /** Of a composed base: `LANG`, `SSL_CERT_FILE`. */
  readonly defaults: Readonly<Record<string, string>>;
}

export function imageSettings(
  settings: Settings,
  { annotations, user, command, defaults }: Findings,
): ImageSettings {
  const { healthcheck, stopsignal } = settings;
  return {
    path: [`${PREFIX}/bin`],
    defaults: { ...defaults, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', VIRTUAL_ENV: PREFIX },
    env: Object.fromEntries(settings.env),
    user,
    workdir: settings.workdir,
    entrypoint: [...(settings.init ? INIT : []), ...settings.entrypoint],
    cmd: command.cmd,
    labels: { ...annotations, ...Object.fromEntries(settings.labels) },
    expose: settings.expose,
    volumes: settings.volumes,
    ...(stopsignal === undefined ? {} : { stopsignal }),
    ...(healthcheck === undefined ? {} : { healthcheck }),
  };
}
