// The images that a generated Dockerfile starts from: the official ones of the release, or what settings and flags name.
// Pure.

import type { Bases } from '../dockerfile/facts.ts';
import { type BuildNeeds, buildNeeds } from '../dockerfile/write/native.ts';
import { BivyError } from '../kernel/errors.ts';
import { findDebianBase } from './known-bases.ts';

export interface BaseWishes {
  /** What `[tool.bivy] base` or `BIVY_BASE` says, and what a flag says. */
  readonly setting: string | undefined;
  readonly flag: string | undefined;
  readonly builder: string | undefined;
}

export interface Base {
  /** As `FROM` names it; undefined: the official one. */
  readonly image: string | undefined;
  /** Its Python, as far as its name tells: `3.11`, `3.11.14`. */
  readonly python: string | undefined;
  /** Why the setting does not count here. */
  readonly note: string | undefined;
}

/** @throws BivyError `BASE_UNSUPPORTED` for a flag that `FROM` cannot hold */
export function readBase({ setting, flag, builder }: BaseWishes): Base {
  for (const [option, image] of [
    ['--base', flag],
    ['--builder-base', builder],
  ] as const) {
    if (image !== undefined) refuseOther(option, image);
  }
  const name = flag ?? setting;
  if (name === undefined) return { image: undefined, python: undefined, note: undefined };
  const debian = findDebianBase(name);
  if (debian !== undefined) {
    return {
      image: undefined,
      python: debian.python.split('.').slice(0, 2).join('.'),
      note: `\`${name}\` is composed by \`bivy build\`; the Dockerfile starts from the official image of the same Python`,
    };
  }
  if (ELSEWHERE.test(name)) {
    return {
      image: undefined,
      python: undefined,
      note: `\`base = "${name}"\` is nothing that \`FROM\` can name: the Dockerfile starts from an official image`,
    };
  }
  const [, minor, patch = ''] = /(?:^|\/)python:(3\.\d+)(\.\d+)?(?=$|[-@])/.exec(name) ?? [];
  return { image: name, python: minor === undefined ? undefined : minor + patch, note: undefined };
}

const ELSEWHERE = /^(?:scratch$|(?:oci|oci-archive|docker-archive):)/;

function refuseOther(option: string, image: string): void {
  const reason =
    image.trim() === '' || /[\s$]/.test(image)
      ? 'is no name of an image'
      : ELSEWHERE.test(image)
        ? 'is nothing that `FROM` can name'
        : undefined;
  if (reason === undefined) return;
  throw new BivyError('BASE_UNSUPPORTED', `\`${option} ${image}\` ${reason}`, {
    hint: 'name an image of a registry, like `python:3.13-slim-bookworm`, or a build context of `docker buildx build`',
  });
}

export interface BaseFacts {
  /** `3.11.14` */
  readonly release: string;
  readonly base: Base;
  readonly builder: string | undefined;
  /** Packages that come as source, in normal form. */
  readonly sdists: readonly string[];
  readonly buildScript: boolean;
  readonly git: boolean;
  readonly ssh: boolean;
}

/** @returns the bases, and the system packages that compiled packages run with */
export function chooseBases(facts: BaseFacts): { readonly bases: Bases; readonly run: readonly string[] } {
  const { release, base, builder } = facts;
  const distribution = distributionOf(release);
  const runtime = base.image ?? `python:${release}-slim-${distribution}`;
  const family = familyOf(runtime);
  const needs = buildNeeds(facts.sdists);
  const official = base.image === undefined;
  const compiles = needs.unknown.length > 0 || facts.buildScript;
  // The full image has compilers, headers and Git; a slim one is given what is known to be needed.
  const full = `python:${release}-${distribution}`;
  const takesFull = official && builder === undefined && compiles;
  const chosen = builder ?? (takesFull ? full : runtime);
  return {
    bases: {
      runtime,
      builder: chosen,
      fat: builder ?? (official ? full : runtime),
      family,
      buildPackages: builder !== undefined || takesFull ? [] : packagesFor(facts, needs, family, compiles),
      buildReasons: reasonsFor(facts, needs),
    },
    run: family === 'debian' ? needs.run : [],
  };
}

function packagesFor(
  { git, ssh }: BaseFacts,
  needs: BuildNeeds,
  family: Bases['family'],
  compiles: boolean,
): readonly string[] {
  if (family === 'alpine') {
    return [
      ...(compiles || needs.compiled.length > 0 ? ['build-base'] : []),
      ...(git || ssh ? ['git'] : []),
      ...(ssh ? ['openssh-client'] : []),
    ];
  }
  return [
    ...new Set([
      ...needs.build,
      ...(compiles ? ['build-essential'] : []),
      ...(git || ssh ? ['ca-certificates', 'git'] : []),
      ...(ssh ? ['openssh-client'] : []),
    ]),
  ].sort();
}

function reasonsFor({ git, buildScript }: BaseFacts, needs: BuildNeeds): readonly string[] {
  const list = (names: readonly string[]): string => names.join(', ');
  return [
    ...(needs.compiled.length > 0
      ? [`${list(needs.compiled)}: compiled from source, for want of a wheel.`]
      : []),
    ...(needs.unknown.length > 0
      ? [`${list(needs.unknown)}: source only, so the builder has a compiler.`]
      : []),
    ...(buildScript ? ['The project has a build script, so the builder has a compiler.'] : []),
    ...(git ? ['Dependencies come from Git, so the builder has it.'] : []),
  ];
}

/** The newest Debian that official images of that release were made of. */
function distributionOf(release: string): 'bookworm' | 'bullseye' | 'buster' {
  const [, minor = 0, patch = 0] = release.split('.').map(Number);
  const since = (table: Readonly<Record<number, number>>): boolean => patch >= (table[minor] ?? 0);
  if (since({ 7: 17, 8: 17, 9: 17, 10: 12, 11: 4 })) return 'bookworm';
  return since({ 7: 12, 8: 12, 9: 7 }) ? 'bullseye' : 'buster';
}

function familyOf(image: string): Bases['family'] {
  if (/alpine/.test(image)) return 'alpine';
  return /distroless|chainguard/.test(image) ? 'bare' : 'debian';
}
