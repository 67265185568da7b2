// A project and a lock of a few lines, for questions about what is planned.

import { contentHash } from '../../src/lock/content-hash.ts';
import type { Lock } from '../../src/lock/lock.ts';
import type { InstallPlan } from '../../src/lock/plan.ts';
import { type PlanOptions, planInstall } from '../../src/lock/plan-install.ts';
import { decodeLock } from '../../src/lock/poetry-lock.ts';
import type { Project } from '../../src/project/project.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';
import type { Target } from '../../src/python/target.ts';

export const TARGET: Target = {
  python: '3.11.11',
  platform: 'linux/amd64',
  libc: { family: 'glibc', major: 2, minor: 36 },
};

export interface Question {
  /** Default: 2.2.1, which walks. */
  readonly poetry?: string;
  /** Members of `[tool.poetry.dependencies]`; Python is `^3.7`. */
  readonly main: string;
  readonly extras?: Readonly<Record<string, readonly string[]>>;
  /** By `name version` or `name version python-constraint`: dependencies and what follows. `name#` is a package's marker. */
  readonly packages: Readonly<Record<string, string>>;
  readonly ask?: Partial<PlanOptions>;
  readonly target?: Partial<Target>;
}

function projectOf({ main, extras = {} }: Question): Project {
  const lists = Object.entries(extras).map(([extra, names]) => `${extra} = ${JSON.stringify(names)}`);
  return decodePyproject(
    `[tool.poetry]\nname = "app"\nversion = "1"\ndescription = ""\nauthors = []\n[tool.poetry.dependencies]\npython = "^3.7"\n${main}\n[tool.poetry.extras]\n${lists.join('\n')}\n`,
    'pyproject.toml',
  );
}

function lockOf(question: Question, project: Project): Lock {
  const { packages, extras = {} } = question;
  const entries = Object.entries(packages)
    .filter(([key]) => !key.endsWith('#'))
    .map(([key, body]) => {
      const [name = '', version = '', python = '*'] = key.split(' ');
      const marker = packages[`${name}#`];
      const file = `${name.replaceAll(/[-.]/g, '_')}-${version}-py3-none-any.whl`;
      const dependencies = body === '' || body.startsWith('[') ? body : `[package.dependencies]\n${body}`;
      return `[[package]]
name = "${name}"
version = "${version}"
optional = false
python-versions = "${python}"
${marker === undefined ? '' : `marker = ${JSON.stringify(marker)}\n`}files = [
    {file = "${file}", hash = "sha256:${'0'.repeat(64)}"},
]
${dependencies}
`;
    });
  const lists = Object.entries(extras).map(([extra, names]) => `${extra} = ${JSON.stringify(names)}`);
  const hash = contentHash(project.raw, '1.2-1.8');
  return decodeLock(
    `${entries.join('\n')}\n[extras]\n${lists.join('\n')}\n[metadata]\nlock-version = "${question.poetry === '1.1.15' ? '1.1' : '2.0'}"\npython-versions = "^3.7"\ncontent-hash = "${hash}"\n`,
    'poetry.lock',
  );
}

export function ask(question: Question): InstallPlan {
  const project = projectOf(question);
  return planInstall(
    project,
    lockOf(question, project),
    { ...TARGET, ...question.target },
    {
      root: false,
      poetry: question.poetry ?? '2.2.1',
      ...question.ask,
    },
  );
}
