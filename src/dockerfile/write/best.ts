// The Dockerfile that bivy recommends: the seven techniques of "Blazing fast Python Docker builds with Poetry", and what
// docs/dockerfile.md adds to them.

import type { ProjectFacts } from '../facts.ts';
import { needsPip } from '../poetry.ts';
import {
  CACHE,
  copies,
  environmentDirectory,
  installDependencies,
  loginsOf,
  makeEnvironment,
  placeOf,
  poetryReason,
  projectDirectory,
  requirementsOf,
  sshSettings,
  stubReadme,
  systemPackages,
} from './blocks.ts';
import { EMPTY, joined, type Line, line, run } from './line.ts';
import {
  copyCode,
  makeUser,
  runEnvironment,
  runPackages,
  runSettings,
  writableDirectories,
} from './runtime.ts';
import { copyLine } from './words.ts';

const POETRY = '/opt/poetry/bin/poetry';
const QUIETLY = ['--no-interaction', '--no-ansi'];
const MOUNT = `--mount=type=cache,target=${CACHE},sharing=locked`;

export function bestLines(facts: ProjectFacts): readonly Line[] {
  return [
    ...builder(facts),
    EMPTY,
    ...(facts.packageMode ? [...application(facts), EMPTY] : []),
    ...runtime(facts),
  ];
}

function builder(facts: ProjectFacts): readonly Line[] {
  const { bases, poetry } = facts;
  return [
    line('# The builder has Poetry; nothing of it reaches the image that ships.'),
    ...bases.buildReasons.map((reason) => line(`# ${reason}`)),
    line(
      `FROM ${bases.builder} AS builder`,
      'the same Python at the same path as in the last stage, for the environment names it; the tag has the patch release, so that the Python changes when this line does',
      'T10',
    ),
    EMPTY,
    ...systemPackages(
      facts,
      bases.buildPackages,
      'for packages that are built here; they stay in this stage',
    ),
    line(
      joined('ENV', [
        'POETRY_VIRTUALENVS_CREATE=1',
        'POETRY_VIRTUALENVS_IN_PROJECT=1',
        `POETRY_CACHE_DIR=${CACHE}`,
      ]),
      'the environment is at a place that the last stage knows, and the cache where it is mounted',
      'T9',
    ),
    ...(poetry.dynamicVersion
      ? [
          line(
            'ENV POETRY_DYNAMIC_VERSIONING_BYPASS=0.0.0',
            'a build context has no Git repository to read the version from',
          ),
        ]
      : []),
    ...sshSettings(facts),
    line(`# Poetry ${poetry.version} ${poetry.why}; it has a virtual environment of its own.`),
    line(
      run(
        ['--mount=type=cache,target=/root/.cache/pip,sharing=locked'],
        [
          'python -m venv /opt/poetry',
          `/opt/poetry/bin/pip install --disable-pip-version-check ${requirementsOf(facts)}`,
        ],
      ),
      `${poetryReason(facts)}. In a virtual environment of its own its packages and the application's never meet`,
      'T1',
    ),
    EMPTY,
    line(`WORKDIR ${projectDirectory(facts)}`),
    line('# Dependencies before code: this layer changes only when the lock does.'),
    ...installDependencies(
      facts,
      {
        poetry: POETRY,
        flags: QUIETLY,
        mounts: [MOUNT],
        before: [makeEnvironment(facts)],
        after: [...removePip(facts), ...compile(facts)],
        clean: [],
        withoutDevelopment: false,
      },
      `nothing of the development groups; what was fetched stays in a cache mount, so a changed lock fetches what is new and no layer holds the cache. The environment has no pip${needsPip(facts.poetry.version) ? ' in the end' : ' and no setuptools'}: production installs nothing`,
      'T7',
    ),
  ];
}

