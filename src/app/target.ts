// Which base is meant where nobody says, and the target that a base makes. Pure but for this host's architecture.

import { BivyError } from '../kernel/errors.ts';
import type { Project } from '../project/project.ts';
import type { Settings } from '../project/settings.ts';
import { allows, parseConstraint } from '../python/constraint.ts';
import { parseVersion } from '../python/version.ts';
import { DEBIAN_BASES } from './base.ts';

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

/** @throws BivyError `USAGE` where several are asked for: an index of platforms comes with registries */
export function choosePlatform(settings: Pick<Settings, 'platforms'>): string {
  const [first, second] = settings.platforms;
  if (second !== undefined) {
    throw new BivyError(
      'USAGE',
      `${settings.platforms.length} platforms are asked for, and a build makes one image`,
      {
        hint: `run it once for each: \`--platform ${first}\``,
      },
    );
  }
  return first ?? hostPlatform();
}

/**
 * The base to build on: what is asked for; else the first of bivy's own whose Python the project allows.
 * @throws BivyError `PYTHON_UNSUPPORTED` where it allows none of them
 */
export function chooseBase(
  settings: Pick<Settings, 'base' | 'python'>,
  project: Pick<Project, 'pythonVersions' | 'file'>,
): string {
  if (settings.base !== undefined) return settings.base;
  const constraint = parseConstraint(project.pythonVersions);
  const fits = Object.entries(DEBIAN_BASES).find(([, { python }]) => {
    const version = parseVersion(python);
    const asked = settings.python;
    return (
      version !== undefined &&
      allows(constraint, version) &&
      (asked === undefined || python === asked || python.startsWith(`${asked}.`))
    );
  });
  if (fits !== undefined) return fits[0];
  const known = Object.entries(DEBIAN_BASES).map(([name, { python }]) => `\`${name}\` has Python ${python}`);
  throw new BivyError(
    'PYTHON_UNSUPPORTED',
    `no base of bivy's own has a Python that the project allows${settings.python === undefined ? '' : ` and \`python = "${settings.python}"\` asks for`}`,
    {
      location: { file: project.file },
      causes: [`the project asks for \`${project.pythonVersions}\``, ...known],
      hint: 'name an image on this disk that has such a Python as `base` (`oci:DIR`, `docker-archive:FILE`), or use `bivy dockerfile`',
    },
  );
}
