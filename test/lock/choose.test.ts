import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Candidate, chooseFile } from '../../src/lock/choose.ts';
import { parseLibc } from '../../src/python/environment.ts';
import { supportedTags } from '../../src/python/tags.ts';
import { describeOracle, readLines } from '../python/oracle.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const target = { python: '3.11.7', platform: 'linux/amd64', libc: parseLibc('glibc:2.36') };
const tags = supportedTags(target);

function locked(...names: readonly string[]): readonly Candidate[] {
  return names.map((name) => ({ name, hash: `sha256:${sha256(name)}` }));
}

const PURE = 'foo-1.0-py3-none-any.whl';
const OWN = 'foo-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl';
const OLDER = 'foo-1.0-cp311-cp311-manylinux_2_12_x86_64.manylinux2010_x86_64.whl';
const STABLE = 'foo-1.0-cp38-abi3-manylinux_2_17_x86_64.whl';
const FOREIGN = 'foo-1.0-cp311-cp311-win_amd64.whl';
const SOURCE = 'foo-1.0.tar.gz';

describe('among the files of a lock', () => {
  test.each([
    ['the platform before pure Python', [PURE, OWN, SOURCE], OWN, 'wheel'],
    ['the newer glibc before the older', [OLDER, OWN], OWN, 'wheel'],
    ['its own ABI before the stable one', [STABLE, OLDER], OLDER, 'wheel'],
    ['any wheel before a source distribution', [SOURCE, PURE], PURE, 'wheel'],
    [
      'any build tag before the platform',
      [OWN, 'foo-1.0-1-py3-none-any.whl'],
      'foo-1.0-1-py3-none-any.whl',
      'wheel',
    ],
    [
      'the first of equal builds',
      ['foo-1.0-01-py3-none-any.whl', 'foo-1.0-1-py3-none-any.whl'],
      'foo-1.0-01-py3-none-any.whl',
      'wheel',
    ],
    ['a source distribution where no wheel fits', [FOREIGN, SOURCE], SOURCE, 'sdist'],
    ['the first of several', ['foo-1.0.zip', SOURCE], 'foo-1.0.zip', 'sdist'],
  ])('%s', (_, names, chosen, kind) => {
    const choice = chooseFile(locked(...names), { tags });
    expect([choice.file?.name, choice.kind]).toEqual([chosen, kind]);
  });

  test('nothing, and what there is', () => {
    const choice = chooseFile(locked(FOREIGN, 'foo-1.0-py3.11.egg'), { tags });
    expect(choice).toEqual({ kind: 'none', unsupported: locked(FOREIGN) });
  });

  test('a wheel that is not called like one spoils all', () => {
    const choice = chooseFile(locked(OWN, 'foo-1.0-py3-none.whl'), { tags });
    expect(choice).toMatchObject({ kind: 'none', misnamed: { name: 'foo-1.0-py3-none.whl' } });
  });

  test('the choice keeps what the candidate carried', () => {
    const [file] = locked(PURE);
    const choice = chooseFile([{ ...file!, url: 'x' }], { tags });
    expect(choice.file?.url).toBe('x');
  });
});

interface Row {
  readonly id: string;
  readonly target: { readonly python: string; readonly platform: string; readonly libc: string };
  readonly name: string;
  readonly tag_order: 'either' | 'linux-first' | 'linux-last';
  readonly candidates: readonly {
    readonly filename: string;
    readonly hashes?: Readonly<Record<string, string>>;
    readonly yanked?: boolean | string;
  }[];
  readonly locked?: readonly string[];
  readonly no_binary?: readonly string[];
  readonly only_binary?: readonly string[];
  readonly chosen: string | null;
  readonly downloaded_to_hash?: readonly string[];
}

function candidateOf({ filename, hashes, yanked = false }: Row['candidates'][number]): Candidate {
  const name = decodeURIComponent(filename);
  const digest = sha256(name);
  return { name, hash: `sha256:${digest}`, hashes: hashes ?? { sha256: digest }, yanked: yanked !== false };
}

describeOracle('chooser.jsonl', (path) => {
  const rows = readLines<Row>(path).slice(1);

  test.each(rows.map((row) => [row.id, row] as const))('%s', (_, row) => {
    const candidates = row.candidates.map(candidateOf);
    const orders = row.tag_order === 'either' ? [true, false] : [row.tag_order === 'linux-first'];
    for (const linuxFirst of orders) {
      const downloaded = new Set<string>();
      const choice = chooseFile(candidates, {
        tags: supportedTags({ ...row.target, libc: parseLibc(row.target.libc) }, { linuxFirst }),
        name: row.name,
        ...(row.locked === undefined ? {} : { locked: row.locked }),
        ...(row.no_binary === undefined ? {} : { noBinary: row.no_binary }),
        ...(row.only_binary === undefined ? {} : { onlyBinary: row.only_binary }),
        sha256Of({ name }) {
          downloaded.add(name);
          return sha256(name);
        },
      });
      expect(choice.file?.name ?? null).toBe(row.chosen);
      expect([...downloaded]).toEqual(row.downloaded_to_hash ?? []);
    }
  });
});
