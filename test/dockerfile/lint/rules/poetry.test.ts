import { describe, expect, it } from 'vitest';
import { type Beside, repaired, seen, stage } from './support.ts';

// Of each rule what it finds, what it leaves alone, and what looks like the one and is the other.

type Case = readonly [name: string, text: string, seen: readonly string[], beside?: Beside];

function holds(id: string, cases: readonly Case[]): void {
  describe(id, () => {
    for (const [name, text, expected, beside = null] of cases) {
      it(name, () => expect(seen(id, text, beside)).toEqual(expected));
    }
  });
}

holds('BV201', [
  ['missed: a pinned Poetry 2', stage('poetry install --no-dev'), ['--no-dev']],
  ['missed: the newest', stage('poetry -n lock --no-update', { poetry: '' }), ['--no-update']],
  [
    'missed: the newest that an old Python takes',
    stage('poetry install --no-dev', { poetry: '', base: 'python:3.9' }),
    ['--no-dev'],
  ],
  ['met: Poetry 1', stage('poetry install --no-dev', { poetry: '1.8.5' }), []],
  [
    'tricky: Python 3.8 gets Poetry 1.8',
    stage('poetry install --no-dev', { poetry: '', base: 'python:3.8-slim' }),
    [],
  ],
  [
    'tricky: a base that says no Python',
    stage('poetry install --no-dev', { poetry: '', base: 'ubuntu:22.04' }),
    [],
  ],
  ['tricky: a version from outside', `ARG V\n${stage('poetry install --no-dev', { poetry: '$V' })}`, []],
  [
    'tricky: a range above',
    stage('poetry install --no-dev').replace('poetry==2.1.4', "'poetry>=2,<3'"),
    ['--no-dev'],
  ],
  ['tricky: a range around', stage('poetry install --no-dev').replace('poetry==2.1.4', "'poetry>=1.8'"), []],
]);

holds('BV202', [
  ['missed: no plugin', stage('poetry export -o r.txt'), ['export']],
  ['missed: shell, too', stage('poetry shell'), ['shell']],
  [
    'met: the plugin beside it',
    stage('poetry export -o r.txt', { poetry: '2.1.4 poetry-plugin-export' }),
    [],
  ],
  ['met: Poetry 1.8', stage('poetry export -o r.txt', { poetry: '1.8.5' }), []],
  [
    'tricky: a plugin of Poetry itself',
    stage('poetry self add poetry-plugin-export && poetry export -o r.txt'),
    [],
  ],
  [
    'tricky: the project asks for it',
    stage('poetry export -o r.txt'),
    [],
    { requiredPlugins: ['Poetry_Plugin_Export'] },
  ],
]);

holds('BV203', [
  ['missed: groups before 1.2', stage('poetry install --only main', { poetry: '1.1.13' }), ['--only']],
  ['missed: sync before 2', stage('poetry sync --only main', { poetry: '1.8.5' }), ['sync']],
  [
    'missed: directories before 1.5',
    stage('poetry install --no-directory --compile', { poetry: '1.4.2' }),
    ['--no-directory'],
  ],
  ['met', stage('poetry install --only main --no-directory', { poetry: '1.5.0' }), []],
  ['tricky: a range that reaches there', stage('poetry install --only main').replace('==2.1.4', '~=1.1'), []],
  ['tricky: a command that is no install', stage('poetry run tool --only x', { poetry: '1.1.13' }), []],
]);

holds('BV204', [
  ['missed: --no-dev with 1.8', stage('poetry install --no-dev', { poetry: '1.8.5' }), ['--no-dev']],
  ['missed: --sync with 2', stage('poetry install --sync'), ['--sync']],
  ['met', stage('poetry sync'), []],
  ['tricky: --sync with 1.8 is right', stage('poetry install --sync', { poetry: '1.8.5' }), []],
  ['tricky: --no-dev with 1.1 is right', stage('poetry install --no-dev', { poetry: '1.1.15' }), []],
]);

holds('BV205', [
  [
    'missed: an array',
    stage('poetry install', { after: 'CMD ["poetry", "run", "hut"]' }),
    ['"poetry", "run"'],
  ],
  ['missed: a shell', stage('poetry install', { after: 'CMD cd src && poetry run hut' }), ['poetry run']],
  [
    'missed: two instructions',
    stage('poetry install', { after: 'ENTRYPOINT ["poetry"]\nCMD ["run", "hut"]' }),
    ['"poetry"'],
  ],
  ['met', stage('poetry install', { after: 'CMD ["hut"]' }), []],
  [
    'tricky: a later CMD',
    stage('poetry install', { after: 'CMD ["poetry", "run", "hut"]\nCMD ["hut"]' }),
    [],
  ],
  ['tricky: poetry as a word', stage('poetry install', { after: 'CMD ["echo", "poetry", "run"]' }), []],
  [
    'tricky: an entrypoint takes the CMD of its base away',
    'FROM python AS a\nCMD ["poetry", "run", "x"]\nFROM a\nENTRYPOINT ["x"]\n',
    [],
  ],
]);

