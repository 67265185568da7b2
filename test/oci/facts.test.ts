import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isBaseDirectory,
  type PathFact,
  refuseOccupied,
  resolvePath,
  unpackedSize,
} from '../../src/oci/facts.ts';
import { codeOf } from '../support/images.ts';

const D: PathFact = [0o755, 0, 0];
const to = (target: string): PathFact => [0o777, 0, 0, target];

const paths: Record<string, PathFact> = {
  '': D,
  usr: D,
  'usr/bin': D,
  bin: to('usr/bin'),
  lib: to('/usr/lib'),
  app: to('/srv/real'),
  srv: D,
  'srv/up': to('../usr/./bin/..'),
  'srv/out': to('../../../usr'),
  loop: to('loop/x'),
  a: to('b'),
  b: to('/a'),
};

describe('where a path is', () => {
  it.each([
    ['usr/bin/python', 'usr/bin/python'],
    ['/bin/python', 'usr/bin/python'],
    ['lib/x', 'usr/lib/x'],
    ['app/.venv', 'srv/real/.venv'],
    ['srv/up/bin', 'usr/bin'],
    ['srv/out', 'usr'],
    ['nowhere/../usr', 'usr'],
    ['', ''],
    ['constructor', 'constructor'],
  ])('%s -> %s', (path, place) => {
    expect(resolvePath({ paths }, path)).toBe(place);
  });

  it.each(['loop', 'a', 'b/c'])('goes round in circles at %s', async (path) => {
    expect(await codeOf(() => resolvePath({ paths }, path))).toBe('BASE_INVALID');
  });

  it('is found once: resolving again changes nothing, and never climbs out', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const target = fc
      .array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 4 })
      .map((p) => p.join('/'));
    const links = fc.dictionary(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((p) => p.join('/')),
      target.map(to),
    );
    fc.assert(
      fc.property(links, fc.array(name, { maxLength: 5 }), (some, path) => {
        let place: string;
        try {
          place = resolvePath({ paths: some }, path.join('/'));
        } catch {
          return;
        }
        expect(place.split('/')).not.toContain('..');
        expect(resolvePath({ paths: some }, place)).toBe(place);
      }),
    );
  });

  it('knows directories through links', () => {
    expect(isBaseDirectory({ paths }, 'bin')).toBe(true);
    expect(isBaseDirectory({ paths }, 'app')).toBe(false);
    expect(isBaseDirectory({ paths }, 'srv')).toBe(true);
  });
});

describe('an occupied place', () => {
  it.each([
    ['a directory', { 'app/.venv': D }, {}],
    ['a link, even to nothing', { 'app/.venv': to('/nowhere') }, {}],
    ['a file', {}, { 'app/.venv': 3 }],
    ['a directory behind a link', { app: to('/srv'), 'srv/.venv': D }, {}],
  ] as const)('is %s', async (_, places, files) => {
    expect(await codeOf(() => refuseOccupied({ paths: places, files }, 'app/.venv', 'base'))).toBe(
      'BASE_OCCUPIED',
    );
  });

  it('is nothing else', () => {
    refuseOccupied({ paths: { app: D, 'app/.venvs': D }, files: { 'app/x': 1 } }, 'app/.venv', 'base');
  });
});

describe('the size of an image', () => {
  const facts = { files: { 'etc/passwd': 100, 'etc/linked': 0 }, unpacked: 1000 };
  it.each([
    ['nothing above', [], 1000],
    ['new files', [[{ path: 'app/a', size: 5 }], [{ path: 'app/b', size: 7 }]], 1012],
    ['a file of the base replaced', [[{ path: 'etc/passwd', size: 150 }]], 1050],
    ['replaced twice', [[{ path: 'etc/passwd', size: 150 }], [{ path: 'etc/passwd', size: 10 }]], 910],
    ['one name of several', [[{ path: 'etc/linked', size: 3 }]], 1003],
  ])('%s', (_, layers, size) => {
    expect(unpackedSize(facts, layers)).toBe(size);
  });
});
