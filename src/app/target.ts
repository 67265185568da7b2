// Which base is meant where nobody says, and the target that a base makes. Pure but for this host's architecture.

import { BivyError } from '../kernel/errors.ts';
import type { Project } from '../project/project.ts';
import type { Settings } from '../project/settings.ts';
import { allows, parseConstraint } from '../python/constraint.ts';
import type { Target } from '../python/target.ts';
import { parseVersion } from '../python/version.ts';
import { DEBIAN_BASES, OFFICIAL_BASES } from './known-bases.ts';

/** OCI's names of what Node calls this machine. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm/v7',
  ia32: '386',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/** `linux/amd64` on an amd64 machine, whatever its system: containers run Linux. */
function hostPlatform(): string {
  return `linux/${ARCHITECTURES[process.arch] ?? process.arch}`;
}

/** The platforms of the settings, each once; else this machine's. */
export function choosePlatforms(settings: Pick<Settings, 'platforms'>): readonly string[] {
  return settings.platforms.length === 0 ? [hostPlatform()] : [...new Set(settings.platforms)];
}

export interface ChosenBase {
  readonly reference: string;
  /** Where nobody asked for it: why this one. */
  readonly reason?: string;
}

/** Whether a wheel is there for every package. */
type Installable = (target: Target) => Promise<boolean>;

/**
 * The base to build on: what is asked for; else, of the official images whose Python the project allows, the newest for
 * which there is a wheel for every package on every platform; else of those, the newest. What only a composed base can
 * have (`packages`, `init`) chooses among composed ones, the oldest first.
 * @throws BivyError `PYTHON_UNSUPPORTED` where the project allows none of them
 */
export async function chooseBase(
  settings: Pick<Settings, 'base' | 'python' | 'packages' | 'init'>,
  project: Pick<Project, 'pythonVersions' | 'file'>,
  platforms: readonly string[],
  installable: Installable,
): Promise<ChosenBase> {
  if (settings.base !== undefined) return { reference: settings.base };
  const composed = settings.packages.length > 0 || settings.init;
  const table = composed ? DEBIAN_BASES : OFFICIAL_BASES;
  const allowed = Object.entries(table).filter(([, { python }]) => isAllowed(python, settings, project));
  const [first] = allowed;
  if (first === undefined) throw noneAllowed(table, settings, project);
  const passed: string[] = [];
  for (const [reference, { python, libc }] of allowed) {
    const answers = await Promise.all(platforms.map((platform) => installable({ python, platform, libc })));
    if (answers.every(Boolean)) {
      return { reference, ...(composed ? {} : { reason: reasonOf(python, passed) }) };
    }
    passed.push(minorOf(python));
  }
  return { reference: first[0] };
}

function reasonOf(python: string, passed: readonly string[]): string {
  const best = `Python ${minorOf(python)} is the newest that the project allows`;
  return passed.length === 0 ? best : `${best} and every package has a wheel for (not ${passed.join(', ')})`;
}

/** `3.11` of `3.11.2`. */
export function minorOf(python: string): string {
  return python.split('.').slice(0, 2).join('.');
}

function isAllowed(
  python: string,
  { python: asked }: Pick<Settings, 'python'>,
  { pythonVersions }: Pick<Project, 'pythonVersions'>,
): boolean {
  const version = parseVersion(python);
  return (
    version !== undefined &&
    allows(parseConstraint(pythonVersions), version) &&
    (asked === undefined || python === asked || python.startsWith(`${asked}.`))
  );
}

function noneAllowed(
  table: Readonly<Record<string, { readonly python: string }>>,
  settings: Pick<Settings, 'python'>,
  project: Pick<Project, 'pythonVersions' | 'file'>,
): BivyError {
  const known = Object.entries(table).map(([name, { python }]) => `\`${name}\` has Python ${python}`);
  return new BivyError(
    'PYTHON_UNSUPPORTED',
    `no base that bivy would choose has a Python that the project allows${settings.python === undefined ? '' : ` and \`python = "${settings.python}"\` asks for`}`,
    {
      location: { file: project.file },
      causes: [`the project asks for \`${project.pythonVersions}\``, ...known],
      hint: 'name an image that has such a Python as `base`, or use `bivy dockerfile`',
    },
  );
}