holds('BV206', [
  ['missed', stage('poetry export --without-hashes -o r.txt'), ['--without-hashes']],
  ['met', stage('poetry export -o r.txt'), []],
  [
    'tricky: a path dependency',
    stage('poetry export --without-hashes'),
    [],
    { paths: [{ name: 'x', path: 'x', group: 'main', develop: true }] },
  ],
]);

const GONE = 'https://raw.githubusercontent.com/python-poetry/poetry/master/get-poetry.py';
holds('BV207', [
  ['missed: piped', `FROM python\nRUN curl -sSL ${GONE} | python\n`, [GONE]],
  ['missed: ADD', `FROM python\nADD ${GONE} /tmp/\n`, [GONE]],
  ['met', 'FROM python\nRUN curl -sSL https://install.python-poetry.org | python\n', []],
  ['tricky: a tag stays', `FROM python\nRUN curl -sSL ${GONE.replace('master', '1.1.15')} | python\n`, []],
]);

holds('BV208', [
  ['missed: Poetry 1', stage('poetry install', { poetry: '1.8.5' }), ['poetry==1.8.5']],
  ['missed: Poetry 2.0', stage('poetry install', { poetry: '2.0.1' }), ['poetry==2.0.1']],
  ['met: pinned beside it', stage('poetry install', { poetry: '1.8.5 "virtualenv<20.31"' }), []],
  ['met: a newer one', stage('poetry install', { poetry: '2.2.1' }), []],
  ['tricky: 2.1.4 pins itself', stage('poetry install', { poetry: '2.1.4' }), []],
  ['tricky: constraints', stage('poetry install', { poetry: '1.8.5 -c constraints.txt' }), []],
]);

const IN = 'ENV POETRY_VIRTUALENVS_CREATE=false';
holds('BV209', [
  ['missed: by a variable', stage('poetry install', { before: IN }), ['poetry==2.1.4']],
  [
    'missed: by poetry config',
    stage('poetry config virtualenvs.create false && poetry install'),
    ['poetry==2.1.4'],
  ],
  [
    'missed: by poetry.toml',
    stage('poetry install'),
    ['poetry==2.1.4'],
    { poetryToml: new Map([['virtualenvs.create', false]]) },
  ],
  ['met: an environment of its own', stage('poetry install'), []],
  [
    'tricky: Poetry has one',
    `FROM python\n${IN}\nRUN python -m venv /p && /p/bin/pip install poetry==2.1.4\nCOPY . .\nRUN /p/bin/poetry install\n`,
    [],
  ],
  [
    'tricky: one is active',
    stage('poetry install', { before: `${IN}\nENV VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH` }),
    [],
  ],
]);

holds('BV210', [
  ['missed: update', stage('poetry update'), ['update']],
  ['missed: lock', stage('poetry lock && poetry install'), ['lock']],
  ['met', stage('poetry install'), []],
  ['tricky: only checked', stage('poetry lock --check && poetry install', { poetry: '1.8.5' }), []],
  [
    'tricky: a stage that nobody needs',
    `FROM python AS lock\nRUN pip install poetry==2.1.4 && poetry lock\n${stage('poetry install')}`,
    [],
  ],
]);

holds('BV211', [
  ['missed', stage('poetry install', { copy: 'COPY pyproject.toml ./' }), ['install']],
  ['met', stage('poetry install'), []],
  ['tricky: a pattern', stage('poetry install', { copy: 'COPY pyproject.toml poetry.* ./' }), []],
  ['tricky: everything', stage('poetry install', { copy: 'COPY pyproject.toml ./\nCOPY . .' }), []],
  [
    'tricky: a mount',
    stage('poetry install', { copy: 'COPY pyproject.toml ./' }).replace(
      'RUN poetry',
      'RUN --mount=type=bind,source=poetry.lock,target=poetry.lock poetry',
    ),
    [],
  ],
  [
    'tricky: from another stage',
    stage('poetry install', { copy: 'COPY --from=x /poetry.lock ./\nCOPY pyproject.toml ./' }),
    [],
  ],
]);

holds('BV212', [
  ['missed', stage('poetry install', { copy: 'COPY pyproject.toml poetry.lock* ./' }), ['poetry.lock*']],
  ['met', stage('poetry install'), []],
  ['tricky: another pattern', stage('poetry install', { copy: 'COPY *.toml *.lock ./' }), []],
]);

holds('BV213', [
  ['missed: no such key', stage('poetry config virtualenv.create false'), ['virtualenv.create']],
  [
    'missed: gone',
    stage('poetry config installer.modern-installation false', { poetry: '' }),
    ['installer.modern-installation'],
  ],
  [
    'missed: not there yet',
    stage('poetry config installer.max-workers 4', { poetry: '1.1.15' }),
    ['installer.max-workers'],
  ],
  ['met', stage('poetry config virtualenvs.create false'), []],
  [
    'tricky: names of the user',
    stage('poetry config repositories.x https://x.example && poetry config http-basic.x a b'),
    [],
  ],
  ['tricky: it may fail', stage('poetry config virtualenv.create false || true'), []],
  ['tricky: in doubt', stage('poetry config experimental.new-installer false', { poetry: '1.3.2' }), []],
]);

