import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import { ask, type Question } from './small-project.ts';

// Small projects that real Poetrys were asked about: each row is what they answered (2.x unless it says otherwise).

const ROWS: readonly (readonly [string, Question, readonly string[]])[] = [
  [
    'takes the version whose condition holds',
    {
      main: 'foo = [{ version = "1.*", python = "<3.11" }, { version = "2.*", python = ">=3.11" }]',
      packages: { 'foo 1.5': 'bar = ">=1"', 'foo 2.1': '', 'bar 1.0': '' },
    },
    ['foo==2.1'],
  ],
  [
    'follows extras that lead to extras',
    {
      main: 'foo = { version = "*", extras = ["all"] }',
      packages: {
        'foo 1.0': `a = { version = "*", optional = true, markers = 'extra == "a"' }
b = { version = "*", optional = true, markers = 'extra == "b" or extra == "c"' }
c = { version = "*", optional = true, markers = 'extra == "d"' }
[package.extras]
all = ["foo[a,b]"]
a = ["a"]
b = ["b"]
d = ["c"]`,
        'a 1': '',
        'b 1': '',
        'c 1': '',
      },
    },
    ['a==1', 'b==1', 'foo==1.0'],
  ],
  [
    'did not follow them in 1.x',
    {
      poetry: '1.8.5',
      main: 'foo = { version = "*", extras = ["all"] }',
      packages: {
        'foo 1.0': `a = { version = "*", optional = true, markers = 'extra == "a"' }
[package.extras]
all = ["foo[a]"]
a = ["a"]`,
        'a 1': '',
      },
    },
    ['foo==1.0'],
  ],
  [
    'leaves out what only an extra wants that was not asked for',
    {
      main: 'foo = "*"\nbaz = { version = "*", optional = true }',
      extras: { x: ['baz'] },
      packages: { 'foo 1': '', 'baz 1': 'foo = "*"\nshared = "*"', 'shared 1': '' },
    },
    ['foo==1'],
  ],
  [
    'takes it, and what it needs here, where it was asked for',
    {
      main: 'foo = "*"\nbaz = { version = "*", optional = true }',
      extras: { x: ['baz'] },
      ask: { extras: ['x'] },
      packages: {
        'foo 1': '',
        'baz 1': `shared = "*"
win = { version = "*", markers = "sys_platform == 'win32'" }`,
        'shared 1': '',
        'win 1': '',
      },
    },
    ['baz==1', 'foo==1', 'shared==1'],
  ],
  [
    'does not make hard what an optional root asks of a hard package',
    {
      main: 'a = { version = "*", optional = true }\nb = "*"',
      extras: { x: ['a'] },
      packages: {
        'a 1': 'b = { version = "*", extras = ["e"] }',
        'b 1': 'e = { version = "*", optional = true }\n[package.extras]\ne = ["e"]',
        'e 1': '',
      },
    },
    ['b==1'],
  ],
  [
    'goes back to a lower version where the highest leads nowhere',
    {
      main: 'a = "*"\nb = "*"',
      packages: { 'a 2': 'c = ">=2"', 'a 1': 'c = "*"', 'b 1': 'c = "<2"', 'c 2': '', 'c 1': '' },
    },
    ['a==1', 'b==1', 'c==1'],
  ],
  [
    'passes over versions that are not for this Python',
    { main: 'a = "*"', packages: { 'a 2 >=3.12': '', 'a 1 >=3.7': '' } },
    ['a==1'],
  ],
  [
    'asks the constraint that a marker makes beside the marker',
    {
      main: 'a = "*"',
      packages: {
        'a 1': `b = { version = "*", markers = 'python_version <= "3.11.2"' }
c = { version = "*", markers = 'python_version in "3.10,3.11"' }`,
        'b 1': '',
        'c 1': '',
      },
    },
    ['a==1', 'c==1'],
  ],
  [
    'takes a dependency with any word on extras for optional',
    {
      main: 'a = { version = "*", extras = ["q"] }',
      packages: {
        'a 1': `b = { version = "*", markers = 'extra != "q"' }
c = { version = "*", optional = true, markers = 'python_version >= "3.8" and extra == "q"' }
[package.extras]
q = ["c"]`,
        'b 1': '',
        'c 1': '',
      },
    },
    ['a==1', 'c==1'],
  ],
  [
    'lets a local version satisfy the public one',
    {
      main: 'torch = "2.0.0"',
      packages: {
        'torch 2.0.0+cpu': `triton = { version = "*", markers = "platform_machine == 'x86_64'" }`,
        'triton 1.0': '',
      },
    },
    ['torch==2.0.0+cpu', 'triton==1.0'],
  ],
  [
    'walks in circles once',
    {
      main: 'a = "*"',
      packages: {
        'a 1': 'b = "*"',
        'b 1': 'a = "*"\nc = { version = "*", extras = ["k"] }',
        'c 1': 'b = "*"\nk = { version = "*", optional = true }\n[package.extras]\nk = ["k"]',
        'k 1': 'c = { version = "*", extras = ["k"] }',
      },
    },
    ['a==1', 'b==1', 'c==1', 'k==1'],
  ],
  [
    'never looked at setuptools in 1.1',
    { poetry: '1.1.15', main: 'a = "*"', packages: { 'a 1': 'setuptools = ">=3"\nwheel = "*"' } },
    ['a==1'],
  ],
  [
    'compares names and extras in normal form',
    {
      main: 'Foo_Bar = { version = "*", extras = ["My_Extra"] }',
      packages: {
        'Foo.Bar 1': 'Dep_A = { version = "*", optional = true }\n[package.extras]\nMy-Extra = ["dep-a"]',
        'dep-A 1': '',
      },
    },
    ['dep-a==1', 'foo-bar==1'],
  ],
  [
    'knows git sources by address and reference',
    {
      main: 'foo = { git = "git@host.example:a/foo.git", rev = "aaaa" }',
      packages: {
        'foo 1': `[package.source]\ntype = "git"\nurl = "git@host.example:a/foo.git"\nreference = "${'a'.repeat(40)}"`,
      },
    },
    ['foo==1'],
  ],
  [
    'knows paths from where they are written',
    {
      main: 'foo = { path = "../../libs/foo" }',
      packages: {
        'foo 1': 'bar = { path = "../bar" }\n[package.source]\ntype = "directory"\nurl = "../foo"',
        'bar 1': '[package.source]\ntype = "directory"\nurl = "../bar"',
      },
    },
    ['bar==1', 'foo==1'],
  ],
  [
    'took a constraint that it could not read for any in 1.1',
    { poetry: '1.1.15', main: 'a = "(>=2,<3 || >4)"', packages: { 'a 1': '' } },
    ['a==1'],
  ],
  [
    'is satisfied by the project itself where a package depends on that',
    { main: 'plugin = "*"', packages: { 'plugin 1': 'App = ">=1"' } },
    ['plugin==1'],
  ],
  [
    'took dependencies of one name and constraint for the first of them in 1.1',
    {
      poetry: '1.1.15',
      main: 'a = "*"',
      packages: {
        'a 1': 'b = [{ version = ">=1" }, { version = ">=1", extras = ["x"] }]',
        'b 1': 'c = { version = "*", optional = true }\n[package.extras]\nx = ["c"]',
        'c 1': '',
      },
    },
    ['a==1', 'b==1'],
  ],
  [
    'takes what is there for an extra where a dependency that does not apply wants it firmly',
    {
      main: 'a = [{ version = "*", optional = true }, { version = "*", python = "<3.11" }]',
      extras: { x: ['a'] },
      packages: { 'a 1': '' },
    },
    ['a==1'],
  ],
  [
    'decides in the order of Poetry where several answers exist',
    {
      main: 'h = "*"\na = "*"',
      packages: { 'a 2': '', 'a 1': '', 'h 1': 'f = "*"', 'f 2': 'a = "<2"', 'f 1': '' },
    },
    ['a==1', 'f==2', 'h==1'],
  ],
  [
    'decided otherwise in 1.x',
    {
      poetry: '1.8.5',
      main: 'h = "*"\na = "*"',
      packages: { 'a 2': '', 'a 1': '', 'h 1': 'f = "*"', 'f 2': 'a = "<2"', 'f 1': '' },
    },
    ['a==2', 'f==1', 'h==1'],
  ],
  [
    'asks the marker of a package up to 1.8',
    {
      poetry: '1.8.5',
      main: 'a = "*"',
      packages: { 'a 1': 'b = "*"', 'b 1': '', 'b#': "sys_platform == 'win32'" },
    },
    ['a==1'],
  ],
];

