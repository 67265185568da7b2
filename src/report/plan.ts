// An install plan as the JSON contract has it, and as lines for people.

import type { InstallPlan, PlannedPackage } from '../lock/plan.ts';

export interface PlanDocument {
  readonly version: 1;
  readonly target: { readonly python: string; readonly platform: string; readonly libc: string };
  readonly poetry: string;
  readonly mode: InstallPlan['mode'];
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly source: PlannedPackage['source']['kind'];
    readonly groups: readonly string[];
    readonly file: { readonly name: string; readonly sha256: string } | null;
    readonly why: readonly string[];
  }[];
  readonly root: InstallPlan['root'];
  readonly problems: InstallPlan['problems'];
}

export function planDocument(plan: InstallPlan): PlanDocument {
  const { target } = plan;
  return {
    version: 1,
    target: {
      python: target.python,
      platform: target.platform,
      libc: `${target.libc.family}:${target.libc.major}.${target.libc.minor}`,
    },
    poetry: plan.poetry,
    mode: plan.mode,
    packages: plan.packages.map(({ name, version, source, groups, file, why }) => ({
      name,
      version,
      source: source.kind,
      groups,
      file: file === null ? null : { name: file.name, sha256: file.sha256 },
      why,
    })),
    root: plan.root,
    problems: plan.problems,
  };
}

export function planLines(plan: InstallPlan): string[] {
  const { python, platform, libc } = plan.target;
  const rows = plan.packages.map((found) => [
    `${found.name} ${found.version}`,
    found.file?.name ??
      (found.source.kind === 'index' || found.source.kind === 'legacy'
        ? '(nothing for this target)'
        : `(${found.source.kind})`),
    found.why.slice(0, -1).join(' > '),
  ]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return [
    `python ${python} · ${platform} · ${libc.family} ${libc.major}.${libc.minor} · selected as Poetry ${plan.poetry} does (${plan.mode})`,
    '',
    ...rows.map(([name = '', file = '', why = '']) =>
      `${name.padEnd(widths[0] ?? 0)}  ${file.padEnd(widths[1] ?? 0)}  ${why}`.trimEnd(),
    ),
    ...(plan.root === null ? [] : [`${plan.root.name} ${plan.root.version}  (the project itself)`]),
    ...(plan.problems.length === 0 ? [] : ['']),
    ...plan.problems.flatMap((problem) => [`problem: ${problem.message}`, `  hint: ${problem.hint}`]),
  ];
}
