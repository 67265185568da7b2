import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildEra } from '../../src/project/build-era.ts';
import type { ProjectFiles } from '../../src/project/files.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';
import type { Placed } from '../../src/project/read-files.ts';
import { type KeyedPart, rootParts } from '../../src/wheels/root.ts';

const HEAD = '[tool.poetry]\nname = "My.App"\nversion = "1.0"\n';
const SITE = 'app/.venv/lib/python3.11/site-packages';
const OPTIONS = { python: '3.11', prefix: '/app/.venv', workdir: '/app' };

function file(target: string, text = '', executable = false): Placed {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    kind: 'file',
    source: target,
    target,
    executable,
    size: bytes.length,
    sha256,
    content: { kind: 'bytes', bytes },
  };
}

const link = (target: string, to: string): Placed => ({ kind: 'link', source: target, target, to });

function files(given: Partial<ProjectFiles>): ProjectFiles {
  const empty = {
    wheel: [],
    legal: [],
    scripts: [],
    work: [],
    readme: null,
    licenseText: null,
    warnings: [],
  };
  return { ...empty, installed: true, era: buildEra('2.5.1'), ...given };
}

const parts = (
  given: Partial<ProjectFiles>,
  toml = HEAD,
  options: Partial<typeof OPTIONS> & { location?: string } = {},
): readonly KeyedPart[] =>
  rootParts(decodePyproject(toml, 'pyproject.toml'), files(given), { ...OPTIONS, ...options });

function textAt(part: KeyedPart | undefined, path: string): string {
  const entry = part?.entries.find((each) => each.path === path);
  if (entry?.kind !== 'file' || entry.content.kind !== 'bytes') throw new Error(`no ${path}`);
  return Buffer.from(entry.content.bytes).toString();
}

