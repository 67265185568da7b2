// A wheel that does everything a wheel may do and few expect: modes, links, data directories, entry points, doubles.
// What pypa/installer makes of it stands in test/wheels/fixtures/awkward.json, taken from a real run.

import type { WheelSpec } from './wheel.ts';
import type { ZipMemberSpec } from './zip.ts';

const NAME = 'My_Pkg.X-1.0+loc.1';
const DATA = `${NAME}.data`;
const DOUBLE: ZipMemberSpec = { name: 'mypkg/double.py', content: 'd = 2\n' };
const LONG = 'x = 1\n'.repeat(10_000);

export const AWKWARD_WHEEL: WheelSpec = {
  name: 'My_Pkg.X',
  version: '1.0+loc.1',
  entryPoints:
    '[console_scripts]\nFoo.Bar = mypkg.cli:app.main [ex1,ex2]\nz = mypkg:f\ns_both = mypkg:both\n\n' +
    '[gui_scripts]\ngg= mypkg:g\n[other]\nq=mypkg\n',
  files: [
    { name: 'mypkg/', mode: 0o40755 },
    { name: 'mypkg/__init__.py', content: 'x=1\n' },
    { name: 'mypkg/empty.py', content: '' },
    { name: 'mypkg/stored.txt', content: 'stored\n', method: 0 },
    { name: 'mypkg/long.py', content: LONG, descriptor: true },
    { name: 'mypkg/exec_reg.sh', content: '#!/bin/sh\n', mode: 0o100755 },
    { name: 'mypkg/exec_noreg.sh', content: '#!/bin/sh\n', mode: 0o755 },
    { name: 'mypkg/groupexec.sh', content: '#!/bin/sh\n', mode: 0o100654 },
    { name: 'mypkg/setuid.sh', content: '#!/bin/sh\n', mode: 0o104755 },
    { name: 'mypkg/link', content: 'target', mode: 0o120777 },
    { name: 'mypkg/__pycache__/a.cpython-311.pyc', content: 'junk' },
    { name: 'mypkg/zero.txt', content: 'zz', mode: 0 },
    { name: 'mypkg/grüße.txt', content: 'ü' },
    { name: 'mypkg/𝒳.txt', content: 'beyond the first plane' },
    { name: 'mypkg/\uff5e.txt', content: 'before it, by code point' },
    { name: Buffer.from('mypkg/caf\x82.txt', 'latin1'), content: 'code page 437' },
    { name: 'mypkg/A.py', content: 'upper' },
    { name: 'mypkg/a.py', content: 'lower' },
    { name: 'mypkg/quo"te.txt', content: 'quoted' },
    DOUBLE,
    DOUBLE,
    { name: `${DATA}/scripts/s_py`, content: '#!python\nprint(1)\n', mode: 0o100755 },
    { name: `${DATA}/scripts/s_pyw`, content: '#!pythonw -E\r\nprint(1)\n' },
    { name: `${DATA}/scripts/s_env`, content: '#!/usr/bin/env python\nprint(1)\n', mode: 0o100755 },
    { name: `${DATA}/scripts/s_noexec`, content: '#!python3.9\nprint(2)\n' },
    { name: `${DATA}/scripts/s_long`, content: `#!python\n${LONG}`, mode: 0o100755 },
    { name: `${DATA}/scripts/s_binary`, content: Buffer.alloc(5000, 0x7f), mode: 0o100755 },
    { name: `${DATA}/scripts/s_both`, content: 'written over the entry point, and stays executable' },
    { name: `${DATA}/scripts/sub/deep`, content: '#!python', mode: 0o100755 },
    { name: `${DATA}/data/share/foo/a.txt`, content: 'a' },
    { name: `${DATA}/data/etc/demo.conf`, content: 'b' },
    { name: `${DATA}/headers/h.h`, content: 'h' },
    { name: `${DATA}/purelib/pp.py`, content: 'p' },
    { name: `${DATA}/purelib/mypkg/__init__.py`, content: 'x=2 # takes the place of the other\n' },
    { name: `${DATA}/platlib/pl.py`, content: 'p' },
    { name: `${DATA}/platlib/comma,name.py`, content: 'p' },
    {
      name: 'my_pkg.x-1.0+loc.1.data/scripts/ordinary',
      content: 'a data directory spelled otherwise is none',
    },
    { name: `${NAME}.dist-info/RECORD.jws`, content: '{}' },
    { name: `${NAME}.dist-info/INSTALLER`, content: 'pip\n' },
    { name: `${NAME}.dist-info/REQUESTED`, content: '' },
  ],
};
