// What an image says of itself in annotations and labels: opencontainers/image-spec, annotations.md. Pure.

import type { Digest } from '../kernel/digest.ts';
import type { Project } from '../project/project.ts';
import type { GitFacts } from './git.ts';
import { publicUrl } from './public-url.ts';

export interface AnnotationFacts {
  readonly project: Pick<
    Project,
    'name' | 'version' | 'description' | 'authors' | 'homepage' | 'repository' | 'documentation'
  >;
  /** An SPDX expression: see `licenseExpression`. */
  readonly license?: string;
  readonly git?: GitFacts;
  /** The image below, where a registry has it under that reference; none for a composed base or one of this disk. */
  readonly base?: { readonly reference: string; readonly digest: Digest };
}

const PREFIX = 'org.opencontainers.image.';

/** By their whole keys, sorted; what nobody said is left out. A user's own labels of the same keys win over them. */
export function imageAnnotations(facts: AnnotationFacts): Readonly<Record<string, string>> {
  const { project, license, git = {}, base } = facts;
  const address = (text: string | null): string | undefined => (text === null ? undefined : publicUrl(text));
  const said: readonly (readonly [string, string | null | undefined])[] = [
    ['authors', project.authors.join(', ')],
    ['base.digest', base?.digest],
    ['base.name', base?.reference],
    ['description', project.description],
    ['documentation', address(project.documentation)],
    ['licenses', license],
    ['revision', git.revision],
    ['source', git.source ?? address(project.repository)],
    ['title', project.name],
    ['url', address(project.homepage)],
    ['version', project.version],
  ];
  return Object.fromEntries(
    said.flatMap(([key, value]): [string, string][] => {
      const text = value?.trim() ?? '';
      return text === '' ? [] : [[PREFIX + key, text]];
    }),
  );
}

/** The project's licence as an SPDX expression; the table of licences is read only where the project names one. */
export async function licenseOf({
  license,
}: Pick<Project, 'license'>): Promise<{ readonly license?: string }> {
  if (license === null) return {};
  const { licenseExpression } = await import('./license.ts');
  const expression = await licenseExpression(license);
  return expression === undefined ? {} : { license: expression };
}