describe('the installed project', () => {
  it('is laid out as a wheel', () => {
    const toml = `${HEAD}[tool.poetry.scripts]\nserve = "my_app.cli:App.run"\n`;
    const [part, ...rest] = parts(
      {
        wheel: [
          file('my_app/__init__.py'),
          file('my_app/run.sh', '#!/bin/sh\n', true),
          link('my_app/link.sh', 'run.sh'),
          link('my_app/dir', '.'),
        ],
        legal: [file('licenses/LICENSE', 'l')],
        scripts: [file('tool', '#!python3 -E\nprint(1)\n', true), file('plain', 'x')],
        readme: '# Read',
      },
      toml,
    );
    expect(rest).toEqual([]);
    expect(part?.name).toBe('my-app==1.0');
    const lines = part?.entries.map(({ kind, mode, path }) => `${kind} ${mode.toString(8)} ${path}`);
    expect(lines).toEqual([
      'directory 755 app/.venv',
      'directory 755 app/.venv/bin',
      'file 644 app/.venv/bin/plain',
      'file 755 app/.venv/bin/serve',
      'file 755 app/.venv/bin/tool',
      'directory 755 app/.venv/lib',
      'directory 755 app/.venv/lib/python3.11',
      `directory 755 ${SITE}`,
      `directory 755 ${SITE}/my_app`,
      `directory 755 ${SITE}/my_app-1.0.dist-info`,
      `file 644 ${SITE}/my_app-1.0.dist-info/INSTALLER`,
      `file 644 ${SITE}/my_app-1.0.dist-info/METADATA`,
      `file 644 ${SITE}/my_app-1.0.dist-info/RECORD`,
      `file 644 ${SITE}/my_app-1.0.dist-info/WHEEL`,
      `file 644 ${SITE}/my_app-1.0.dist-info/entry_points.txt`,
      `directory 755 ${SITE}/my_app-1.0.dist-info/licenses`,
      `file 644 ${SITE}/my_app-1.0.dist-info/licenses/LICENSE`,
      `file 644 ${SITE}/my_app/__init__.py`,
      `symlink 777 ${SITE}/my_app/dir`,
      `symlink 777 ${SITE}/my_app/link.sh`,
      `file 755 ${SITE}/my_app/run.sh`,
    ]);
    expect(textAt(part, 'app/.venv/bin/tool')).toBe('#!/app/.venv/bin/python\nprint(1)\n');
    expect(textAt(part, 'app/.venv/bin/serve')).toContain('sys.exit(App.run())');
    expect(textAt(part, `${SITE}/my_app-1.0.dist-info/entry_points.txt`)).toBe(
      '[console_scripts]\nserve=my_app.cli:App.run\n\n',
    );
    expect(textAt(part, `${SITE}/my_app-1.0.dist-info/METADATA`)).toMatch(
      /^Metadata-Version: 2.4\nName: My.App\nVersion: 1.0\n[\s\S]*\n\n# Read\n$/,
    );
    const rows = textAt(part, `${SITE}/my_app-1.0.dist-info/RECORD`).split('\n');
    expect(rows.map((row) => row.split(',')[0])).toEqual([
      'my_app-1.0.dist-info/INSTALLER',
      'my_app-1.0.dist-info/METADATA',
      'my_app-1.0.dist-info/RECORD',
      'my_app-1.0.dist-info/WHEEL',
      'my_app-1.0.dist-info/entry_points.txt',
      'my_app-1.0.dist-info/licenses/LICENSE',
      'my_app/__init__.py',
      'my_app/link.sh',
      'my_app/run.sh',
      '../../../bin/plain',
      '../../../bin/serve',
      '../../../bin/tool',
      '',
    ]);
    const hash = createHash('sha256').update('#!/bin/sh\n').digest('base64url');
    expect(rows).toContain(`my_app/run.sh,sha256=${hash},10`);
    expect(rows).toContain(`my_app/link.sh,sha256=${hash},10`);
    expect(rows).toContain('my_app-1.0.dist-info/RECORD,,');
  });

  it('lies where the environment physically is, and names the one that programs see', () => {
    const toml = `${HEAD}[tool.poetry.scripts]\nserve = "my_app:run"\n`;
    const [part] = parts({ wheel: [file('my_app.py')] }, toml, { location: '/srv/real/.venv' });
    expect(part?.entries.every(({ path }) => path.startsWith('srv/real/.venv'))).toBe(true);
    expect(textAt(part, 'srv/real/.venv/bin/serve')).toMatch(/^#!\/app\/\.venv\/bin\/python\n/);
  });

  it('has a key of what it holds, and of nothing else', () => {
    const one = parts({ wheel: [file('my_app.py', 'x')] })[0]?.key;
    expect(parts({ wheel: [{ ...file('my_app.py', 'x'), source: 'src/my_app.py' }] })[0]?.key).toBe(one);
    expect(parts({ wheel: [file('my_app.py', 'y')] })[0]?.key).not.toBe(one);
    expect(parts({ wheel: [file('my_app.py', 'x', true)] })[0]?.key).not.toBe(one);
    expect(parts({ wheel: [file('my_app.py', 'x')] }, HEAD, { python: '3.12' })[0]?.key).not.toBe(one);
  });

  it('takes one file that comes twice', () => {
    expect(
      parts({ wheel: [file('a/__init__.py'), file('a/__init__.py')] })[0]?.entries.filter(({ path }) =>
        path.endsWith('a/__init__.py'),
      ),
    ).toHaveLength(1);
  });

  it.each<[string, Partial<ProjectFiles>, string, RegExp]>([
    [
      'two files for one place',
      { wheel: [file('a.py', '1'), file('a.py', '2')] },
      HEAD,
      /two files of the project claim `a.py`/,
    ],
    [
      'a script over another',
      { scripts: [file('serve', 'x')] },
      `${HEAD}[tool.poetry.scripts]\nserve = "a:b"\n`,
      /claim `serve`/,
    ],
    ['a script over the interpreter', { scripts: [file('python', 'x')] }, HEAD, /belongs to the environment/],
    [
      'a script that escapes',
      {},
      `${HEAD}[tool.poetry.scripts]\n"../../x" = "a:b"\n`,
      /leaves its directory/,
    ],
    [
      'a script that is none',
      {},
      `${HEAD}[tool.poetry.scripts]\nx = "no colon"\n`,
      /a script of the project cannot be installed/,
    ],
    ['a name with a backslash', { wheel: [file('a\\b.py')] }, HEAD, /has a backslash/],
    ['a name with a control character', { wheel: [file('a\nb.py')] }, HEAD, /control character/],
    [
      'a file where a directory is',
      { wheel: [file('a', ''), file('a/b.py')] },
      HEAD,
      /both a file and a directory/,
    ],
  ])('is refused: %s', (_, given, toml, message) => {
    expect(() => parts(given, toml)).toThrow(
      expect.objectContaining({ code: 'ROOT_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

describe('the work directory', () => {
  it('holds its files, and the directories below it', () => {
    const [part] = parts(
      { installed: false, work: [file('a/b/c.txt', 'c', true), file('d.txt'), link('a/l', '../d.txt')] },
      HEAD,
      { workdir: '/srv/app' },
    );
    expect(part?.name).toBe('files');
    expect(part?.entries.map(({ kind, mode, path }) => `${kind} ${mode.toString(8)} ${path}`)).toEqual([
      'directory 755 srv/app/a',
      'directory 755 srv/app/a/b',
      'file 755 srv/app/a/b/c.txt',
      'symlink 777 srv/app/a/l',
      'file 644 srv/app/d.txt',
    ]);
  });

  it('may be the root', () => {
    const [part] = parts({ installed: false, work: [file('a/b')] }, HEAD, { workdir: '/' });
    expect(part?.entries.map(({ path }) => path)).toEqual(['a', 'a/b']);
  });

  it('keeps out of the environment', () => {
    expect(() => parts({ installed: false, work: [file('.venv/bin/python')] })).toThrow(
      /would lie in the image's environment/,
    );
  });

  it('is no part where nothing goes there', () => {
    expect(parts({ installed: false })).toEqual([]);
  });
});

describe('METADATA of an era', () => {
  const toml = `[tool.poetry]\nname = "My.App"\nversion = "1.0"\ndescription = "d"\nlicense = "mit"\nhomepage = "https://h"\nrepository = "https://r"
authors = ["A B <a@b.c>"]\nclassifiers = ["Topic :: X"]\n[tool.poetry.dependencies]\npython = "^3.9"\nx = { version = "^1", optional = true }\n`;
  const metadata = (poetry: string): string => {
    const [part] = parts({ era: buildEra(poetry), legal: [file('licenses/LICENSE')] }, toml);
    return textAt(part, `${SITE}/my_app-1.0.dist-info/METADATA`);
  };
  it.each<[string, readonly string[], readonly string[]]>([
    [
      '1.1.15',
      ['Metadata-Version: 2.1', 'Name: my-app', 'Home-page: https://h', 'Requires-Dist: x (>=1,<2)'],
      ['Python :: 3.11', 'License-File'],
    ],
    ['1.4.2', ['Metadata-Version: 2.1', 'Name: my-app', 'Python :: 3.11'], ['Python :: 3.12']],
    ['1.8.5', ['Metadata-Version: 2.1', 'Name: My.App', 'Python :: 3.13'], ['Project-URL: Homepage']],
    [
      '2.0.1',
      ['Metadata-Version: 2.3', 'Project-URL: Homepage, https://h', 'Requires-Dist: x (>=1,<2)'],
      ['Home-page', 'License-File'],
    ],
    ['2.1.4', ['Metadata-Version: 2.3'], ['Requires-Dist']],
    [
      '2.2.1',
      ['Metadata-Version: 2.4', 'License-File: LICENSE', 'License: MIT', 'Python :: 3.14'],
      ['Python :: 3.15'],
    ],
    ['2.5.1', ['Metadata-Version: 2.4', 'Python :: 3.15'], []],
    ['9.9', ['Metadata-Version: 2.4'], []],
  ])('%s', (poetry, present, absent) => {
    const text = metadata(poetry);
    for (const line of present) expect(text).toContain(line);
    for (const line of absent) expect(text).not.toContain(line);
  });
});
