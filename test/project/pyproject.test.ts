import { describe, expect, it } from 'vitest';
import { BivyError } from '../../src/kernel/errors.ts';
import type { Project } from '../../src/project/project.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';

function decode(text: string): Project {
  return decodePyproject(text, 'pyproject.toml');
}

function failure(text: string): BivyError {
  try {
    decode(text);
  } catch (error) {
    if (error instanceof BivyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const CLASSIC = `
[tool.poetry]
name = "Anna_Purna"
version = "1.0.0"
description = "A mountain"
authors = ["Mau <mau@example.com>"]
license = "MIT"
readme = ["README.md", "MORE.md"]
homepage = "https://example.com"
keywords = ["a", "b"]
packages = [{ include = "anna", from = "src" }, { include = "bin/*.py", format = "sdist" }]
include = ["data.json", { path = "more", format = ["sdist", "wheel"] }]
exclude = ["anna/secret.py"]
build = "build.py"

[tool.poetry.urls]
Changes = "https://example.com/changes"

[tool.poetry.scripts]
anna = "anna.main:run"
old = { callable = "anna.old:run" }
tool = { reference = "bin/tool.sh", type = "file" }

[tool.poetry.plugins."anna.plugins"]
one = "anna.one:One"

[tool.poetry.dependencies]
python = "^3.11"
fastapi = "^0.95.1"
Typing_Extensions = { version = "*", python = "<3.12", optional = true, extras = ["B", "a"] }

[tool.poetry.extras]
Typed = ["typing-extensions"]

[tool.poetry.dev-dependencies]
pytest = "^7"

[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
sphinx = [{ version = "^5", python = "<3.12" }, { version = "^6", python = ">=3.12" }]

[[tool.poetry.source]]
name = "mine"
url = "https://index.example.com/simple"
default = true

[tool.bivy]
layers = 12

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
`;

describe('decodePyproject, classic', () => {
  const project = decode(CLASSIC);

  it('reads what the project says of itself', () => {
    expect(project).toMatchObject({
      name: 'Anna_Purna',
      version: '1.0.0',
      packageMode: true,
      description: 'A mountain',
      authors: ['Mau <mau@example.com>'],
      license: { kind: 'text', text: 'MIT' },
      licenseFiles: null,
      readme: { kind: 'files', paths: ['README.md', 'MORE.md'] },
      homepage: 'https://example.com',
      repository: null,
      keywords: ['a', 'b'],
      dynamicClassifiers: true,
      requiresPython: '*',
      pythonVersions: '^3.11',
      buildScript: 'build.py',
      buildSystem: { requires: ['poetry-core'], backend: 'poetry.core.masonry.api' },
      settings: { layers: 12 },
      classic: null,
    });
    expect(project.urls).toEqual(new Map([['Changes', 'https://example.com/changes']]));
  });

  it('reads what a wheel is made of', () => {
    expect(project.packages).toEqual([
      { include: 'anna', from: 'src' },
      { include: 'bin/*.py', format: ['sdist'] },
    ]);
    expect(project.include).toEqual([{ path: 'data.json' }, { path: 'more', format: ['sdist', 'wheel'] }]);
    expect(project.exclude).toEqual(['anna/secret.py']);
    expect(project.scripts).toEqual(
      new Map([
        ['anna', 'anna.main:run'],
        ['old', 'anna.old:run'],
      ]),
    );
    expect(project.fileScripts).toEqual([{ name: 'tool', path: 'bin/tool.sh' }]);
    expect(project.entryPoints).toEqual(new Map([['anna.plugins', new Map([['one', 'anna.one:One']])]]));
  });

  it('reads groups, extras and sources', () => {
    expect(project.groups.map(({ name, optional }) => [name, optional])).toEqual([
      ['main', false],
      ['docs', true],
      ['dev', false],
    ]);
    expect(project.groups[0]!.dependencies).toEqual([
      {
        name: 'fastapi',
        spelling: 'fastapi',
        constraints: ['^0.95.1'],
        markers: [],
        extras: [],
        optional: false,
        inExtras: [],
      },
      {
        name: 'typing-extensions',
        spelling: 'Typing_Extensions',
        constraints: [],
        markers: ['python_version < "3.12"'],
        extras: ['a', 'b'],
        optional: true,
        inExtras: ['typed'],
      },
    ]);
    expect(project.groups[1]!.dependencies.map((dependency) => dependency.markers)).toEqual([
      ['python_version < "3.12"'],
      ['python_version >= "3.12"'],
    ]);
    expect([...project.extras].map(([extra, wanted]) => [extra, wanted.map((one) => one.name)])).toEqual([
      ['typed', ['typing-extensions']],
    ]);
    expect(project.sources).toEqual([
      { name: 'mine', url: 'https://index.example.com/simple', priority: 'default' },
    ]);
  });
});

const STANDARD = `
[project]
name = "everest"
version = "2.0"
description = "Higher"
requires-python = ">=3.11"
license = "MIT OR Apache-2.0"
license-files = ["LICENSE*"]
readme = { file = "README.rst", content-type = "text/x-rst" }
authors = [{ name = "Tenzing", email = "t@example.com" }, { email = "e@example.com" }]
classifiers = ["Topic :: Sports"]
dynamic = []
dependencies = ["numpy >=1.26 ; sys_platform != 'win32'", "httpx[http2]"]

[project.optional-dependencies]
Fast_Json = ["orjson>=3"]

[project.urls]
HomePage = "https://example.com"
Tracker = "https://example.com/bugs"

[project.scripts]
everest = "everest:main"
[project.gui-scripts]
everest-gui = "everest:gui"
[project.entry-points."x.y"]
b = "everest:b"

[dependency-groups]
lint = ["ruff"]
dev = ["pytest", { include-group = "lint" }]

[tool.poetry]
requires-poetry = ">=2.0"
[tool.poetry.dependencies]
python = ">=3.11,<3.14"
numpy = { version = "<3", source = "mine" }
ignored = "*"
orjson = { markers = "platform_machine == 'x86_64'", url = "https://example.com/orjson-3.whl" }
[tool.poetry.group.dev]
optional = true
`;

describe('decodePyproject, PEP 621 with [tool.poetry] beside it', () => {
  const project = decode(STANDARD);
  const main = project.groups[0]!.dependencies;

  it('prefers [project]', () => {
    expect(project).toMatchObject({
      name: 'everest',
      license: { kind: 'expression', text: 'MIT OR Apache-2.0' },
      licenseFiles: ['LICENSE*'],
      readme: { kind: 'files', paths: ['README.rst'], contentType: 'text/x-rst' },
      authors: ['Tenzing <t@example.com>', 'e@example.com'],
      dynamicClassifiers: false,
      requiresPython: '>=3.11',
      pythonVersions: '>=3.11,<3.14',
      homepage: 'https://example.com',
      requiresPoetry: '>=2.0',
    });
    expect(project.urls).toEqual(new Map([['Tracker', 'https://example.com/bugs']]));
    expect(project.scripts).toEqual(new Map([['everest', 'everest:main']]));
    expect(project.guiScripts).toEqual(new Map([['everest-gui', 'everest:gui']]));
    expect(project.entryPoints).toEqual(new Map([['x.y', new Map([['b', 'everest:b']])]]));
  });

  it('enriches its dependencies, and ignores those that it does not name', () => {
    expect(main.map((one) => one.name)).toEqual(['numpy', 'httpx', 'orjson']);
    expect(main[0]).toMatchObject({
      constraints: ['>=1.26', '<3'],
      markers: ["sys_platform != 'win32'"],
      source: 'mine',
    });
    expect(main[1]).toMatchObject({ extras: ['http2'], constraints: [] });
    expect(main[2]).toMatchObject({
      constraints: ['>=3'],
      optional: true,
      inExtras: ['fast-json'],
      markers: ['extra == "fast-json"', "platform_machine == 'x86_64'"],
      origin: { kind: 'url', url: 'https://example.com/orjson-3.whl' },
    });
    expect(project.requires.map((one) => one.constraints)).toEqual([['>=1.26'], [], ['>=3']]);
    expect([...project.extras.keys()]).toEqual(['fast-json']);
  });

  it('takes PEP 735 groups, with what they include, optional where [tool.poetry] says so', () => {
    const groups = project.groups.map(({ name, optional, dependencies }) => [
      name,
      optional,
      dependencies.map((one) => one.name),
    ]);
    expect(groups.slice(1)).toEqual([
      ['lint', false, ['ruff']],
      ['dev', true, ['pytest', 'ruff']],
    ]);
  });

  it('keeps what Poetry 1.x sees', () => {
    expect(project.classic?.groups.map(({ name, dependencies }) => [name, dependencies.length])).toEqual([
      ['main', 3],
      ['dev', 0],
    ]);
    expect(project.classic).toMatchObject({ name: null, pythonVersions: '>=3.11,<3.14' });
  });
});

describe('decodePyproject, mixtures', () => {
  it('takes [tool.poetry] dependencies where [project] has none', () => {
    const project = decode(`
[project]
name = "a"
version = "1"
dynamic = ["dependencies"]
[tool.poetry.dependencies]
b = { version = "1", optional = true }
[tool.poetry.extras]
x = ["b"]
`);
    expect(project.groups[0]!.dependencies).toMatchObject([{ name: 'b', optional: true, inExtras: ['x'] }]);
    expect([...project.extras.keys()]).toEqual(['x']);
  });

  it('mixes mandatory ones of the one with optional ones of the other where they are dynamic', () => {
    const project = decode(`
[project]
name = "a"
version = "1"
dynamic = ["dependencies"]
[project.optional-dependencies]
x = ["c"]
[tool.poetry.dependencies]
b = "1"
`);
    expect(project.requires.map((one) => one.name)).toEqual(['c', 'b']);
    expect(project.groups[0]!.dependencies.map((one) => one.name)).toEqual(['c', 'b']);
  });

  it('needs neither name nor version outside package mode', () => {
    const project = decode('[tool.poetry]\npackage-mode = false\n');
    expect(project).toMatchObject({ name: null, version: null, packageMode: false });
    expect(project.groups).toEqual([{ name: 'main', spelling: 'main', optional: false, dependencies: [] }]);
  });
});

describe('decodePyproject, faults', () => {
  it.each([
    ['[tool.black]\n', /has neither `\[project\]` nor `\[tool.poetry\]`/, undefined],
    ['\n[tool.poetry]\nname = "a"\n', /`tool.poetry.version` is missing, and a package needs it/, 2],
    ['[project]\nname = "a"\nversion = "one"\n', /`project.version` is no version: `one`/, 3],
    ['[tool.poetry]\nname = 1\n', /`tool.poetry.name` must be a string, not a number/, 2],
    [
      '[project]\nname = "a"\nversion = "1"\ndependencies = ["b ^1"]',
      /`project.dependencies\[0\]` is no PEP 508 requirement: `b \^1`/,
      4,
    ],
    [
      '[tool.poetry]\nname="a"\nversion="1"\n[tool.poetry.group.dev]\ninclude-groups = ["tset"]\n[tool.poetry.group.test.dependencies]\n',
      /includes the group `tset`, which is not defined/,
      5,
    ],
    [
      '[project]\nname="a"\nversion="1"\n[dependency-groups]\na = [{include-group="b"}]\nb = [{include-group="a"}]',
      /includes itself: a → b → a/,
      6,
    ],
    [
      '[project]\nname="a"\nversion="1"\n[dependency-groups]\na = [1]',
      /`dependency-groups.a\[0\]` must be a table, not a number/,
      5,
    ],
    [
      '[tool.poetry]\nname="a"\nversion="1"\npackages=[{from="src"}]',
      /`tool.poetry.packages\[0\].include` is missing; it must be a string/,
      4,
    ],
    [
      '[tool.poetry]\nname="a"\nversion="1"\n[tool.poetry.dependencies]\nb = { version = "1", python = "nonsense" }',
      /`tool.poetry.dependencies.b.python` cannot be read/,
      5,
    ],
    [
      '[tool.poetry]\nname="a"\nversion="1"\n[tool.poetry.dependencies]\nb = 1',
      /must be a version constraint, a table, or an array of those/,
      5,
    ],
    ['[tool]\nbivy = 3\n[project]\nname="a"\nversion="1"', /`tool.bivy` must be a table/, 2],
  ] as const)('%j', (text, message, line) => {
    const error = failure(text);
    expect(error.code).toBe('PROJECT_INVALID');
    expect(error.message).toMatch(message);
    expect(error.location).toEqual(
      line === undefined ? { file: 'pyproject.toml' } : { file: 'pyproject.toml', line },
    );
  });

  it('names the nearest group', () => {
    const error = failure(
      '[project]\nname="a"\nversion="1"\n[dependency-groups]\ntest=[]\ndev=[{include-group="tset"}]',
    );
    expect(error.hint).toBe('did you mean `test`?');
  });
});
