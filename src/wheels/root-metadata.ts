// METADATA, WHEEL and entry_points.txt of the project, as the poetry-core of the Poetry that is followed writes them
// (`masonry/builders/builder.py`, `masonry/metadata.py`). Pure.

import type { BuildEra } from '../project/build-era.ts';
import type { Project } from '../project/project.ts';
import { allows } from '../python/constraint.ts';
import { normalizeName } from '../python/names.ts';
import { formatVersion, parseVersion } from '../python/version.ts';
import { canonicalExpression, classifyLicense } from './licenses.ts';
import { formatPython, formatRequirement, overlaps, pythonConstraint } from './requires-dist.ts';

interface MetadataTexts {
  /** The README's text, or nothing. */
  readonly readme: string | null;
  /** The text of the file that `license = { file = … }` names. */
  readonly licenseText: string | null;
  /** Paths of licence files below `licenses/`, as METADATA names them. */
  readonly licenseFiles: readonly string[];
}

/** @throws BivyError `CONSTRAINT_INVALID` */
export function formatMetadata(project: Project, era: BuildEra, texts: MetadataTexts): string {
  const license = licenseOf(project, era, texts.licenseText);
  const [author, authorEmail] = personOf(project.authors[0]);
  const [maintainer, maintainerEmail] = personOf(project.maintainers[0]);
  const homePage = era.homePage ? (project.homepage ?? project.repository) : null;
  const fields: (readonly [name: string, value: string | null | undefined])[] = [
    ['Metadata-Version', era.metadataVersion],
    ['Name', era.spelledName ? project.name : normalizeName(project.name ?? '')],
    ['Version', versionOf(project)],
    ['Summary', project.description.replace(/\s*\n\s*/g, ' ')],
    ['Home-page', homePage],
    ['License', license.text],
    ['License-Expression', license.expression],
    ...(era.licenses === 'metadata' ? texts.licenseFiles.map((path) => ['License-File', path] as const) : []),
    ['Keywords', project.keywords.join(',')],
    ['Author', author],
    ['Author-email', authorEmail],
    ['Maintainer', maintainer],
    ['Maintainer-email', maintainerEmail],
    ['Requires-Python', requiresPython(project, era)],
    ...classifiersOf(project, era, license.classifier).map((value) => ['Classifier', value] as const),
    ...[...project.extras.keys()].sort().map((value) => ['Provides-Extra', value] as const),
    ...requirements(project, era).map((value) => ['Requires-Dist', value] as const),
    ...urlsOf(project, homePage).map((value) => ['Project-URL', value] as const),
    ['Description-Content-Type', contentType(project)],
  ];
  const head = fields
    .filter(([name, value]) => name === 'Summary' || (value !== null && value !== undefined && value !== ''))
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
  return texts.readme === null ? head : `${head}\n${texts.readme}\n`;
}

/** The version in normal form, as it stands in METADATA and in the name of the `.dist-info` directory. */
export function versionOf(project: Project): string {
  const written = project.version ?? '0';
  const version = parseVersion(written);
  return version === undefined ? written : formatVersion(version);
}

/** `annapurna-1.0.0.dist-info` */
export function distInfoOf(project: Project): string {
  return `${normalizeName(project.name ?? '').replaceAll('-', '_')}-${versionOf(project)}.dist-info`;
}

/** The generator is who made it: no version of Poetry, and none of bivy's, so that bivy's release changes no layer. */
export function formatWheelFile(project: Project, era: BuildEra): string {
  const python2 = overlaps(pythonConstraint(project.pythonVersions, era), '>=2.0.0,<3.0.0');
  return `Wheel-Version: 1.0\nGenerator: bivy\nRoot-Is-Purelib: true\nTag: ${python2 ? 'py2.py3' : 'py3'}-none-any\n`;
}

/** entry_points.txt; empty where the project has none. */
export function formatEntryPoints({ scripts, guiScripts, entryPoints }: Project): string {
  const groups = new Map<string, ReadonlyMap<string, string>>([
    ...(scripts.size > 0 ? [['console_scripts', scripts] as const] : []),
    ...(guiScripts.size > 0 ? [['gui_scripts', guiScripts] as const] : []),
    ...entryPoints,
  ]);
  return [...groups]
    .filter(([, points]) => points.size > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, points]) => {
      const lines = [...points].map(([name, reference]) => `${name} = ${reference}`).sort();
      return `[${group}]\n${lines.map((line) => `${line.replaceAll(' ', '')}\n`).join('')}\n`;
    })
    .join('');
}