describe('the walk', () => {
  it.each(ROWS)('%s', (_, question, expected) => {
    expect(ask(question).packages.map((one) => `${one.name}==${one.version}`)).toEqual(expected);
  });
});

describe('what cannot be satisfied', () => {
  it.each([
    [
      { main: 'a = ">=2"', packages: { 'a 1': '' } },
      '`poetry.lock` holds `1` of `a`, which does not satisfy what is asked for',
      ['the project asks for `a (>=2)`'],
    ],
    [
      { main: 'a = "*"', packages: { 'a 1': 'gone = "^2"' } },
      '`poetry.lock` holds none of `gone`, which does not satisfy what is asked for',
      ['`a` asks for `gone (^2)`'],
    ],
    [
      { main: 'plugin = "*"', packages: { 'plugin 1': 'app = ">=2"' } },
      '`poetry.lock` holds none of `app`, which does not satisfy what is asked for',
      ['`plugin` asks for `app (>=2)`'],
    ],
    [
      { main: 'a = "*"', packages: { 'a 1 <3.8': '' } },
      '`poetry.lock` holds `1` of `a`, which does not satisfy what is asked for',
      ['the project asks for `a`', '`a` 1 is for Python `<3.8`, the target has 3.11.11'],
    ],
    [
      {
        main: 'a = { git = "https://user:secret@host.example/a.git", tag = "v2" }',
        packages: {
          'a 1': '[package.source]\ntype = "git"\nurl = "https://host.example/a.git"\nreference = "v1"',
        },
      },
      '`poetry.lock` holds `1` of `a`, which does not satisfy what is asked for',
      ['the project asks for `a from git https://host.example/a.git`'],
    ],
    [
      { main: 'a = { version = "*", source = "other" }', packages: { 'a 1': '' } },
      '`poetry.lock` holds `1` of `a`, which does not satisfy what is asked for',
      ['the project asks for `a from the source other`'],
    ],
  ] as const)('%j', (question, message, causes) => {
    try {
      ask(question);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(BivyError);
      expect((error as BivyError).code).toBe('LOCK_UNSOLVABLE');
      expect((error as BivyError).message).toBe(message);
      expect((error as BivyError).causes).toEqual(causes);
    }
  });
});
