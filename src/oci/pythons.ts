// Which interpreters and which C library a file tree has, from what the probes learnt. Pure.

import type { Libc } from '../python/target.ts';
import type { BasePython } from './facts.ts';
import type { FileTree, Inode } from './filesystem.ts';
import { isMachine, type Learnt, patchlevelOf } from './probe.ts';

const EXECUTABLE = /^(?:(.*)\/)?bin\/python(?:3(?:\.(\d+))?)?$/;

/**
 * CPython's executables for that architecture: real files `bin/python3.X`, those that `PATH` leads to first. A version
 * is what the executable says, else the shared library or the headers of the same installation, else `PYTHON_VERSION`.
 */
export function findPythons(
  tree: FileTree,
  architecture: string,
  env: ReadonlyMap<string, string>,
): readonly BasePython[] {
  const found: BasePython[] = [];
  const inodes = new Map<Inode, string>();
  for (const [path, node] of tree.nodes()) {
    if (node.kind !== 'file' || (node.inode.mode & 0o111) === 0) continue;
    const learnt = learntOf(node.inode);
    if (learnt?.kind !== 'python' || !isMachine(learnt.elf, architecture)) continue;
    const match = EXECUTABLE.exec(path);
    if (match === null) continue;
    const [, prefix, minor] = match;
    // Of several hard links the longest name says most: `python3.11` rather than `python3`.
    const other = inodes.get(node.inode);
    if (other !== undefined && other.length >= path.length) continue;
    // A virtual environment's own copy is no installation.
    if (tree.lookup(join(prefix, 'pyvenv.cfg')) !== undefined) continue;
    const version = learnt.version ?? versionNear(tree, prefix ?? '', minor) ?? versionOf(env, minor);
    const parts = /^(\d+)\.(\d+)\./.exec(version ?? '');
    if (version === undefined || parts === null) continue;
    if (other !== undefined) {
      found.splice(
        found.findIndex(({ executable }) => executable === `/${other}`),
        1,
      );
    }
    inodes.set(node.inode, path);
    found.push({
      version,
      executable: `/${path}`,
      major: Number(parts[1]),
      minor: Number(parts[2]),
    });
  }
  const order = pathOrder(tree, env.get('PATH') ?? '');
  const rank = ({ executable }: BasePython): number => {
    const at = order.indexOf(executable);
    return at < 0 ? order.length : at;
  };
  return found.sort((a, b) => rank(a) - rank(b) || (a.executable < b.executable ? -1 : 1));
}

/** The C library: of the first Python where it tells, else the one that is there. */
export function findLibc(
  tree: FileTree,
  architecture: string,
  pythons: readonly BasePython[],
): Libc | undefined {
  const found: Libc[] = [];
  for (const [, node] of tree.nodes()) {
    const learnt = node.kind === 'file' ? learntOf(node.inode) : undefined;
    if (learnt?.kind === 'libc' && learnt.libc !== undefined && isMachine(learnt.elf, architecture)) {
      found.push(learnt.libc);
    }
  }
  const python = pythons[0] === undefined ? undefined : tree.lookup(pythons[0].executable)?.node;
  const learnt = python?.kind === 'file' ? learntOf(python.inode) : undefined;
  const family = learnt?.kind === 'python' ? learnt.elf.interpreter : undefined;
  return found.find((libc) => libc.family === family) ?? found[0];
}

function versionNear(tree: FileTree, prefix: string, minor: string | undefined): string | undefined {
  if (minor === undefined) return undefined;
  for (const [path, node] of tree.nodes()) {
    const learnt = node.kind === 'file' ? learntOf(node.inode) : undefined;
    if (learnt === undefined || !path.startsWith(prefix === '' ? '' : `${prefix}/`)) continue;
    if (
      learnt.kind === 'python' &&
      path.includes(`/libpython3.${minor}.so`) &&
      learnt.version !== undefined
    ) {
      return learnt.version;
    }
    if (learnt.kind === 'text' && path.endsWith(`/include/python3.${minor}/patchlevel.h`)) {
      return patchlevelOf(learnt.text);
    }
  }
  return undefined;
}

function versionOf(env: ReadonlyMap<string, string>, minor: string | undefined): string | undefined {
  const version = env.get('PYTHON_VERSION');
  if (version === undefined || !/^3\.\d+\.\d+/.test(version)) return undefined;
  return minor === undefined || version.startsWith(`3.${minor}.`) ? version : undefined;
}

/** Executables in the order in which a shell would come upon them. */
function pathOrder(tree: FileTree, path: string): readonly string[] {
  const order: string[] = [];
  for (const directory of path.split(':')) {
    const place = tree.lookup(directory);
    if (place?.node.kind !== 'directory') continue;
    const names = [...place.node.children.keys()].filter((name) => /^python(?:3(?:\.\d+)?)?$/.test(name));
    const plain = ['python3', 'python'].filter((name) => names.includes(name));
    for (const name of [...plain, ...names.sort()]) {
      const target = tree.lookup(join(place.path, name));
      if (target !== undefined && !order.includes(`/${target.path}`)) order.push(`/${target.path}`);
    }
  }
  return order;
}

function join(directory: string | undefined, name: string): string {
  return directory === undefined || directory === '' ? name : `${directory}/${name}`;
}

function learntOf(inode: Inode): Learnt | undefined {
  return inode.note as Learnt | undefined;
}
