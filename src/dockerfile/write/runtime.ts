// What ships: the settings of the image around the environment that a builder made.

import type { Copied, ProjectFacts } from '../facts.ts';
import { copies, environmentDirectory, exec, projectDirectory, systemPackages } from './blocks.ts';
import { EMPTY, joined, type Line, line, run } from './line.ts';
import { duration, execForm, pair, shellWord } from './words.ts';

const TINI = { debian: '/usr/bin/tini', alpine: '/sbin/tini', bare: '/usr/bin/tini' } as const;

/** `RUN` for what the application runs with. */
export function runPackages(facts: ProjectFacts): readonly Line[] {
  const { image } = facts;
  return systemPackages(
    facts,
    [...image.packages, ...(image.init ? ['tini'] : [])],
    'what the application needs to run, without what Debian merely recommends, and without the package lists',
  );
}

/** A name and a home for the user, where the base has a shell to make them with. */
export function makeUser({ image, bases }: ProjectFacts): readonly Line[] {
  const [user = '', group = user] = image.user.split(':');
  if (bases.family === 'bare' || isRoot(user)) return [];
  const numeric = /^\d+$/.test(user);
  const name = numeric ? 'nonroot' : user;
  const groupName = /^\d+$/.test(group) ? name : group;
  const gid = /^\d+$/.test(group) && !isRoot(group) ? group : undefined;
  const reason =
    'a user with a name and a home, who owns nothing of the application and so can change nothing of it';
  if (bases.family === 'alpine') {
    const ids = numeric ? `-u ${user} ` : '';
    const owner = isRoot(group) ? 'root' : groupName;
    return [
      line(
        run(
          [],
          [
            ...(isRoot(group) ? [] : [`addgroup ${gid === undefined ? '-S' : `-g ${gid}`} ${owner}`]),
            `adduser -D ${ids}-G ${owner} -s /sbin/nologin ${name}`,
          ],
        ),
        reason,
        'T8',
      ),
      EMPTY,
    ];
  }
  const makeGroup = isRoot(group)
    ? []
    : [`groupadd ${gid === undefined ? '--system' : `--gid ${gid}`} ${shellWord(groupName)}`];
  const ids = numeric ? `--uid ${user}` : '--system';
  const owner = isRoot(group) ? '0' : (gid ?? groupName);
  return [
    line(
      `RUN ${[...makeGroup, `useradd ${ids} --gid ${owner} --create-home --shell /usr/sbin/nologin ${shellWord(name)}`].join(' && ')}`,
      reason,
      'T8',
    ),
    EMPTY,
  ];
}

function isRoot(name: string): boolean {
  return name === 'root' || /^0+$/.test(name);
}

/** The environment on PATH, Python's manners, then what the settings say, which wins. */
export function runEnvironment(facts: ProjectFacts): readonly Line[] {
  const directory = environmentDirectory(facts);
  const own = [...facts.image.env].map(([name, value]) => pair(name, value, 'ENV'));
  return [
    line(
      joined('ENV', [
        `VIRTUAL_ENV=${directory}`,
        `PATH="${directory}/bin:$PATH"`,
        'PYTHONUNBUFFERED=1',
        'PYTHONDONTWRITEBYTECODE=1',
      ]),
      '`python` and the scripts are those of the environment; logs appear at once; nothing is written into the image at run time',
    ),
    ...(own.length === 0 ? [] : [line(joined('ENV', own), '`env` of [tool.bivy], which wins')]),
    line(`WORKDIR ${facts.image.workdir ?? projectDirectory(facts)}`),
  ];
}

/** Directories that the user may write to, volumes among them. */
export function writableDirectories({ image, bases }: ProjectFacts): readonly Line[] {
  const paths = [...new Set([...image.writable, ...image.volumes])];
  if (paths.length === 0 || bases.family === 'bare') return [];
  const words = paths.map(shellWord).join(' ');
  const reason = "what the application writes to; everything else stays root's";
  return [line(run([], [`mkdir -p ${words}`, `chown ${image.user} ${words}`]), reason)];
}

export function copyCode(facts: ProjectFacts, copied: readonly Copied[], reason: string): readonly Line[] {
  return copies(facts, copied).map((text) => line(text, reason));
}

/** From USER to CMD. */
export function runSettings(facts: ProjectFacts): readonly Line[] {
  const { image, bases } = facts;
  const { healthcheck } = image;
  const labels = [...image.labels].map(([name, value]) => pair(name, value, 'LABEL'));
  const entrypoint = [...(image.init ? [TINI[bases.family], '--'] : []), ...image.entrypoint];
  return [
    line(
      `USER ${image.user}`,
      'by number, so that an orchestrator can see that it is not root; the last USER is the one that runs',
      'T8',
    ),
    ...(labels.length === 0 ? [] : [line(joined('LABEL', labels), '`labels` of [tool.bivy]')]),
    ...image.expose.map((port) => line(`EXPOSE ${port}`)),
    ...(image.volumes.length === 0 ? [] : [line(exec('VOLUME', image.volumes))]),
    ...(image.stopsignal === undefined ? [] : [line(`STOPSIGNAL ${image.stopsignal}`)]),
    ...(healthcheck === undefined
      ? []
      : [
          line(
            healthLine(healthcheck),
            'because [tool.bivy] asks for it: orchestrators have probes of their own',
          ),
        ]),
    ...(entrypoint.length === 0 ? [] : [line(exec('ENTRYPOINT', entrypoint))]),
    ...(image.cmd.length === 0
      ? []
      : [line(exec('CMD', image.cmd), 'in exec form, so that the program gets the signals')]),
  ];
}

function healthLine({
  test,
  interval,
  timeout,
  startPeriod,
  retries,
}: NonNullable<ProjectFacts['image']['healthcheck']>): string {
  const [kind, ...words] = test;
  if (kind === 'NONE') return 'HEALTHCHECK NONE';
  const time = (name: string, value: number | undefined): readonly string[] =>
    value === undefined || value === 0 ? [] : [`--${name}=${duration(value)}`];
  const flags = [
    ...time('interval', interval),
    ...time('timeout', timeout),
    ...time('start-period', startPeriod),
    ...(retries === undefined || retries === 0 ? [] : [`--retries=${retries}`]),
  ];
  const command = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words;
  return ['HEALTHCHECK', ...flags, `CMD ${execForm(command)}`].join(' ');
}
