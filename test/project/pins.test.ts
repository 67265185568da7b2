import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../src/kernel/digest.ts';
import { BivyError } from '../../src/kernel/errors.ts';
import {
  type PinnedBase,
  type PinnedDebian,
  type PinnedPackage,
  type Pins,
  sortBases,
  sortLayers,
  sortPackages,
} from '../../src/project/pins.ts';
import { comparePins, isUnchanged } from '../../src/project/pins-change.ts';
import { checkFormat, findPin, isPinned, isPinnedLayer } from '../../src/project/pins-check.ts';
import { decodePins } from '../../src/project/pins-decode.ts';
import { readPins, readPinsText, writePins } from '../../src/project/pins-file.ts';
import { encodePins } from '../../src/project/pins-text.ts';

const hex = (text: string): string => digestOf(text).slice(7);

function deb(name: string, more: Partial<PinnedPackage> = {}): PinnedPackage {
  return {
    name,
    version: '1.0-1',
    architecture: 'amd64',
    sha256: hex(name),
    size: 1234,
    archive: 'main',
    filename: `pool/main/${name[0]}/${name}_1.0-1_amd64.deb`,
    ...more,
  };
}

function debian(more: Partial<PinnedDebian> = {}): PinnedDebian {
  return {
    kind: 'debian',
    reference: 'debian:12',
    platform: 'linux/amd64',
    composition: digestOf('composition'),
    with: ['tini'],
    packages: [deb('libc6'), deb('tini', { version: '0.19.0-1', archive: 'security' })],
    ...more,
  };
}

const PINS: Pins = {
  format: { encoder: 2, layout: 2 },
  bases: [
    debian(),
    {
      kind: 'image',
      reference: 'python:3.13-slim',
      platform: 'linux/arm64',
      index: digestOf('index'),
      manifest: digestOf('manifest'),
    },
  ],
  layers: sortLayers(
    ['a', 'b'].map((name) => ({
      key: digestOf(`key ${name}`),
      digest: digestOf(name),
      diffId: digestOf(`diff ${name}`),
      size: 10,
      annotations: digestOf(`said of ${name}`),
    })),
  ),
};

