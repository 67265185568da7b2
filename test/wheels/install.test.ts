import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Part } from '../../src/layers/entry.ts';
import { openWheel } from '../../src/wheels/archive.ts';
import { type InstallOptions, installWheel } from '../../src/wheels/install.ts';
import { AWKWARD_WHEEL } from '../support/awkward-wheel.ts';
import { writtenFiles } from '../support/part.ts';
import { type WheelSpec, writeWheel } from '../support/wheel.ts';

const folder = mkdtempSync(join(tmpdir(), 'bivy-install-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

const OPTIONS: InstallOptions = { python: '3.11', prefix: '/app/.venv' };
const SITE = 'app/.venv/lib/python3.11/site-packages';

function install(spec: WheelSpec, options: Partial<InstallOptions> = {}): Part {
  count += 1;
  const { path, fileName } = writeWheel(join(folder, String(count)), spec);
  return installWheel(openWheel(path, fileName), { ...OPTIONS, ...options });
}

function textOf(part: Part, path: string): string | undefined {
  const file = writtenFiles(part).find((written) => written.path === path);
  return file && Buffer.from(file.bytes).toString();
}

function refusal(spec: WheelSpec): string {
  try {
    install(spec);
  } catch (error) {
    if (error instanceof BivyError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'installed';
}

describe('the awkward wheel, against a real run of pypa/installer', () => {
  const golden = JSON.parse(readFileSync(new URL('fixtures/awkward.json', import.meta.url), 'utf8'));
  const part = install(AWKWARD_WHEEL);
  const record = `${SITE}/My_Pkg.X-1.0+loc.1.dist-info/RECORD`;

  test('RECORD is the same, byte for byte', () => {
    expect(textOf(part, record)?.split('\n').slice(0, -1)).toEqual(golden.record);
  });

  test('the files are the same, and as executable', () => {
    const files = writtenFiles(part).map(({ path, mode, sha256 }) => ({
      path,
      executable: mode === 0o755,
      sha256,
    }));
    expect(files.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
      golden.files.sort((a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)),
    );
  });

  test('it is called by its normal name and version', () => {
    expect(part.name).toBe('my-pkg-x==1.0+loc.1');
  });

  test('every parent has its directory, from the environment downward', () => {
    const directories = part.entries.filter((entry) => entry.kind === 'directory').map((entry) => entry.path);
    const parents = new Set<string>();
    for (const { path } of writtenFiles(part)) {
      const parts = path.split('/');
      for (let end = 2; end < parts.length; end += 1) parents.add(parts.slice(0, end).join('/'));
    }
    expect(directories).toEqual([...parents].sort());
  });
});

describe('where things go', () => {
  const files = [{ name: 'demo/__init__.py', content: '' }];

  test('another Python, another prefix, and a prefix that lies elsewhere in the image', () => {
    const entryPoints = '[console_scripts]\nrun = demo:main\n';
    const part = install(
      { files, entryPoints },
      { python: '3.13', prefix: '/opt/env', location: '/usr/opt/env/' },
    );
    expect(part.entries.filter((entry) => entry.kind === 'directory').map((entry) => entry.path)).toEqual([
      'usr/opt/env',
      'usr/opt/env/bin',
      'usr/opt/env/lib',
      'usr/opt/env/lib/python3.13',
      'usr/opt/env/lib/python3.13/site-packages',
      'usr/opt/env/lib/python3.13/site-packages/demo',
      'usr/opt/env/lib/python3.13/site-packages/demo-1.0.dist-info',
    ]);
    expect(textOf(part, 'usr/opt/env/bin/run')).toMatch(/^#!\/opt\/env\/bin\/python\n/);
    const record = textOf(part, 'usr/opt/env/lib/python3.13/site-packages/demo-1.0.dist-info/RECORD');
    expect(record).toContain('\n../../../bin/run,sha256=');
  });

  test.each([
    ['purelib', true, './pl.py', 'pp.py'],
    ['platlib', false, './pp.py', 'pl.py'],
  ])('the root is %s', (_, purelib, ...rows) => {
    const data = [
      { name: 'demo-1.0.data/purelib/pp.py', content: '' },
      { name: 'demo-1.0.data/platlib/pl.py', content: '' },
    ];
    const record = textOf(install({ files: data, purelib }), `${SITE}/demo-1.0.dist-info/RECORD`);
    const paths = record?.split('\n').map((row) => row.split(',')[0]!) ?? [];
    expect(paths.filter((path) => path.endsWith('.py')).sort()).toEqual(rows);
  });

  test('contents point into the wheel, except for what is made anew', () => {
    const wheel = { files: [...files, { name: 'demo/s.txt', content: 's', method: 0 }] };
    const kinds = install(wheel).entries.flatMap((entry) =>
      entry.kind === 'file' ? [entry.content.kind] : [],
    );
    expect(kinds).toEqual(['deflate', 'slice', 'deflate', 'deflate', 'bytes', 'computed']);
  });

  test('nothing but 0644 and 0755, owned by root', () => {
    const modes = [0o100777, 0o100600, 0o104711, 0o102755, 0o040755, 0o020644, 0, 0o644];
    const part = install({ files: modes.map((mode, index) => ({ name: `demo/${index}`, mode })) });
    expect(part.entries.every((entry) => entry.uid === undefined && entry.gid === undefined)).toBe(true);
    const executable = writtenFiles(part).filter((file) => file.mode === 0o755);
    expect(executable.map((file) => file.path.slice(-1))).toEqual(['0', '2', '3']);
    expect(new Set(part.entries.map((entry) => entry.mode))).toEqual(new Set([0o644, 0o755]));
  });

  test('a prefix that a kernel would not read', () => {
    const prefix = `/${'long/'.repeat(30)}it's`;
    const entryPoints = '[console_scripts]\nrun = demo.cli:app.main\n';
    const part = install({ files, entryPoints }, { prefix });
    expect(textOf(part, `${prefix.slice(1)}/bin/run`)).toBe(
      [
        '#!/bin/sh',
        `'''exec' '/${'long/'.repeat(30)}it'"'"'s/bin/python' "$0" "$@"`,
        `' '''`,
        '# -*- coding: utf-8 -*-',
        'import re',
        'import sys',
        'from demo.cli import app',
        'if __name__ == "__main__":',
        '    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])',
        '    sys.exit(app.main())',
        '',
      ].join('\n'),
    );
  });
});

describe('what is refused', () => {
  const data = 'demo-1.0.data';
  test.each<[string, WheelSpec, RegExp]>([
    [
      'metadata of another package',
      { distInfo: 'other-1.0.dist-info' },
      /INVALID.*another package, `other-1.0/,
    ],
    ['no metadata', { distInfo: 'demo-1.0' }, /INVALID.*no `.dist-info`/],
    ['two metadata directories', { files: [{ name: 'x.dist-info/a' }] }, /INVALID.*two metadata directories/],
    ['no WHEEL', { wheel: null }, /INVALID.*it has no `demo-1.0.dist-info\/WHEEL`/],
    ['a later wheel version', { wheel: 'Wheel-Version: 2.0\n' }, /INVALID.*version `2.0`/],
    ['a WHEEL that says no version', { wheel: '\nWheel-Version: 1.0\n' }, /INVALID.*version ``/],
    ['no RECORD', { record: null }, /INVALID.*it has no `demo-1.0.dist-info\/RECORD`/],
    ['a RECORD row of two fields', { record: 'demo,sha256=x\n' }, /INVALID.*row 1 has 2 fields/],
    ['an unquoted comma', { record: 'a,b.py,sha256=x,1\n' }, /INVALID.*row 1 has 4 fields/],
    ['an empty row', { record: 'a,,\n\nb,,\n' }, /INVALID.*row 2 has 0 fields/],
    ['a hash of no form', { record: 'demo-1.0.dist-info/WHEEL,abc,1\n' }, /INVALID.*not `algorithm=value`/],
    ['an unknown hash', { record: 'demo-1.0.dist-info/WHEEL,crc=abc,1\n' }, /INVALID.*is unknown/],
    ['a size that is none', { record: 'demo-1.0.dist-info/WHEEL,,x\n' }, /INVALID.*is no number/],
    ['an entry point of no object', { entryPoints: '[console_scripts]\na = b\n' }, /INVALID.*`a = b` is not/],
    ['an entry point twice', { entryPoints: '[gui_scripts]\na = b:c\na = d:e\n' }, /INVALID.*sets `a` again/],
    [
      'an entry point that leaves',
      { entryPoints: '[console_scripts]\n../x = a:b\n' },
      /UNSAFE.*script `..\/x`/,
    ],
    ['an absolute entry point', { entryPoints: '[console_scripts]\n/bin/x = a:b\n' }, /UNSAFE.*`\/bin\/x`/],
    [
      'an entry point for the interpreter',
      { entryPoints: '[gui_scripts]\npython3 = a:b\n' },
      /UNSAFE.*bin\/python3/,
    ],
    [
      'a script for the interpreter',
      { files: [{ name: `${data}/scripts/python` }] },
      /UNSAFE.*belongs to the env/,
    ],
    ['a file below it', { files: [{ name: `${data}/data/bin/python3.11/x` }] }, /UNSAFE.*belongs to the env/],
    [
      'the settings of the environment',
      { files: [{ name: `${data}/data/pyvenv.cfg` }] },
      /UNSAFE.*belongs to/,
    ],
    ['a file for a directory of it', { files: [{ name: `${data}/data/lib` }] }, /UNSAFE.*belongs to the env/],
    ['an unknown scheme', { files: [{ name: `${data}/secrets/a` }] }, /INVALID.*no known part/],
    ['a file for a scheme', { files: [{ name: `${data}/scripts` }] }, /INVALID.*no known part/],
    ['a file in no scheme', { files: [{ name: `${data}base/x` }] }, /INVALID.*no known part/],
    [
      'a file that is a directory',
      { files: [{ name: 'a' }, { name: 'a/b' }] },
      /INVALID.*both a file and a dir/,
    ],
    [
      'a file that is a directory by way of a scheme',
      { files: [{ name: 'a/b' }, { name: `${data}/platlib/a` }] },
      /INVALID.*both a file and a directory/,
    ],
    ['a distribution that climbs', { name: '..' }, /INVALID.*no directory may be called/],
    ['a name without tags', { tag: 'py3' }, /INVALID.*its name is not/],
  ])('%s', (_, spec, expected) => {
    expect(refusal(spec)).toMatch(expected);
  });

  test('names that ask for more directories than any wheel has', () => {
    const files = Array.from({ length: 140 }, (_, index) => ({
      name: `${index}/${'d/'.repeat(1890)}x`,
      method: 0,
    }));
    expect(refusal({ files })).toMatch(/UNSAFE.*more than 250000 directories/);
  });

  test('scripts that would have to be held, all of them', () => {
    const content = Buffer.alloc(40 << 20, '#!python\n');
    const files = ['a', 'b'].map((name) => ({ name: `${data}/scripts/${name}`, method: 0, content }));
    expect(refusal({ files })).toMatch(/INVALID.*scripts\/b` is 41943040 bytes, more than the 25165824/);
  });

  test('every refusal names the wheel and says what to do', () => {
    expect(refusal({ wheel: null })).toContain('`demo-1.0-py3-none-any.whl`');
    expect(() => install({ wheel: null })).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/another release/) }),
    );
  });
});

describe('what is only worth a warning', () => {
  function warnings(spec: WheelSpec): readonly string[] {
    const told: string[] = [];
    writtenFiles(install(spec, { warn: (message) => told.push(message) }));
    return told.map((message) => message.replace(/^wheel `[^`]*`: /, ''));
  }
  const a = { name: 'a.py', content: 'a' };
  const own = 'demo-1.0.dist-info';
  const metadata = `${own}/METADATA,sha256=a,1\n${own}/WHEEL,sha256=a,1\n${own}/RECORD,,\n`;

  test.each<[string, WheelSpec, readonly string[]]>([
    ['nothing', { files: [a] }, []],
    [
      'byte code',
      { files: [{ name: '__pycache__/x.pyc' }, { name: 'p/__pycache__/y/z' }, { name: 'p/__pycache__.py' }] },
      ['left out 2 of its files, which are byte code in `__pycache__`'],
    ],
    [
      'a RECORD without most of the files',
      { files: [a], record: `${own}/RECORD,,\n` },
      ['RECORD does not mention: `a.py` and 2 more'],
    ],
    [
      'a RECORD with more files than there are',
      { files: [a], record: `a.py,,\nb.py,,\nc.py,,\n${own}/RECORD,sha256=a,1\n` },
      [
        `RECORD does not mention: \`${own}/METADATA\` and 1 more`,
        'RECORD has no hash or size of: `a.py`',
        `RECORD has a hash or size of itself: \`${own}/RECORD\``,
        'RECORD mentions files that are not there: `b.py` and 1 more',
      ],
    ],
    [
      'signatures in RECORD, and wrong hashes',
      { files: [{ name: `${own}/RECORD.jws` }], record: `${own}/RECORD.jws,,\n${metadata}` },
      [
        `RECORD mentions signatures: \`${own}/RECORD.jws\``,
        `RECORD has other hashes or sizes than those of: \`${own}/METADATA\` and 1 more`,
      ],
    ],
  ])('%s', (_, spec, expected) => {
    expect(warnings(spec)).toEqual(expected);
  });
});