holds('BV214', [
  ['missed', 'FROM python\nENV POETRY_VIRTUALENV_CREATE=false\n', ['POETRY_VIRTUALENV_CREATE']],
  ['met', 'FROM python\nENV POETRY_VIRTUALENVS_CREATE=false POETRY_HTTP_BASIC_X_USERNAME=a\n', []],
  ['tricky: a name of its own', 'FROM python\nENV POETRY_VENV=/v POETRY_VERSION=1 POETRY_HOME=/p\n', []],
  ['tricky: it is used', 'FROM python\nENV POETRY_CACHE_DIRS=/x\nRUN mkdir $POETRY_CACHE_DIRS\n', []],
]);

holds('BV215', [
  ['missed', stage('poetry install', { before: `${IN} POETRY_VIRTUALENVS_IN_PROJECT=1` }), ['install']],
  ['met', stage('poetry install', { before: IN }), []],
  [
    'tricky: said twice, the variable counts',
    stage('poetry config virtualenvs.in-project true && poetry install', {
      before: `${IN} POETRY_VIRTUALENVS_IN_PROJECT=0`,
    }),
    [],
  ],
]);

describe('fixes', () => {
  const fixed: readonly (readonly [id: string, text: string, from: string, to: string, beside?: Beside])[] = [
    ['BV201', stage('poetry install --no-root --no-dev'), '--no-root --no-dev', '--no-root --only main'],
    ['BV201', stage('poetry install --with web --no-dev'), ' --no-dev', ''],
    ['BV201', stage('["poetry", "install", "--no-dev"]'), '"--no-dev"', '"--only", "main"'],
    ['BV201', stage('poetry lock --check'), 'lock --check', 'check --lock'],
    ['BV202', stage('poetry export'), 'poetry==2.1.4', 'poetry==2.1.4 poetry-plugin-export'],
    ['BV203', stage('poetry install --only main --no-root', { poetry: '1.1.13' }), '--only main', '--no-dev'],
    ['BV203', stage('poetry install --without=dev', { poetry: '1.1.13' }), '--without=dev', '--no-dev'],
    ['BV203', stage('poetry sync', { poetry: '1.8.5' }), 'poetry sync', 'poetry install --sync'],
    ['BV204', stage('poetry install --sync --no-root'), 'install --sync', 'sync'],
    [
      'BV205',
      stage('poetry install', { before: IN, after: 'CMD ["poetry", "run", "uvicorn", "x"]' }),
      '"poetry", "run", ',
      '',
    ],
    ['BV206', stage('poetry export --without-hashes -o x'), ' --without-hashes', ''],
    ['BV207', `FROM python\nRUN curl "${GONE}" | python\n`, GONE, 'https://install.python-poetry.org'],
    ['BV208', stage('x', { poetry: '$V', before: 'ENV V=1.8.5' }), '==$V', '==$V "virtualenv<20.31"'],
    ['BV210', stage('poetry update'), 'poetry update', 'poetry install'],
    [
      'BV211',
      stage('poetry install', { copy: 'COPY pyproject.toml ./' }),
      'pyproject.toml',
      'pyproject.toml poetry.lock',
      {},
    ],
    ['BV212', stage('poetry install', { copy: 'COPY pyproject.toml poetry.lock* ./' }), 'lock*', 'lock', {}],
    ['BV213', stage('poetry config virtualenvs.in_project 1'), 'in_project', 'in-project'],
    ['BV214', 'FROM python\nENV POETRY_VIRTUALENV_CREATE=0\n', 'VIRTUALENV_', 'VIRTUALENVS_'],
  ];
  for (const [id, text, from, to, beside = null] of fixed) {
    it(`${id}: ${from} to ${to}`, () => {
      expect(repaired(id, text, beside)).toBe(text.replace(from, () => to));
    });
  }

  const uncertain: readonly (readonly [id: string, text: string, beside?: Beside])[] = [
    ['BV201', stage('poetry install $FLAGS', { before: 'ARG FLAGS=--no-dev' })],
    ['BV203', stage('poetry install --only main,web', { poetry: '1.1.13' })],
    ['BV205', stage('poetry install', { after: 'CMD ["poetry", "run", "uvicorn", "x"]' })],
    ['BV207', `FROM python\nRUN curl ${GONE} | python\nENV PATH=/root/.poetry/bin:$PATH\n`],
    [
      'BV208',
      stage('x', { poetry: '1.8.5' }).replace('RUN pip', 'RUN bash -c "pip').replace('1.8.5', '1.8.5"'),
    ],
    ['BV211', stage('poetry install', { copy: 'COPY pyproject.toml /app/pyproject.toml' }), {}],
    [
      'BV212',
      stage('poetry install', { copy: 'COPY poetry.lock* ./' }),
      { ignore: { file: '.dockerignore', lines: ['*.lock'] } },
    ],
  ];
  for (const [id, text, beside = null] of uncertain) {
    it(`${id} is not repaired where that is not certain: ${text}`, () => {
      expect(seen(id, text, beside)).not.toEqual([]);
      expect(repaired(id, text, beside)).toBe(text);
    });
  }
});