function refusal(work: () => unknown): BivyError {
  try {
    work();
  } catch (error) {
    if (error instanceof BivyError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('the text of bivy.lock', () => {
  it('has a line for each package and layer', () => {
    expect(
      encodePins(PINS),
    ).toBe(`# What the images of this project are built on, to the byte. \`bivy pin\` wrote it; commit it beside \`poetry.lock\`.
# Builds keep to it and refuse what disagrees; \`bivy pin --update\` refreshes it and says what changed.

version = 1

[format]
encoder = 2
layout = 2

[[base]]
reference = "debian:12"
platform = "linux/amd64"
composition = "${digestOf('composition')}"
with = ["tini"]
packages = [
  { name = "libc6", version = "1.0-1", architecture = "amd64", sha256 = "${hex('libc6')}", size = 1234, archive = "main", file = "pool/main/l/libc6_1.0-1_amd64.deb" },
  { name = "tini", version = "0.19.0-1", architecture = "amd64", sha256 = "${hex('tini')}", size = 1234, archive = "security", file = "pool/main/t/tini_1.0-1_amd64.deb" },
]

[[base]]
reference = "python:3.13-slim"
platform = "linux/arm64"
index = "${digestOf('index')}"
manifest = "${digestOf('manifest')}"

[layers]
${PINS.layers?.map(({ key, digest, diffId, annotations }) => `"${key}" = { digest = "${digest}", diff-id = "${diffId}", annotations = "${annotations}", size = 10 }`).join('\n')}
`);
  });

  it('says what was written, whatever it is', () => {
    const digest = fc.string().map((text) => digestOf(text));
    const platform = fc.constantFrom('linux/amd64', 'linux/arm64', 'linux/arm/v7');
    const reference = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => /^.+$/.test(text));
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,9}$/);
    const packages = fc
      .uniqueArray(
        fc.record({
          name,
          version: fc.stringMatching(/^[A-Za-z0-9.+~:-]{1,9}$/),
          architecture: fc.constantFrom('all', 'amd64'),
          sha256: digest.map((one) => one.slice(7)),
          size: fc.nat(),
          archive: fc.constantFrom('main' as const, 'security' as const),
          filename: name.map((one) => `pool/${one}.deb`),
        }),
        { selector: (one) => one.name, maxLength: 5 },
      )
      .map(sortPackages);
    const base: fc.Arbitrary<PinnedBase> = fc.oneof(
      fc.record({
        kind: fc.constant('debian' as const),
        reference,
        platform,
        composition: digest,
        with: fc.array(name, { maxLength: 2 }),
        packages,
      }),
      fc.record(
        {
          kind: fc.constant('image' as const),
          reference,
          platform,
          index: digest,
          manifest: digest,
          config: digest,
        },
        { requiredKeys: ['kind', 'reference', 'platform', 'manifest'] },
      ),
    );
    const pins: fc.Arbitrary<Pins> = fc.record(
      {
        format: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.nat()).map((all) => ({ ...all })),
        bases: fc
          .uniqueArray(base, { selector: (one) => `${one.reference}\n${one.platform}`, maxLength: 4 })
          .map(sortBases),
        layers: fc
          .uniqueArray(
            fc.record({ key: digest, digest, diffId: digest, size: fc.nat(), annotations: digest }),
            {
              selector: ({ key }) => key,
              maxLength: 4,
            },
          )
          .map(sortLayers),
      },
      { requiredKeys: ['format', 'bases'] },
    );
    fc.assert(
      fc.property(pins, (all) => {
        const text = encodePins(all);
        const read = decodePins(text);
        expect(read).toEqual(all);
        expect(encodePins(read)).toBe(text);
      }),
    );
  });

  const text = encodePins(PINS);
  it.each<readonly [string, string, number | undefined, RegExp]>([
    ['a merge', text.replace('[format]', '<<<<<<< ours\n[format]'), 6, /not valid TOML/],
    [
      'another version',
      text.replace('version = 1', 'version = 2'),
      4,
      /`version` is `2`, and this bivy reads version 1/,
    ],
    ['no version', text.replace('version = 1', ''), undefined, /`version` is missing/],
    [
      'an unknown word',
      text.replace('version = 1', 'version = 1\nstrict = true'),
      5,
      /`strict` is nothing that bivy knows/,
    ],
    [
      'a word of another kind of base',
      text.replace('index = ', 'with = []\nindex = '),
      23,
      /`base\[1\]\.with` is nothing/,
    ],
    [
      'no digest',
      text.replace(/manifest = "sha256:/, 'manifest = "sha1:'),
      24,
      /`base\[1\]\.manifest` must be a digest/,
    ],
    [
      'a base that pins nothing',
      text.replace(/(?:index|manifest) = .*\n/g, ''),
      20,
      /neither `manifest` nor `packages`/,
    ],
    [
      'a package in words',
      text.replace('size = 1234, archive = "sec', 'size = "big", archive = "sec'),
      17,
      /`base\[0\]\.packages\[1\]\.size` must be an integer/,
    ],
    [
      'a path that climbs',
      text.replace('pool/main/l/', 'pool/../'),
      16,
      /`base\[0\]\.packages\[0\]\.file` must be a path below the mirror/,
    ],
    ['an absolute path', text.replace('"pool/main/l/', '"/pool/'), 16, /`base\[0\]\.packages\[0\]\.file`/],
    ['another archive', text.replace('"security"', '"contrib"'), 17, /must be `main` or `security`/],
    [
      'a base twice',
      text
        .replace(
          '[layers]',
          '[[base]]\nreference = "debian:12"\nplatform = "linux/amd64"\nmanifest = "x"\n[layers]',
        )
        .replace('"x"', `"${digestOf('x')}"`),
      26,
      /a second time/,
    ],
    [
      'a key of a layer that is none',
      text.replace(/"sha256:[0-9a-f]{64}" = \{/, '"sha256:12" = {'),
      27,
      /is no key of a layer/,
    ],
    ['a negative size', text.replace('size = 10', 'size = -1'), 27, /must be a size/],
  ])('is refused for %s', (_, wrong, line, message) => {
    expect(wrong).not.toBe(text);
    const error = refusal(() => decodePins(wrong));
    expect([error.code, error.location?.file, error.location?.line]).toEqual([
      'PINS_INVALID',
      'bivy.lock',
      line,
    ]);
    expect(error.message).toMatch(message);
    expect(error.hint).toContain('bivy pin --update');
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bivy-pins-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is written whole, and only where it says something else', () => {
    expect(readPins(folder)).toBeUndefined();
    expect(readPinsText(join(folder, 'nowhere'))).toBeUndefined();
    expect(writePins(folder, PINS)).toBe(true);
    expect(writePins(folder, PINS)).toBe(false);
    expect(readPins(folder)).toEqual(PINS);
    expect(readdirSync(folder)).toEqual(['bivy.lock']);
  });

  it('stays where a link leads, and as it was where it cannot be written', () => {
    mkdirSync(join(folder, 'shared'));
    writeFileSync(join(folder, 'shared', 'pins'), 'old');
    symlinkSync('shared/pins', join(folder, 'bivy.lock'));
    expect(writePins(folder, PINS)).toBe(true);
    expect(readFileSync(join(folder, 'shared', 'pins'), 'utf8')).toBe(encodePins(PINS));
    expect(readdirSync(join(folder, 'shared'))).toEqual(['pins']);
    rmSync(join(folder, 'bivy.lock'));
    mkdirSync(join(folder, 'bivy.lock'));
    expect(() => writePins(folder, PINS)).toThrow();
    expect(readdirSync(folder).sort()).toEqual(['bivy.lock', 'shared']);
  });
});

describe('a build', () => {
  it('finds what its base is pinned to', () => {
    const wanted = { reference: 'debian:12', platform: 'linux/amd64', packages: ['tini', 'tini'] };
    expect(findPin(PINS, wanted)).toBe(PINS.bases[0]);
    expect(isPinned(PINS, wanted)).toBe(true);
    expect(findPin(PINS, { reference: 'python:3.13-slim', platform: 'linux/arm64', packages: [] })).toBe(
      PINS.bases[1],
    );
  });

  it.each([
    [{ platform: 'linux/s390x' }, 'it pins `debian:12` for `linux/amd64`'],
    [{ reference: 'debian:13' }, 'it pins `debian:12`, `python:3.13-slim`'],
    [{ packages: ['tini', 'libpq5'] }, '`libpq5` is asked for, and not pinned'],
    [{ packages: [] }, '`tini` is pinned, and no longer asked for'],
  ])('is refused what disagrees: %j', (change, cause) => {
    const wanted = { reference: 'debian:12', platform: 'linux/amd64', packages: ['tini'], ...change };
    const error = refusal(() => findPin(PINS, wanted));
    expect([error.code, error.causes]).toEqual(['PINS_DISAGREE', [cause]]);
    expect(error.hint).toContain('bivy pin --update');
    expect(isPinned(PINS, wanted)).toBe(false);
  });

  it('is refused where this bivy makes other bytes', () => {
    checkFormat(PINS, { compression: 'gzip', layout: 2, encoder: 2, estargz: 1 });
    checkFormat({ ...PINS, format: { ...PINS.format, estargz: 9 } }, { layout: 2, encoder: 2 });
    const error = refusal(() => checkFormat(PINS, { compression: 'gzip', layout: 3, encoder: 2 }));
    expect([error.code, error.causes]).toEqual([
      'PINS_DISAGREE',
      ['layout 2 is pinned, and this bivy has layout 3'],
    ]);
  });

  it('believes what is said of a layer only where it is pinned', () => {
    const layer = PINS.layers![0]!;
    expect(isPinnedLayer(PINS, layer)).toBe(true);
    expect(isPinnedLayer(PINS, { ...layer, key: digestOf('another') })).toBe(false);
    expect(isPinnedLayer({ ...PINS, layers: [] }, layer)).toBe(false);
    const error = refusal(() => isPinnedLayer(PINS, { ...layer, diffId: digestOf('x') as Digest, size: 11 }));
    expect(error.code).toBe('PINS_DISAGREE');
    expect(error.causes).toEqual([
      `its diffID is ${digestOf('x')}, and ${layer.diffId} is pinned`,
      'its size is 11, and 10 is pinned',
    ]);
  });
});

describe('what became of pins', () => {
  it('is nothing where nothing changed', () => {
    expect(isUnchanged(comparePins(PINS, PINS))).toBe(true);
  });

  it('names bases, packages, versions and layers', () => {
    const composition = digestOf('later');
    const packages = [
      deb('libc6', { version: '1.0-2' }),
      deb('libpq5'),
      deb('tini', { sha256: hex('rebuilt') }),
    ];
    const after: Pins = {
      format: { encoder: 3, estargz: 1 },
      bases: [debian({ composition, packages }), debian({ platform: 'linux/arm64' })],
      layers: [{ ...PINS.layers![0]!, digest: digestOf('other') }],
    };
    expect(comparePins(PINS, after)).toEqual({
      bases: [
        {
          reference: 'debian:12',
          platform: 'linux/amd64',
          what: 'changed',
          from: digestOf('composition'),
          to: composition,
          packages: [
            { name: 'libc6', from: '1.0-1', to: '1.0-2' },
            { name: 'libpq5', from: null, to: '1.0-1' },
            { name: 'tini', from: '0.19.0-1', to: '1.0-1' },
          ],
        },
        {
          reference: 'debian:12',
          platform: 'linux/arm64',
          what: 'added',
          from: null,
          to: digestOf('composition'),
          packages: [],
        },
        {
          reference: 'python:3.13-slim',
          platform: 'linux/arm64',
          what: 'removed',
          from: digestOf('manifest'),
          to: null,
          packages: [],
        },
      ],
      format: [
        { name: 'encoder', from: 2, to: 3 },
        { name: 'estargz', from: null, to: 1 },
        { name: 'layout', from: 2, to: null },
      ],
      layers: { added: 0, removed: 1, changed: 1 },
    });
    expect(comparePins(undefined, PINS)).toMatchObject({
      bases: [{ what: 'added' }, { what: 'added' }],
      format: [],
      layers: { added: 2 },
    });
  });
});