interface LicenseFields {
  readonly text?: string;
  readonly expression?: string;
  readonly classifier?: string;
}

function licenseOf({ license }: Project, era: BuildEra, fileText: string | null): LicenseFields {
  if (license === null) return {};
  if (license.kind === 'expression' && era.licenses === 'metadata') {
    const expression = canonicalExpression(license.text);
    if (expression !== undefined) return { expression };
  }
  const raw = license.kind === 'file' ? fileText : license.text;
  if (raw === null || raw === '') return {};
  const { id, classifier } = classifyLicense(raw);
  // Further lines are indented, empty ones too: else they would be read as fields.
  return { text: id.trim().replaceAll('\n', `\n${' '.repeat('License: '.length)}`), classifier };
}

/** Name and address of `Name <address>`; what has no address is all name. */
function personOf(person: string | undefined): readonly [string | undefined, string | undefined] {
  if (person === undefined) return [undefined, undefined];
  const match = /^([^<>]+?) <(.+?)>$/.exec(person);
  return match === null ? [person, undefined] : [match[1], match[2]];
}

function requiresPython(project: Project, era: BuildEra): string | null {
  if (era.verbatimPython && project.requiresPython !== '*') return project.requiresPython;
  if (project.pythonVersions === '*') return null;
  return formatPython(pythonConstraint(project.pythonVersions, era), era);
}

function requirements(project: Project, era: BuildEra): readonly string[] {
  return project.requires
    .filter(({ optional, inExtras }) => !era.reachableOnly || !optional || inExtras.length > 0)
    .map((dependency) => formatRequirement(dependency, era))
    .sort();
}

const PYTHON = 'Programming Language :: Python';

/** The project's own, those of the Pythons it allows, and its licence's, sorted so that 3.10 follows 3.9. */
function classifiersOf(project: Project, era: BuildEra, license: string | undefined): readonly string[] {
  if (!project.dynamicClassifiers) return project.classifiers;
  const constraint = pythonConstraint(project.pythonVersions, era);
  const versions = ['2.7', ...Array.from({ length: era.newestPython - 3 }, (_, index) => `3.${index + 4}`)];
  const python = [
    ...(overlaps(constraint, '2.*') ? ['2'] : []),
    ...versions.filter((text) => text === '2.7' && allows(constraint, parseVersion(text)!)),
    ...(overlaps(constraint, '3.*') ? ['3'] : []),
    ...versions.filter((text) => text !== '2.7' && allows(constraint, parseVersion(text)!)),
  ].map((version) => `${PYTHON} :: ${version}`);
  const others = new Set([...project.classifiers, ...(license === undefined ? [] : [license])]);
  for (const each of python) others.delete(each);
  const sorted = [...others].sort();
  const at = sorted.findIndex((each) => each > PYTHON);
  return at < 0 ? [...sorted, ...python] : [...sorted.slice(0, at), ...python, ...sorted.slice(at)];
}

/** Sorted by their first character alone, as poetry-core does. */
function urlsOf(project: Project, homePage: string | null): readonly string[] {
  const urls = new Map<string, string>();
  if (project.homepage !== null) urls.set('Homepage', project.homepage);
  if (project.repository !== null) urls.set('Repository', project.repository);
  if (project.documentation !== null) urls.set('Documentation', project.documentation);
  for (const [label, url] of project.urls) urls.set(label, url);
  return [...urls]
    .filter(([label, url]) => label !== 'Homepage' || url !== homePage)
    .map(([label, url]) => `${label}, ${url}`)
    .sort((a, b) => (a.charAt(0) === b.charAt(0) ? 0 : a.charAt(0) < b.charAt(0) ? -1 : 1));
}

function contentType({ readme }: Project): string | null {
  if (readme === null) return null;
  if (readme.contentType !== undefined) return readme.contentType;
  const path = readme.kind === 'files' ? (readme.paths[0] ?? '') : '';
  if (readme.kind === 'text') return null;
  if (path.endsWith('.rst')) return 'text/x-rst';
  return path.endsWith('.md') || path.endsWith('.markdown') ? 'text/markdown' : 'text/plain';
}
