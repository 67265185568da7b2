// BuildKit's own parser, as a program, and how its trees are held against ours.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dockerfile, Instruction } from '../../../src/dockerfile/syntax/ast.ts';
import { positionAt } from '../../../src/dockerfile/syntax/position.ts';
import { graphStages } from '../../../src/dockerfile/syntax/stages.ts';
import { sharedFolder } from './shared-folders.ts';

const SOURCE = fileURLToPath(new URL('buildkit-parser', import.meta.url));
const VERSION = 'v0.33.1';

/** See buildkit-parser/main.go. */
interface BuildKitNode {
  readonly keyword: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly flags: readonly string[];
  readonly json: boolean;
  readonly words: readonly string[];
  readonly unquoted: readonly string[];
  readonly heredocs: readonly {
    readonly name: string;
    readonly expands: boolean;
    readonly chomps: boolean;
    readonly content: string;
  }[];
  readonly trigger: BuildKitNode | null;
}

export interface BuildKitTree {
  readonly error: string;
  readonly refusal: string;
  readonly refusalLine: number;
  readonly escape: string;
  readonly nodes: readonly BuildKitNode[] | null;
  readonly stages:
    | readonly {
        readonly name: string;
        readonly base: string;
        readonly platform: string;
        readonly commands: number;
      }[]
    | null;
}

/** Where the program is; nothing, and a word about it, on a machine without Go. @throws Error in CI, or where it cannot be built */
export function buildKitParser(): string | undefined {
  const sources = ['main.go', 'go.mod'].map((name) => join(SOURCE, name));
  const kept = sharedFolder('programs', `buildkit-parser-${VERSION}-${digestOf(sources)}`);
  const path = join(kept, 'buildkit-parser');
  if (existsSync(path)) return path;
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    if (process.env['CI'] === 'true') throw new Error("CI has no Go to build BuildKit's parser with");
    console.warn("SKIPPED: no Go here; no tree is held against that of BuildKit's parser");
    return undefined;
  }
  const build = mkdtempSync(join(tmpdir(), 'bivy-parser-'));
  try {
    for (const name of ['main.go', 'go.mod']) copyFileSync(join(SOURCE, name), join(build, name));
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' };
    const made = join(kept, `new-${process.pid}`);
    execFileSync('go', ['build', '-o', made, '.'], { cwd: build, env, stdio: ['ignore', 'ignore', 'pipe'] });
    renameSync(made, path);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  return path;
}

function digestOf(paths: readonly string[]): string {
  let sum = 0;
  for (const path of paths) for (const byte of readFileSync(path)) sum = (sum * 31 + byte) % 0x7fff_ffff;
  return sum.toString(16);
}

