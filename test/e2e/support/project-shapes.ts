// Projects of many shapes, as files: what poetry-core builds of each is held against what bivy installs of it.

export interface Shape {
  readonly name: string;
  /** By path; a value with a mode is executable. A path that ends in `/` is an empty directory. */
  readonly files: Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;
  /** Run `git init`, and `git add` these paths by force. */
  readonly tracked?: readonly string[];
  /** The oldest and newest poetry-core that read it the same way. */
  readonly since?: number;
  readonly until?: number;
}

const classic = (name: string, more = ''): string =>
  `[tool.poetry]\nname = "${name}"\nversion = "1.0"\ndescription = "d"\nauthors = ["A B <a@b.c>"]\n${more}`;
const standard = (more: string): string => `[project]\nname = "shape"\nversion = "1.0"\n${more}`;
const run = (text: string): { text: string; mode: number } => ({ text, mode: 0o755 });

export const SHAPES: readonly Shape[] = [
  {
    name: 'a package at the top, with data, executables, byte code and what is beside it',
    files: {
      'pyproject.toml': classic('shape', 'readme = "README.md"\n'),
      'README.md': '# Shape\n\nWords.\n',
      'shape/__init__.py': '',
      'shape/deep/er/mod.py': 'x = 1\n',
      'shape/data/a b.txt': 'data',
      'shape/data/ünï.txt': 'data',
      'shape/.hidden': 'h',
      'shape/tool.sh': run('#!/bin/sh\n'),
      'shape/__pycache__/x.cpython-311.pyc': 'no',
      'shape/old.pyc': 'no',
      'tests/test_shape.py': '',
    },
  },
  {
    name: 'a module at the top',
    files: { 'pyproject.toml': classic('my-Shape.x'), 'my_shape_x.py': 'x = 1\n' },
  },
  {
    name: 'a package in src',
    files: { 'pyproject.toml': classic('shape'), 'src/shape/__init__.py': '', 'src/shape/sub/mod.py': '' },
  },
  { name: 'a module in src', files: { 'pyproject.toml': classic('shape'), 'src/shape.py': 'x = 1\n' } },
  {
    name: 'packages from elsewhere, renamed, as globs, for sdists only',
    since: 109,
    files: {
      'pyproject.toml': classic(
        'shape',
        'packages = [{ include = "one", from = "lib" }, { include = "two", to = "ns" }, { include = "three/**/*.py" },' +
          ' { include = "four.py" }, { include = "five", format = "sdist" }, { include = "si[xy]/?.py" }]\n',
      ),
      'lib/one/__init__.py': '',
      'lib/one/data.txt': 'x',
      'two/__init__.py': '',
      'three/a/b.py': '',
      'three/a/b.txt': '',
      'three/c.py': '',
      'four.py': '',
      'five/__init__.py': '',
      'six/a.py': '',
      'six/bb.py': '',
      'siy/b.py': '',
    },
  },
  {
    name: 'packages as globs that find directories too',
    files: {
      'pyproject.toml': classic(
        'shape',
        'packages = [{ include = "one/*" }, { include = "two/*", format = "wheel" }]\n',
      ),
      'one/a.py': '',
      'one/sub/b.py': '',
      'one/sub/deep/c.txt': '',
      'two/a.py': '',
      'two/sub/b.py': '',
    },
  },
  {
    name: 'an excluded directory, and an include below it',
    files: {
      'pyproject.toml': classic(
        'shape',
        'exclude = ["shape/data", "more/x"]\n' +
          'include = [{ path = "shape/data/k*", format = "wheel" }, { path = "more", format = "wheel" }]\n',
      ),
      'shape/__init__.py': '',
      'shape/data/kept.txt': '',
      'shape/data/kind/of.txt': '',
      'shape/data/gone.txt': '',
      'more/x/gone.txt': '',
      'more/y/kept.txt': '',
    },
  },
  {
    name: 'includes by file, directory and glob, with and without a format',
    files: {
      'pyproject.toml': classic(
        'shape',
        'include = ["plain.txt", "more", "data/*.json", { path = "wheel.txt", format = "wheel" },' +
          ' { path = "both", format = ["sdist", "wheel"] }, { path = "sdist.txt", format = "sdist" }, "deep/**/*"]\n',
      ),
      'shape/__init__.py': '',
      'plain.txt': 'p',
      'more/x.txt': 'x',
      'data/a.json': '{}',
      'data/b.txt': '',
      'wheel.txt': 'w',
      'both/c.txt': 'c',
      'both/d/e.txt': 'e',
      'both/__pycache__/f.pyc': 'f',
      'sdist.txt': 's',
      'deep/one/two.txt': '2',
    },
  },
  {
    name: 'exclusions of files, directories and globs, and an include that wins',
    files: {
      'pyproject.toml': classic(
        'shape',
        'exclude = ["shape/tests", "shape/**/*.bak", "shape/secret.txt"]\n' +
          'include = [{ path = "shape/tests/kept.py", format = "wheel" }]\n',
      ),
      'shape/__init__.py': '',
      'shape/tests/__init__.py': '',
      'shape/tests/kept.py': '',
      'shape/a.bak': '',
      'shape/deep/b.bak': '',
      'shape/deep/c.txt': '',
      'shape/secret.txt': '',
    },
  },
  {
    name: 'files that Git ignores, tracks all the same, or is told to take',
    tracked: [
      'pyproject.toml',
      '.gitignore',
      'shape/__init__.py',
      'shape/tracked.log',
      'shape/generated/kept.txt',
    ],
    files: {
      'pyproject.toml': classic('shape', 'include = [{ path = "shape/wanted.log", format = "wheel" }]\n'),
      '.gitignore': '*.log\n!important.log\ngenerated/\n/shape/only-here.txt\n**/deep/**/x.txt\n',
      'shape/__init__.py': '',
      'shape/untracked.py': '',
      'shape/noise.log': '',
      'shape/important.log': '',
      'shape/wanted.log': '',
      'shape/tracked.log': '',
      'shape/generated/a.txt': '',
      'shape/generated/kept.txt': '',
      'shape/only-here.txt': '',
      'shape/sub/only-here.txt': '',
      'shape/deep/x.txt': '',
      'shape/deep/y/z/x.txt': '',
      'shape/sub/.gitignore': '*\n!.gitignore\n!keep.txt\n',
      'shape/sub/keep.txt': '',
      'shape/sub/drop.txt': '',
    },
  },
  {
    name: 'scripts: console, files, plugins',
    files: {
      'pyproject.toml': classic(
        'shape',
        '[tool.poetry.scripts]\nserve = "shape.cli:main"\n"other-one" = "shape.cli:App.run"\n' +
          'tool = { reference = "bin/tool.sh", type = "file" }\nhelper = { reference = "bin/helper.py", type = "file" }\n' +
          '[tool.poetry.plugins."shape.plugins"]\nb = "shape.b:B"\na = "shape.a"\n[tool.poetry.plugins.alpha]\nz = "shape"\n',
      ),
      'shape/__init__.py': '',
      'shape/cli.py': '',
      'bin/tool.sh': run('#!/bin/sh\necho hello\n'),
      'bin/helper.py': '#!python -E\nprint(1)\n',
    },
  },
  {
    name: 'licence files',
    files: {
      'pyproject.toml': classic('shape', 'license = "mit"\n'),
      'shape/__init__.py': '',
      LICENSE: 'l',
      'COPYING.txt': 'c',
      LICENCE: 'british',
      'AUTHORS.md': 'a',
      NOTICE: 'n',
      'LICENSES/MIT.txt': 'm',
      'LICENSES/deep/x.txt': 'm',
    },
  },
  {
    name: 'all metadata of the classic form',
    files: {
      'pyproject.toml': classic(
        'My.Shape',
        'maintainers = ["C D <c@d.e>"]\nlicense = "Apache-2.0"\nreadme = ["README.rst", "MORE.rst"]\n' +
          'homepage = "https://example.com/h"\nrepository = "https://example.com/r"\ndocumentation = "https://example.com/d"\n' +
          'keywords = ["one", "two"]\nclassifiers = ["Topic :: Software Development", "Environment :: Console"]\n' +
          '[tool.poetry.urls]\n"Bug Tracker" = "https://example.com/b"\nAlpha = "https://example.com/a"\n' +
          '[tool.poetry.dependencies]\npython = "^3.9"\nfastapi = "^0.95.1"\n"Flask-Login" = { version = ">=1.0,<2.0", optional = true }\n' +
          'requests = { version = "*", extras = ["socks", "security"] }\ncolorama = { version = "^0.4", markers = "sys_platform == \'win32\'" }\n' +
          'tomli = { version = "^2.0", python = "<3.11" }\npsycopg = { version = "3.1.8", optional = true }\nnumpy = "!=1.25.0"\n' +
          'redis = { version = "~4.5", optional = true, platform = "linux" }\n' +
          '[tool.poetry.extras]\npg = ["psycopg"]\nall = ["psycopg", "Flask-Login", "redis"]\n' +
          '[tool.poetry.group.dev.dependencies]\npytest = "*"\n',
      ),
      'README.rst': 'One\n',
      'MORE.rst': 'Two\n',
      'my_shape/__init__.py': '',
    },
  },
  {
    name: 'constraints on Python that are unions and single versions',
    files: {
      'pyproject.toml': classic('shape', '[tool.poetry.dependencies]\npython = ">=3.8,<3.9 || ^3.10"\n'),
      'shape/__init__.py': '',
    },
  },
  { name: 'no constraint on Python', files: { 'pyproject.toml': classic('shape'), 'shape/__init__.py': '' } },
  {
    name: 'an early release and a description with quotes',
    files: {
      'pyproject.toml': classic('shape')
        .replace('"1.0"', '"1.0.0-beta.2"')
        .replace('"d"', `'Says "hello", ünïcode'`),
      'shape/__init__.py': '',
    },
  },
  {
    name: 'the standard form, all of it',
    since: 200,
    files: {
      'pyproject.toml': standard(
        'description = "d"\nreadme = { file = "README.txt", content-type = "text/plain" }\nrequires-python = ">=3.9"\n' +
          'license = "mit OR apache-2.0"\nauthors = [{ name = "A", email = "a@b.c" }, { name = "B" }]\nmaintainers = [{ email = "m@n.o" }]\n' +
          'keywords = ["k"]\nclassifiers = ["Topic :: Software Development"]\ndynamic = ["classifiers"]\n' +
          'dependencies = ["fastapi>=0.95,<1.0", "tomli>=2; python_version < \'3.11\'", "requests[socks] (>=2)", "x @ https://example.com/x-1.0.zip"]\n' +
          '[project.optional-dependencies]\nPg_Sql = ["psycopg[binary]>=3; sys_platform != \'win32\'", "sqlalchemy"]\n' +
          '[project.urls]\nhomepage = "https://example.com/h"\nSource = "https://example.com/s"\n' +
          '[project.scripts]\nserve = "shape.cli:main"\n[project.gui-scripts]\nwindow = "shape.gui:main"\n' +
          '[project.entry-points."shape.plugins"]\na = "shape.a:A"\n',
      ).replace('dynamic = ["classifiers"]\n', ''),
      'README.txt': 'Read me\n',
      'shape/__init__.py': '',
      LICENSE: 'l',
    },
  },
  {
    name: 'the standard form with licence files and a licence that SPDX does not know',
    since: 202,
    files: {
      'pyproject.toml': standard(
        'license = "Proprietary"\nlicense-files = ["legal/*.txt"]\nrequires-python = ">=3.9"\n',
      ),
      'legal/a.txt': 'a',
      LICENSE: 'not this',
      'shape/__init__.py': '',
    },
  },
  {
    name: 'the standard form with a licence text of several lines',
    since: 200,
    files: {
      'pyproject.toml': standard('license = { file = "TERMS" }\n'),
      TERMS: 'Line one\n\nLine two\n',
      'shape/__init__.py': '',
    },
  },
  {
    name: 'the standard form with a README in place (earlier ones take it for a path)',
    since: 204,
    files: {
      'pyproject.toml': standard('readme = { text = "# T", content-type = "text/markdown" }\n'),
      'shape/__init__.py': '',
    },
  },
  {
    name: 'the standard form, enriched by the classic one',
    since: 201,
    files: {
      'pyproject.toml': standard(
        'dynamic = ["classifiers", "dependencies"]\nrequires-python = ">=3.10,<4"\ndependencies = []\n[tool.poetry]\n' +
          'classifiers = ["Topic :: Utilities"]\n[tool.poetry.dependencies]\npython = ">=3.11,<4"\n',
      ),
      'shape/__init__.py': '',
    },
  },
  {
    name: 'stubs alone',
    files: {
      'pyproject.toml': classic('shape-stubs', 'packages = [{ include = "shape-stubs" }]\n'),
      'shape-stubs/__init__.pyi': '',
      'shape-stubs/py.typed': '',
    },
  },
  {
    name: 'a namespace without __init__.py',
    files: {
      'pyproject.toml': classic('shape', 'packages = [{ include = "corp/shape" }]\n'),
      'corp/shape/mod.py': '',
      'corp/other/mod.py': '',
    },
  },
  { name: 'refused: no module', files: { 'pyproject.toml': classic('shape'), 'other/__init__.py': '' } },
  {
    name: 'refused: a module and a package',
    files: { 'pyproject.toml': classic('shape'), 'shape/__init__.py': '', 'shape.py': '' },
  },
  {
    name: 'refused: a package without modules',
    files: { 'pyproject.toml': classic('shape'), 'shape/data.txt': '' },
  },
  {
    name: 'refused: a package that is not there',
    files: {
      'pyproject.toml': classic('shape', 'packages = [{ include = "gone" }]\n'),
      'shape/__init__.py': '',
    },
  },
  {
    name: 'refused: a script that is not there',
    files: {
      'pyproject.toml': classic(
        'shape',
        '[tool.poetry.scripts]\nx = { reference = "bin/x", type = "file" }\n',
      ),
      'shape/__init__.py': '',
    },
  },
];
