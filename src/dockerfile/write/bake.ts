// A file for `docker buildx bake`: one target for each project, all platforms at once; and one for each platform alone,
// for engines that build but one, and for runners of each kind. HCL, because that can hold the mark of who wrote it.

import { MARKER, type ProjectFacts } from '../facts.ts';

export interface BakeProject {
  readonly facts: ProjectFacts;
  /** From the bake file to the build context, `.` where they are one. */
  readonly context: string;
}

/** Projects in the order in which they are to stand; names are made distinct. */
export function generateBake(projects: readonly BakeProject[]): string {
  const named = withNames(projects);
  const several = named.filter(({ facts }) => facts.platforms.length > 0);
  const blocks = [
    block('variable', 'TAG', ['default = "latest"']),
    block('variable', 'REGISTRY', ['default = ""', '# like "registry.example/team/", with the slash']),
    block('group', 'default', [`targets = ${list(named.map(({ target }) => target))}`]),
    ...(several.length === 0
      ? []
      : [block('group', 'each', [`targets = ${list(several.map(({ target }) => `${target}-each`))}`])]),
    ...named.flatMap(targetsOf),
  ];
  return `${[MARKER, ...blocks].join('\n')}\n`;
}

type Named = BakeProject & { readonly target: string };

function withNames(projects: readonly BakeProject[]): readonly Named[] {
  const taken = new Set(['default', 'each']);
  return projects.map((project) => {
    const name = imageName(project.facts.name).replaceAll('.', '-');
    let target = name;
    for (let count = 2; taken.has(target); count += 1) target = `${name}-${count}`;
    taken.add(target);
    taken.add(`${target}-each`);
    return { ...project, target };
  });
}

function targetsOf({ facts, context, target }: Named): readonly string[] {
  const { platforms, path, privateSources, ssh } = facts;
  const secrets = privateSources.flatMap(({ variable }) =>
    ['USERNAME', 'PASSWORD'].map((part) => `type=env,id=${variable}_${part}`),
  );
  const main = block('target', target, [
    `context = ${text(context)}`,
    `dockerfile = ${text(path === '' ? 'Dockerfile' : `${path}/Dockerfile`)}`,
    `tags = ["\${REGISTRY}${target}:\${TAG}"]`,
    ...(platforms.length === 0 ? [] : [`platforms = ${list(platforms)}`]),
    ...(secrets.length === 0 ? [] : [`secret = ${list(secrets)}`]),
    ...(ssh ? ['ssh = ["default"]'] : []),
  ]);
  if (platforms.length === 0) return [main];
  return [
    main,
    block('target', `${target}-each`, [
      `name = "${target}-\${replace(platform, "/", "-")}"`,
      `inherits = ${list([target])}`,
      `matrix = { platform = ${list(platforms)} }`,
      'platforms = [platform]',
      `tags = ["\${REGISTRY}${target}:\${TAG}-\${replace(platform, "/", "-")}"]`,
    ]),
  ];
}

function block(kind: string, name: string, lines: readonly string[]): string {
  return [`${kind} "${name}" {`, ...lines.map((each) => `  ${each}`), '}'].join('\n');
}

function list(words: readonly string[]): string {
  return `[${words.map(text).join(', ')}]`;
}

function text(word: string): string {
  return JSON.stringify(word).replace(/[$%]\{/g, (opening) => `${opening[0]}${opening}`);
}

/** A name that a registry takes: lower case, single separators. */
export function imageName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'app'
  );
}