/** The trees of files, by path. */
export function readByBuildKit(program: string, paths: readonly string[]): ReadonlyMap<string, BuildKitTree> {
  const output = execFileSync(program, ['-0'], {
    input: paths.join('\0'),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  return new Map(Object.entries(JSON.parse(output) as Record<string, BuildKitTree>));
}

/** A line for each thing that the two see differently. */
export function findDifferences(dockerfile: Dockerfile, tree: BuildKitTree): readonly string[] {
  const differences: string[] = [];
  function compare(what: string, ours: unknown, theirs: unknown): void {
    const [one, other] = [JSON.stringify(ours), JSON.stringify(theirs)];
    if (one !== other) differences.push(`${what}: ${one} here, ${other} there`);
  }
  const { problems } = dockerfile;
  if (tree.error !== '') {
    if (problems.length === 0) differences.push(`not refused here: ${tree.error}`);
    return differences;
  }
  const graph = graphStages(dockerfile);
  compare('escape', dockerfile.escape, tree.escape);
  if (tree.refusal === '') {
    // BuildKit looks at a trigger when it is triggered.
    const triggers = dockerfile.instructions.flatMap(({ trigger }) => trigger ?? []);
    const outside = problems.filter(
      ({ span }) => !triggers.some((at) => span.start >= at.span.start && span.end <= at.span.end),
    );
    compare(
      'refused',
      outside.map(({ message }) => message),
      [],
    );
  }
  if (tree.refusal !== '' && problems.length === 0) differences.push(`not refused here: ${tree.refusal}`);
  if (tree.refusal !== '' && tree.refusalLine > 0 && problems.length > 0) {
    const lines = dockerfile.instructions
      .filter(({ span }) => problems.some((at) => at.span.start >= span.start && at.span.end <= span.end))
      .map(({ span }) => positionAt(dockerfile, span.start).line);
    // A continuation that nothing follows is an instruction there, and none here.
    for (const { span } of problems) lines.push(positionAt(dockerfile, span.start).line);
    if (!lines.includes(tree.refusalLine))
      differences.push(`line ${tree.refusalLine} not refused: ${tree.refusal}`);
  }
  const nodes = (tree.nodes ?? []).filter(({ keyword }) => keyword !== '');
  compare('number of instructions', dockerfile.instructions.length, nodes.length);
  dockerfile.instructions.forEach((instruction, index) => {
    const node = nodes[index];
    if (node === undefined) return;
    const place = `line ${node.startLine} (${node.keyword})`;
    const { span } = instruction;
    const lines = [span.start, span.end].map((offset) => positionAt(dockerfile, offset).line);
    compare(`${place} lines`, lines, [node.startLine, node.endLine]);
    compare(`${place} trigger`, instruction.trigger !== undefined, node.trigger !== null);
    compareNodes(dockerfile, place, instruction, node, compare);
    const heredocs = (instruction.trigger ?? instruction).heredocs.map(({ name, expands, chomps, body }) => {
      return { name, expands, chomps, content: dockerfile.text.slice(body.start, body.end) };
    });
    compare(`${place} heredocs`, heredocs, node.heredocs);
  });
  if (tree.refusal === '') {
    const stages = graph.stages.map(({ name, image, from, instructions }) => ({
      name: name ?? '',
      base: image.raw,
      platform: from.flags.find((flag) => flag.name === 'platform')?.value ?? '',
      commands: instructions.length,
    }));
    compare('stages', stages, tree.stages);
  }
  return differences;
}

type Compare = (what: string, ours: unknown, theirs: unknown) => void;

function compareNodes(
  dockerfile: Dockerfile,
  place: string,
  instruction: Instruction,
  node: BuildKitNode,
  compare: Compare,
): void {
  const { keyword, flags, words, pairs, argument, form, trigger } = instruction;
  compare(`${place} keyword`, keyword, node.keyword.toUpperCase());
  const { keywordSpan } = instruction;
  if (!dockerfile.text.slice(keywordSpan.start, keywordSpan.end).includes('\n')) {
    compare(
      `${place} keyword as written`,
      dockerfile.text.slice(keywordSpan.start, keywordSpan.end),
      node.keyword,
    );
  }
  compare(
    `${place} flags`,
    flags.map(({ name, value }) => `--${name}${value === undefined ? '' : `=${value}`}`),
    node.flags,
  );
  compare(`${place} form`, form === 'exec', node.json);
  const raw = words.map((word) => word.raw);
  const values = words.map((word) => word.value);
  switch (keyword) {
    case 'ENV':
    case 'LABEL':
      compare(
        `${place} pairs`,
        pairs.map(({ name, value, legacy }) => [name, value?.raw, value?.value, legacy]),
        pairs.map((_, index) => [
          node.unquoted[index * 3],
          node.words[index * 3 + 1],
          node.unquoted[index * 3 + 1],
          node.words[index * 3 + 2] === '',
        ]),
      );
      compare(`${place} number of pairs`, pairs.length * 3, node.words.length);
      break;
    case 'ARG':
      compare(`${place} words`, raw, node.words);
      compare(
        `${place} pairs`,
        pairs.map(({ name, value }) => (value === undefined ? name : `${name}=${value.value}`)),
        node.unquoted,
      );
      break;
    case 'HEALTHCHECK':
      compare(`${place} type`, raw[0], node.words[0]);
      if (form === 'exec') compare(`${place} words`, values.slice(1), node.words.slice(1));
      else compare(`${place} command`, argument.text.endsWith(node.words[1] ?? ''), true);
      break;
    case 'ONBUILD':
      if (trigger !== undefined && node.trigger !== null) {
        compareNodes(dockerfile, place, trigger, node.trigger, compare);
      }
      break;
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
    case 'SHELL':
      compare(
        `${place} words`,
        form === 'exec' ? values : argument.text === '' ? [] : [argument.text],
        node.words,
      );
      break;
    default:
      if (form === 'exec') compare(`${place} words`, values, node.words);
      else if (node.words.length > 0 && node.words[0] !== '') {
        compare(`${place} words`, raw, node.words);
        compare(`${place} values`, values, node.unquoted);
      }
  }
}
