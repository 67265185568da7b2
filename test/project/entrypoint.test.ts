import { describe, expect, it } from 'vitest';
import { type EntrypointFacts, findCommand } from '../../src/project/entrypoint.ts';
import { hasMainGuard } from '../../src/project/main-guard.ts';
import { decodePyproject } from '../../src/project/pyproject.ts';

const GUARD = 'if __name__ == "__main__":\n    main()\n';

function facts(
  files: Readonly<Record<string, string>>,
  more: Partial<EntrypointFacts> & { scripts?: string } = {},
): EntrypointFacts {
  const text = `[tool.poetry]\nname = "app"\nversion = "1"\n[tool.poetry.scripts]\n${more.scripts ?? ''}`;
  return {
    entrypoint: [],
    project: decodePyproject(text, 'pyproject.toml'),
    installed: true,
    files: Object.keys(files).map((target) => ({ source: `src/${target}`, target })),
    read: (source) => files[source.slice('src/'.length)] ?? '',
    ...more,
  };
}

describe('the command', () => {
  it.each<[string, EntrypointFacts, readonly string[], string]>([
    [
      'the setting',
      facts({ 'app/__main__.py': '' }, { cmd: ['x', 'y'], scripts: 's = "app:s"' }),
      ['x', 'y'],
      'setting',
    ],
    ['an empty setting', facts({}, { cmd: [] }), [], 'setting'],
    ['an entry point alone', facts({}, { entrypoint: ['serve'] }), [], 'setting'],
    [
      'the only console script',
      facts({ 'app/__main__.py': '' }, { scripts: 'serve = "app:s"' }),
      ['serve'],
      'script',
    ],
    [
      'not a script that is not installed',
      facts({ 'app/__main__.py': '' }, { scripts: 's = "app:s"', installed: false }),
      ['python', '-m', 'app'],
      'main-module',
    ],
    [
      'not one of two scripts',
      facts({ 'app/__main__.py': '' }, { scripts: 'a = "app:a"\nb = "app:b"' }),
      ['python', '-m', 'app'],
      'main-module',
    ],
    [
      'a module that runs',
      facts({ 'app/__init__.py': '', 'app/__main__.py': '', 'app/main.py': GUARD }),
      ['python', '-m', 'app'],
      'main-module',
    ],
    [
      'a guard',
      facts({ 'app/__init__.py': '', 'app/main.py': GUARD }),
      ['python', '-m', 'app.main'],
      'main-guard',
    ],
    [
      'a guard in a namespace',
      facts({ 'corp/app/__init__.py': '', 'corp/app/main.py': GUARD }),
      ['python', '-m', 'corp.app.main'],
      'main-guard',
    ],
    [
      'the project’s own package before others',
      facts({ 'app/__main__.py': '', 'tests/__main__.py': '' }),
      ['python', '-m', 'app'],
      'main-module',
    ],
    [
      'the only guard of several',
      facts({ 'app/main.py': GUARD, 'other/main.py': 'main()' }),
      ['python', '-m', 'app.main'],
      'main-guard',
    ],
    [
      'not what is deeper in a package',
      facts({ 'app/__init__.py': '', 'app/cli/main.py': GUARD, 'app/main.py': GUARD }),
      ['python', '-m', 'app.main'],
      'main-guard',
    ],
  ])('%s', (_, given, cmd, rule) => {
    expect(findCommand(given)).toMatchObject({ cmd, rule });
  });

  it.each<[string, EntrypointFacts, readonly string[]]>([
    ['nothing at all', facts({ 'app/__init__.py': '' }), []],
    ['two scripts', facts({}, { scripts: 'a = "app:a"\nb = "app:b"' }), ['["a"]', '["b"]']],
    [
      'two modules',
      facts({ 'one/__main__.py': '', 'two/__main__.py': '' }),
      ['["python", "-m", "one"]', '["python", "-m", "two"]'],
    ],
    [
      'two guards',
      facts({ 'one/main.py': GUARD, 'two/main.py': GUARD }),
      ['["python", "-m", "one.main"]', '["python", "-m", "two.main"]'],
    ],
    [
      'a module outside a package',
      facts({ 'main.py': GUARD, 'manage.py': 'x' }),
      ['["python", "-m", "main"]'],
    ],
    ['a main.py that does nothing', facts({ 'app/main.py': 'app = 1\n' }), []],
  ])('is not known: %s', (_, given, candidates) => {
    let found: { code: string; causes: readonly string[]; hint: string } | undefined;
    try {
      findCommand(given);
    } catch (error) {
      found = error as typeof found;
    }
    expect(found?.code).toBe('ENTRYPOINT_UNKNOWN');
    expect(found?.causes).toEqual(candidates.map((candidate) => `candidate: \`cmd = ${candidate}\``));
    expect(found?.hint).toContain(candidates[0] ?? '__main__.py');
  });
});

describe('a guard', () => {
  it.each([
    GUARD,
    "if __name__ == '__main__': main()",
    'if __name__=="__main__":\n  pass',
    'if "__main__" == __name__:\n  pass',
    'if (__name__ == "__main__"):\n  pass',
    'if (\n    __name__ == "__main__"  # why not\n):\n  pass',
    'if __name__ == \\\n  "__main__":\n  pass',
    'if __name__ == """__main__""":\n  pass',
    'if __name__ == "__main__" and True:\n  pass',
    '\ufeffif __name__ == "__main__":\r\n  pass\r\n',
    'x = """\nquoted\n"""\nif __name__ == "__main__":\n  pass',
    "x = 'it''s \\' # no'\nif __name__ == '__main__':\n  pass",
    'x = [\n1, 2,\n]\nif __name__ == "__main__":\n  pass',
    'x = rb"\\"\nif __name__ == "__main__":\n  pass',
    'if x:\n  pass\nelif __name__ == "__main__":\n  pass',
    'x = "unfinished\nif __name__ == "__main__":\n  pass',
  ])('is seen in %j', (source) => {
    expect(hasMainGuard(source)).toBe(true);
  });

  it.each([
    '',
    'main()',
    '# if __name__ == "__main__":\n',
    '"""\nif __name__ == "__main__":\n    main()\n"""\n',
    'x = \'if __name__ == "__main__":\'\n',
    'def f():\n    if __name__ == "__main__":\n        pass\n',
    'if __name__ != "__main__":\n  pass',
    'if not __name__ == "__main__":\n  pass',
    'if __name__ == "main":\n  pass',
    'if name == "__main__":\n  pass',
    'if __name__ == __main__:\n  pass',
    'print(__name__ == "__main__")',
    'if __name__ == b"__main__":\n  pass',
    'x = (\nif __name__ == "__main__":\n',
    "x = '''\n'''  '''\nif __name__ == \"__main__\":\n'''\n",
  ])('is not seen in %j', (source) => {
    expect(hasMainGuard(source)).toBe(false);
  });
});