/** Poetry before 1.2 installs with the pip of the environment; setuptools stays, for its locks leave that out. */
function removePip({ poetry }: ProjectFacts): readonly string[] {
  return needsPip(poetry.version) ? ['.venv/bin/python -m pip uninstall --yes --quiet pip'] : [];
}

/** Code that some packages carry for other Pythons does not compile: no reason to stop. */
function compile({ byteCode }: ProjectFacts): readonly string[] {
  return byteCode
    ? ['{ .venv/bin/python -m compileall -qq -j 0 --invalidation-mode unchecked-hash .venv/lib || true; }']
    : [];
}

/** The project's own wheel, unpacked apart from the dependencies, so that it becomes a layer of its own. */
function application(facts: ProjectFacts): readonly Line[] {
  const { poetry, buildScript, byteCode } = facts;
  const logins = loginsOf(buildScript ? facts : { ...facts, privateSources: [], ssh: false });
  const root = '/application';
  return [
    line('# The project itself, installed as a wheel (not editable), apart from its dependencies.'),
    line('FROM builder AS application', 'a stage of its own, whose result is a layer of its own'),
    ...(poetry.dynamicVersion
      ? [
          line(`ARG VERSION=${facts.version ?? '0.0.0'}`, 'the version that Git would have told'),
          line('ENV POETRY_DYNAMIC_VERSIONING_BYPASS=$VERSION'),
        ]
      : []),
    ...copies(facts, facts.sources).map((text) =>
      line(
        text,
        'what the wheel is made of, by name: nothing else of the context can change this stage',
        'T2',
      ),
    ),
    ...copies(
      facts,
      facts.licences.map((path) => ({ path, directory: false })),
    ).map((text) => line(text, 'the wheel carries it')),
    ...stubReadme(facts),
    line(
      run(
        [MOUNT, ...logins.mounts],
        [
          ...logins.commands,
          logins.give(`${POETRY} build ${QUIETLY.join(' ')} --format wheel`),
          // The pip of Poetry's environment, run by the interpreter that the scripts are to name.
          `.venv/bin/python /opt/poetry/lib/python*/site-packages/pip install --disable-pip-version-check \\\n        --no-compile --no-deps --no-index --no-warn-script-location --ignore-installed --prefix ${root} dist/*.whl`,
          ...(byteCode
            ? [`{ .venv/bin/python -m compileall -qq --invalidation-mode checked-hash ${root}/lib || true; }`]
            : []),
        ],
      ),
      'a wheel, not a link into a checkout; under a prefix, so that it can be copied over the environment as its own layer',
    ),
  ];
}

function runtime(facts: ProjectFacts): readonly Line[] {
  const { bases, packageMode, sources, included, paths } = facts;
  const directory = environmentDirectory(facts);
  const linked = paths.filter((path) => path.develop && path.directory);
  return [
    line('# The image: Python, the virtual environment, the code.'),
    line(
      `FROM ${bases.runtime} AS runtime`,
      'a slim base without Poetry, compilers and caches: only what is copied below is added',
      'T6',
    ),
    EMPTY,
    ...runPackages(facts),
    ...makeUser(facts),
    ...runEnvironment(facts),
    ...writableDirectories(facts),
    EMPTY,
    line('# Slow-changing things first: a code edit moves the last, small layer alone.'),
    line(
      copyLine([directory], directory, 'builder'),
      'the dependencies: one layer, which moves when the lock does',
      'T6',
    ),
    ...linked.map(({ path }) => {
      const place = placeOf(facts, path);
      return line(
        copyLine([place], place, 'builder'),
        'installed with `develop = true`: the environment has a link to it',
      );
    }),
    ...(packageMode
      ? [line(copyLine(['/application'], directory, 'application'), 'the code: the layer that an edit moves')]
      : copyCode(facts, sources, 'the code, which is no package: it runs from where it lies')),
    ...copyCode(facts, included, '`include` of [tool.bivy]'),
    EMPTY,
    ...runSettings(facts),
  ];
}
