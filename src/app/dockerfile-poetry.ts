// What a Dockerfile needs to know of Poetry in this project: the version and its plugins, and where it may need a login.

import type { PoetryFacts, PrivateSource } from '../dockerfile/facts.ts';
import { isBefore, POETRY_RELEASES, pythonsOf } from '../dockerfile/poetry.ts';
import { BivyError } from '../kernel/errors.ts';
import type { Lock } from '../lock/lock.ts';
import type { InstallPlan } from '../lock/plan.ts';
import type { Project } from '../project/project.ts';
import { allows, formatConstraint, parseConstraint } from '../python/constraint.ts';
import { parseVersion } from '../python/version.ts';
import { requiredPoetry, type Toolchain } from './dockerfile-toolchain.ts';

export function poetryFacts(project: Project, lock: Lock, { poetry, python, why }: Toolchain): PoetryFacts {
  const newest = POETRY_RELEASES.at(-1) ?? poetry;
  const minor = Number(python.split('.')[1]);
  const [first, last] = pythonsOf(newest);
  const required = requiredPoetry(project);
  const newestFails = !lock.versioned
    ? 'the newest Poetry reads no lock without a version'
    : minor < first || minor > last
      ? `the newest Poetry does not run on Python ${python}`
      : required !== undefined && !allows(required, parseVersion(newest)!)
        ? `\`requires-poetry\` does not allow the newest Poetry`
        : undefined;
  const plugins = requiredPlugins(project);
  const dynamic = poetryTable(project, 'tool', 'poetry-dynamic-versioning')?.['enable'] === true;
  return {
    version: poetry,
    why,
    plugins: dynamic && !plugins.some((name) => name.startsWith(DYNAMIC)) ? [...plugins, DYNAMIC] : plugins,
    newestFails,
    dynamicVersion: dynamic,
  };
}

const DYNAMIC = 'poetry-dynamic-versioning';

function poetryTable(
  project: Project,
  ...path: readonly string[]
): Readonly<Record<string, unknown>> | undefined {
  let value: unknown = project.raw;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** `requires-plugins` as pip reads it; of what pip cannot say, the name alone. */
function requiredPlugins(project: Project): readonly string[] {
  const table = poetryTable(project, 'tool', 'poetry', 'requires-plugins') ?? {};
  return Object.entries(table).map(([name, value]) => {
    const written = typeof value === 'string' ? value : (value as { version?: unknown } | null)?.version;
    if (typeof written !== 'string') return name;
    const text = pipSpecifier(written, name, project);
    return text === '' ? name : `${name}${text}`;
  });
}

function pipSpecifier(written: string, name: string, { file, lineOf }: Project): string {
  try {
    const text = formatConstraint(parseConstraint(written));
    if (text === '*' || text.includes('||') || text.startsWith('<empty')) return '';
    return /^\d/.test(text) ? `==${text}` : text;
  } catch (error) {
    const line = lineOf(['tool', 'poetry', 'requires-plugins', name]);
    throw new BivyError(
      'PROJECT_INVALID',
      `\`requires-plugins\`: \`${name} = "${written}"\` is no constraint on versions`,
      {
        location: { file, ...(line === undefined ? {} : { line }) },
        hint: 'write it like `">=1.8"`',
        cause: error,
      },
    );
  }
}

/**
 * Sources that the packages come from, or that are asked first: none of them says whether it wants a login.
 * @throws BivyError `PROJECT_INVALID` for a name that no environment variable can have
 */
export function privateSources(
  project: Project,
  packages: InstallPlan['packages'],
  poetry: string,
): readonly PrivateSource[] {
  const used = new Set(
    packages.flatMap(({ source }) => (source.kind === 'legacy' ? [source.reference ?? ''] : [])),
  );
  const index = packages.some(({ source }) => source.kind === 'index');
  return project.sources
    .filter(({ url }) => url !== undefined)
    .filter(
      ({ name, priority }) => used.has(name) || (index && (priority === 'primary' || priority === 'default')),
    )
    .map(({ name }) => {
      const variable = `POETRY_HTTP_BASIC_${variableName(name, project)}`;
      const read = `POETRY_HTTP_BASIC_${name.toUpperCase().replaceAll('-', '_')}`;
      return { name, variable, ...(read === variable || isBefore(poetry, 2, 4) ? {} : { dotted: read }) };
    });
}

/** As Poetry reads it: upper case, and what separates words is an underscore. */
function variableName(name: string, { file }: Project): string {
  const text = name.toUpperCase().replace(/[-.]/g, '_');
  if (/^\w+$/.test(text)) return text;
  throw new BivyError(
    'PROJECT_INVALID',
    `no environment variable can be named after the source \`${name}\``,
    {
      location: { file },
      hint: 'Poetry reads its login from `POETRY_HTTP_BASIC_NAME_USERNAME`: give the source a name of letters, digits, `-` and `_`',
    },
  );
}
