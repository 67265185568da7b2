import { describe, expect, it } from 'vitest';
import type { Entry, FileEntry, Part } from '../../src/layers/entry.ts';
import { overlapsOf, shadowOverlaps, shadowPaths } from '../../src/layers/overlap.ts';
import type { LayerSummary } from '../../src/layers/writer.ts';

function file(path: string, shadowed?: boolean): FileEntry {
  const bytes = Buffer.from(path);
  const entry: FileEntry = {
    kind: 'file',
    path,
    mode: 0o644,
    size: bytes.length,
    content: { kind: 'bytes', bytes },
  };
  return shadowed === undefined ? entry : { ...entry, shadowed };
}

function part(name: string, ...entries: Entry[]): Part {
  return { name, entries };
}

function shadows(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ name, entries }) =>
    entries.flatMap((entry) =>
      entry.kind === 'file' && entry.shadowed === true ? [`${name} ${entry.path}`] : [],
    ),
  );
}

describe('shadowOverlaps', () => {
  it('lets the last part win each path', () => {
    const parts = [
      part('a', file('x'), file('y')),
      part('b', file('x'), file('z')),
      part('c', file('x'), file('y')),
    ];
    expect(shadows(shadowOverlaps(parts))).toEqual(['a x', 'a y', 'b x']);
  });

  it('leaves parts that share nothing, or only directories, as they are', () => {
    const directory = { kind: 'directory', path: 'd', mode: 0o755 } as const;
    const parts = [part('a', directory, file('d/x')), part('b', directory, file('d/y'))];
    const after = shadowOverlaps(parts);
    expect(after[0]).toBe(parts[0]);
    expect(after[1]).toBe(parts[1]);
  });

  it('does not let a file win that another layer shadows', () => {
    expect(shadows(shadowOverlaps([part('a', file('x')), part('b', file('x', true))]))).toEqual(['b x']);
  });

  it('refuses a file where another part has a directory', () => {
    const directory = { kind: 'directory', path: 'x', mode: 0o755 } as const;
    for (const parts of [
      [part('a==1', directory), part('b==2', file('x'))],
      [part('b==2', file('x')), part('a==1', directory)],
    ]) {
      expect(() => shadowOverlaps(parts)).toThrow('`x` is a file of b==2 and a directory of a==1');
    }
  });
});

describe('shadowPaths', () => {
  it('marks those paths alone', () => {
    const whole = part('a', file('x'), file('y'));
    expect(shadows([shadowPaths(whole, ['y', 'absent'])])).toEqual(['a y']);
    expect(shadowPaths(whole, [])).toBe(whole);
  });
});

describe('overlapsOf', () => {
  it('names winner and loser, and whether their bytes are the same', () => {
    const written = (name: string, path: string, sha256: string) => ({
      part: name,
      path,
      sha256,
      size: 1,
      mode: 0o644,
    });
    const summary = {
      files: [written('c', 'x', '1'), written('c', 'y', '2')],
      shadowed: [written('a', 'x', '1'), written('b', 'y', '3'), written('b', 'elsewhere', '4')],
    } as unknown as LayerSummary;
    expect(overlapsOf(summary)).toEqual([
      { path: 'x', winner: 'c', loser: 'a', same: true },
      { path: 'y', winner: 'c', loser: 'b', same: false },
    ]);
  });
});
