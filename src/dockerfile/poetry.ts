// How a Poetry of some version is installed today and which flags it takes (its changelog, by version).

import type { ProjectFacts } from './facts.ts';

/** What `pip install` must be told so that this Poetry still works. */
export function poetryRequirements(poetry: string): readonly string[] {
  const pins = [`poetry==${poetry}`];
  if (isBefore(poetry, 2, 0)) {
    // virtualenv 20.31 refuses the option that Poetry 1 passes when it builds anything from source (poetry#10378).
    pins.push('virtualenv<20.31');
    if (isBefore(poetry, 1, 2) && poetry !== '1.1.15') pins.push('poetry-core<1.1');
  } else if (isBefore(poetry, 2, 2)) {
    pins.push('virtualenv<20.33');
  }
  return pins;
}

export interface InstallChoice {
  readonly root: boolean;
  /** Say it as the article does, `--without dev`. */
  readonly withoutDevelopment?: boolean;
}

/** The arguments of `poetry install`. */
export function installArguments(facts: ProjectFacts, { root, withoutDevelopment }: InstallChoice): string {
  const { selection, poetry } = facts;
  const parts: string[] = [];
  if (isBefore(poetry, 1, 2)) {
    if (facts.hasDevelopment) parts.push('--no-dev');
  } else if (withoutDevelopment === true && facts.hasDevelopment && isPlain(facts)) {
    parts.push('--without dev');
  } else if (selection.with.length > 0 || selection.without.length > 0) {
    if (selection.with.length > 0) parts.push(`--with ${selection.with.join(',')}`);
    if (selection.without.length > 0) parts.push(`--without ${selection.without.join(',')}`);
  } else {
    parts.push(`--only ${selection.only.length > 0 ? selection.only.join(',') : 'main'}`);
  }
  for (const extra of facts.extras) parts.push(`--extras ${extra}`);
  if (!root && facts.packageMode) parts.push('--no-root');
  return parts.map((part) => ` ${part}`).join('');
}

function isPlain({ selection }: ProjectFacts): boolean {
  return selection.only.length === 0 && selection.with.length === 0 && selection.without.length === 0;
}

/** Whether `version` is of a series before `major.minor`. */
function isBefore(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return a < major || (a === major && b < minor);
}
