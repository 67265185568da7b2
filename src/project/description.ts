// What a project says of itself (name, people, licence, readme, URLs): `[project]` first, `[tool.poetry]` where that says
// nothing, as poetry-core's `Factory._configure_package_metadata` reads them.

import {
  entriesOf,
  failAt,
  isPresent,
  itemsOf,
  member,
  type Node,
  optional,
  stringOf,
  stringsOf,
  stringTableOf,
} from '../kernel/decode.ts';
import type { License, Project, Readme } from './project.ts';

export type Description = Pick<
  Project,
  | 'description'
  | 'authors'
  | 'maintainers'
  | 'license'
  | 'licenseFiles'
  | 'readme'
  | 'keywords'
  | 'classifiers'
  | 'dynamicClassifiers'
  | 'homepage'
  | 'repository'
  | 'documentation'
  | 'urls'
>;

/** @throws BivyError with the document's code */
export function decodeDescription(project: Node, poetry: Node): Description {
  const classifiers = stringsOf(member(project, 'classifiers'));
  const licenseFiles = member(project, 'license-files');
  const keywords = stringsOf(member(project, 'keywords'));
  return {
    description: textOf(project, 'description') || textOf(poetry, 'description'),
    authors: decodePeople(project, poetry, 'authors'),
    maintainers: decodePeople(project, poetry, 'maintainers'),
    license: decodeLicense(project, poetry),
    licenseFiles: isPresent(licenseFiles) ? itemsOf(licenseFiles).map(licensePattern) : null,
    readme: decodeReadme(project, poetry),
    keywords: keywords.length > 0 ? keywords : stringsOf(member(poetry, 'keywords')),
    classifiers: classifiers.length > 0 ? classifiers : stringsOf(member(poetry, 'classifiers')),
    dynamicClassifiers: classifiers.length === 0,
    ...decodeUrls(project, poetry),
  };
}

function textOf(table: Node, key: string): string {
  return optional(member(table, key), stringOf) ?? '';
}

function decodePeople(project: Node, poetry: Node, key: 'authors' | 'maintainers'): readonly string[] {
  const people = itemsOf(member(project, key)).map((person) => {
    const name = optional(member(person, 'name'), stringOf) ?? '';
    const email = optional(member(person, 'email'), stringOf) ?? '';
    if (name === '' && email === '') failAt(person, 'must have a `name` or an `email`');
    return name !== '' && email !== '' ? `${name} <${email}>` : name || email;
  });
  return (people.length > 0 ? people : stringsOf(member(poetry, key))).map((person) =>
    person.normalize('NFC'),
  );
}

function decodeLicense(project: Node, poetry: Node): License | null {
  const standard = member(project, 'license');
  if (typeof standard.value === 'string' && standard.value !== '') {
    return { kind: 'expression', text: standard.value };
  }
  if (isPresent(standard) && typeof standard.value !== 'string') {
    if (isPresent(member(project, 'license-files'))) {
      failAt(standard, 'must be a string where `project.license-files` is given');
    }
    const text = optional(member(standard, 'text'), stringOf);
    if (text !== undefined && text !== '') return { kind: 'text', text };
    const path = optional(member(standard, 'file'), stringOf);
    if (path !== undefined) return { kind: 'file', path };
  }
  const classic = textOf(poetry, 'license');
  return classic === '' ? null : { kind: 'text', text: classic };
}

function licensePattern(node: Node): string {
  const pattern = stringOf(node);
  if (pattern.includes('\\')) failAt(node, 'must use `/`, not a backslash');
  if (pattern.split('/').includes('..')) failAt(node, 'must not leave the project with `..`');
  return pattern;
}

function decodeReadme(project: Node, poetry: Node): Readme | null {
  const standard = member(project, 'readme');
  if (typeof standard.value === 'string' && standard.value !== '') {
    return { kind: 'files', paths: [standard.value] };
  }
  if (isPresent(standard) && typeof standard.value !== 'string') {
    const contentType = optional(member(standard, 'content-type'), stringOf);
    const type = contentType === undefined ? {} : { contentType };
    const path = optional(member(standard, 'file'), stringOf);
    if (path !== undefined) return { kind: 'files', paths: [path], ...type };
    const text = optional(member(standard, 'text'), stringOf);
    if (text !== undefined) return { kind: 'text', text, ...type };
  }
  const classic = member(poetry, 'readme');
  if (!isPresent(classic)) return null;
  const paths = typeof classic.value === 'string' ? [classic.value] : stringsOf(classic);
  const named = paths.filter((path) => path !== '');
  return named.length === 0 ? null : { kind: 'files', paths: named };
}

function decodeUrls(
  project: Node,
  poetry: Node,
): Pick<Description, 'homepage' | 'repository' | 'documentation' | 'urls'> {
  const standard = member(project, 'urls');
  if (entriesOf(standard).length === 0) {
    return {
      homepage: optional(member(poetry, 'homepage'), stringOf) ?? null,
      repository: optional(member(poetry, 'repository'), stringOf) ?? null,
      documentation: optional(member(poetry, 'documentation'), stringOf) ?? null,
      urls: stringTableOf(member(poetry, 'urls')),
    };
  }
  const known: Record<'homepage' | 'repository' | 'documentation', string | null> = {
    homepage: null,
    repository: null,
    documentation: null,
  };
  const urls = new Map<string, string>();
  for (const [label, url] of stringTableOf(standard)) {
    const lower = label.toLowerCase();
    if (lower === 'homepage' || lower === 'repository' || lower === 'documentation') known[lower] = url;
    else urls.set(label, url);
  }
  return { ...known, urls };
}
