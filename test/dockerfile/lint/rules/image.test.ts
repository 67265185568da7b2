import { describe, expect, it } from 'vitest';
import { type Beside, repaired, seen, stage, stages, told } from './support.ts';

type Case = readonly [name: string, text: string, seen: readonly string[], beside?: Beside];

function holds(id: string, cases: readonly Case[]): void {
  describe(id, () => {
    for (const [name, text, expected, beside = null] of cases) {
      it(name, () => expect(seen(id, text, beside)).toEqual(expected));
    }
  });
}

const VENV = 'COPY --from=builder /app/.venv /app/.venv';
const PATH = 'ENV PATH="/app/.venv/bin:$PATH"';
const RUN = 'CMD ["uvicorn", "hut:app"]';
const IN = 'ENV POETRY_VIRTUALENVS_CREATE=false';

holds('BV401', [
  ['missed', stages('COPY --from=builder /app/.venv /venv'), ['/venv']],
  ['missed: with its directory', stages('COPY --from=builder /app /srv'), ['/srv']],
  ['met', stages(VENV), []],
  ['tricky: with its directory to the same place', stages('COPY --from=builder /app .'), []],
  ['tricky: something else', stages('COPY --from=builder /app/static /srv/static'), []],
]);

holds('BV402', [
  ['missed: another version', stages(VENV, { builder: 'python:3.12-slim' }), ['/app/.venv']],
  ['missed: another C library', stages(VENV, { runtime: 'python:3.13-alpine' }), ['/app/.venv']],
  [
    'missed: another place',
    stages(`RUN apt-get install -y python3\n${VENV}`, { runtime: 'debian:trixie-slim' }),
    ['/app/.venv'],
  ],
  ['met', stages(VENV, { builder: 'python:3.13' }), []],
  [
    'tricky: the interpreter comes along',
    stages(`COPY --from=builder /usr/local /usr/local\n${VENV}`, { builder: 'python:3.12-slim' }),
    [],
  ],
  [
    'tricky: nothing that depends on it',
    stages('COPY --from=builder /app/static static', { builder: 'python:3.12-slim' }),
    [],
  ],
  ['tricky: images that say nothing', stages(VENV, { runtime: 'example/base:1' }), []],
]);

holds('BV403', [
  ['missed: copied', stages(`${VENV}\n${RUN}`), ['"uvicorn"']],
  ['missed: python -m', stages(`${VENV}\nCMD ["python", "-m", "uvicorn"]`), ['"python"']],
  ['missed: in the cache of Poetry', stage('poetry install', { after: RUN }), ['"uvicorn"']],
  ['met: PATH', stages(`${VENV}\n${PATH}\n${RUN}`), []],
  ['met: by its path', stages(`${VENV}\nCMD ["/app/.venv/bin/uvicorn", "x"]`), []],
  [
    'tricky: PATH by another variable',
    stages(`${VENV}\nENV VIRTUAL_ENV=/app/.venv\nENV PATH=$VIRTUAL_ENV/bin:$PATH\n${RUN}`),
    [],
  ],
  ['tricky: activated', stages(`${VENV}\nCMD . .venv/bin/activate && uvicorn x`), []],
  ['tricky: no environment', stage('poetry install', { before: IN, after: RUN }), []],
  ['tricky: poetry.toml may say it', stage('poetry install', { copy: 'COPY . .', after: RUN }), []],
  ['tricky: a script before it', stages(`${VENV}\nENTRYPOINT ["./start.sh"]\n${RUN}`), []],
  ['tricky: through Poetry', stage('poetry install', { after: 'CMD ["poetry", "run", "uvicorn"]' }), []],
]);

const PACKAGES =
  'COPY --from=builder /usr/local/lib/python3.13/site-packages /usr/local/lib/python3.13/site-packages';
holds('BV404', [
  ['missed', stages(`${PACKAGES}\n${RUN}`), ['"uvicorn"']],
  ['met', stages(`${PACKAGES}\nCOPY --from=builder /usr/local/bin /usr/local/bin\n${RUN}`), []],
  ['tricky: as a module', stages(`${PACKAGES}\nCMD ["python", "-m", "uvicorn"]`), []],
  [
    'tricky: the one script',
    stages(`${PACKAGES}\nCOPY --from=builder /usr/local/bin/uvicorn /usr/local/bin/\n${RUN}`),
    [],
  ],
]);

holds('BV405', [
  ['missed', stage('poetry install', { before: 'RUN apt-get install -y curl gcc libpq-dev' }), ['gcc']],
  [
    'missed: Alpine',
    stage('poetry install', { before: 'RUN apk add --no-cache build-base' }),
    ['build-base'],
  ],
  ['met', stages(VENV).replace('RUN pip', 'RUN apt-get install -y gcc\nRUN pip'), []],
  ['tricky: removed in the same layer', stage('apk add --virtual b gcc && poetry install && apk del b'), []],
  [
    'tricky: removed too late',
    stage('poetry install', { before: 'RUN apk add gcc', after: 'RUN apk del gcc' }),
    ['gcc'],
  ],
  [
    'tricky: names that only look so',
    stage('poetry install', { before: 'RUN apt-get install -y libgcc-s1 make-doc dev-tools' }),
    [],
  ],
]);

const OFF = 'ENV PYTHONDONTWRITEBYTECODE=1';
holds('BV406', [
  ['missed', stage('poetry install', { before: OFF }), ['install']],
  ['met: compiled', stage('poetry install --compile', { before: OFF }), []],
  ['met: not said', stage('poetry install'), []],
  ['tricky: in the builder alone', stages(VENV).replace('RUN pip', `${OFF}\nRUN pip`), []],
  ['tricky: compiled afterwards', stage('poetry install && python -m compileall /app', { before: OFF }), []],
  ['tricky: pip compiles', stage('poetry install', { poetry: '1.3.2', before: OFF }), []],
  ['tricky: unset', stage('poetry install', { before: 'ENV PYTHONDONTWRITEBYTECODE=' }), []],
]);

holds('BV407', [
  ['missed', stage('poetry install', { after: 'CMD ["uvicorn", "x", "--reload"]' }), ['"--reload"']],
  ['missed: Django', stage('poetry install', { after: 'CMD python manage.py runserver' }), ['runserver']],
  [
    'missed: through a shell and Poetry',
    stage('poetry install', { after: 'CMD sh -c "poetry run fastapi dev"' }),
    ['dev'],
  ],
  ['missed: a debugger', stage('poetry install', { after: 'ENV FLASK_DEBUG=1' }), ['FLASK_DEBUG=1']],
  ['met', stage('poetry install', { after: RUN }), []],
  [
    'tricky: a stage for development',
    `${stage('poetry install', { after: RUN })}`.replace('slim', 'slim AS prod') +
      'FROM prod AS dev\nCMD ["uvicorn", "x", "--reload"]\n',
    [],
  ],
  [
    'tricky: an option of another program',
    stage('poetry install', { after: 'CMD ["nginx", "--reload"]' }),
    [],
  ],
]);

holds('BV408', [
  ['missed', stage('poetry install', { after: 'COPY tests ./tests' }), ['tests']],
  ['met', stages(VENV).replace('RUN poetry', 'COPY tests tests\nRUN poetry'), []],
  ['tricky: run there', stage('poetry install', { after: 'COPY tests ./tests\nRUN pytest' }), []],
  ['tricky: a package', stage('poetry install', { after: 'COPY hut/testing ./hut/testing' }), []],
]);

holds('BV409', [
  ['missed: installed again', stages(`RUN pip install poetry==2.1.4\n${VENV}`), ['poetry==2.1.4']],
  ['missed: copied', stages(`${VENV}\nCOPY --from=builder /opt/poetry /opt/poetry`), ['/opt/poetry']],
  ['met', stages(VENV), []],
  ['tricky: one stage is another matter', stage('poetry install'), []],
  ['tricky: started by it', stages(`RUN pip install poetry==2.1.4\n${VENV}\nCMD ["poetry", "run", "x"]`), []],
]);

holds('BV410', [
  ['missed', stage('poetry install', { poetry: '1.1.15', base: 'python:3.9-alpine' }), ['install']],
  ['met', stage('poetry install', { poetry: '1.8.5', base: 'python:3.9-alpine' }), []],
  ['tricky: the builder counts', stages(VENV, { runtime: 'python:3.13-alpine' }), []],
]);

holds('BV501', [
  [
    'missed: a build argument',
    'FROM a\nARG POETRY_HTTP_BASIC_X_PASSWORD\n',
    ['POETRY_HTTP_BASIC_X_PASSWORD'],
  ],
  [
    'missed: an address',
    'FROM a\nENV PIP_INDEX_URL=https://u:p@x.example/simple\n',
    ['PIP_INDEX_URL=https://u:p@x.example/simple'],
  ],
  ['missed: before the first stage', 'ARG POETRY_PYPI_TOKEN_X=1\nFROM a\n', ['POETRY_PYPI_TOKEN_X=1']],
  ['met', 'FROM a\nENV PIP_INDEX_URL=https://x.example/simple POETRY_HTTP_BASIC_X_USERNAME=u\n', []],
  ['tricky: emptied', 'FROM a\nENV POETRY_HTTP_BASIC_X_PASSWORD=\n', []],
  ['tricky: ssh', 'FROM a\nENV REPOSITORY=ssh://git@x.example/a\n', []],
]);

const SECRET = '--mount=type=secret,id=s,required=true';
holds('BV502', [
  ['missed', stage('poetry config http-basic.x u $P && poetry install'), ['config']],
  [
    'missed: a mount in what ships',
    stage('x').replace('RUN x', `RUN ${SECRET} poetry config pypi-token.x $(cat /run/secrets/s)`),
    ['config'],
  ],
  ['met', stage('poetry config repositories.x https://x.example'), []],
  [
    'tricky: a mount in the builder',
    stages(VENV).replace(
      'RUN poetry',
      `RUN ${SECRET} poetry config http-basic.x u "$(cat /run/secrets/s)" && poetry`,
    ),
    [],
  ],
  [
    'tricky: forgotten again',
    stage('x').replace(
      'RUN x',
      `RUN ${SECRET} poetry config http-basic.x u p && poetry config --unset http-basic.x`,
    ),
    [],
  ],
  ['tricky: only read', stage('poetry config http-basic.x'), []],
]);

holds('BV503', [
  ['missed', 'FROM a\nCOPY .netrc /root/\n', ['.netrc']],
  ['missed: .env ships', 'FROM a\nCOPY api/.env.production .\n', ['api/.env.production']],
  ['met', `FROM a\nRUN ${SECRET},target=/root/.netrc x\n`, []],
  ['tricky: an example', 'FROM a\nCOPY .env.example .env\n', []],
  ['tricky: .env of a builder', 'FROM a AS b\nCOPY .env .\nFROM a\nCOPY --from=b /x /x\n', []],
]);

holds('BV504', [
  [
    'missed',
    'FROM a\nRUN pip install --index-url https://u:p@x.example/simple a\n',
    ['https://u:p@x.example/simple'],
  ],
  ['missed: a token', 'FROM a\nARG T\nRUN git clone https://$T@x.example/a\n', ['https://$T@x.example/a']],
  [
    'missed: stored in spite of the mount',
    `FROM a\nRUN ${SECRET} git config --global url."https://$(cat /run/secrets/s)@x.example".insteadOf https://x.example\n`,
    ['url."https://$(cat /run/secrets/s)@x.example".insteadOf'],
  ],
  ['met', 'FROM a\nRUN pip install --index-url https://x.example/simple a\n', []],
  ['tricky: from a mount', `FROM a\nRUN ${SECRET} git clone https://$(cat /run/secrets/s)@x.example/a\n`, []],
  [
    'tricky: a user alone',
    'FROM a\nRUN git clone https://git@x.example/a && curl https://x.example/@scope/a\n',
    [],
  ],
]);

holds('BV505', [
  ['missed', 'FROM a\nRUN --mount=type=secret,id=x y\n', ['type=secret,id=x']],
  ['met', `FROM a\nRUN ${SECRET} y\n`, []],
  ['tricky: decided', 'FROM a\nRUN --mount=type=secret,id=x,required=false y\n', []],
  ['tricky: a cache', 'FROM a\nRUN --mount=type=cache,target=/x y\n', []],
]);

holds('BV506', [
  ['missed: pip', 'FROM a\nRUN pip install --trusted-host x.example y\n', ['--trusted-host']],
  ['missed: Poetry', stage('poetry config certificates.x.cert false'), ['certificates.x.cert']],
  ['missed: curl among other letters', 'FROM a\nRUN curl -fksSL https://x.example\n', ['-fksSL']],
  ['missed: git', 'FROM a\nRUN git config --global http.sslVerify false\n', ['http.sslVerify']],
  ['met', stage('poetry config certificates.x.cert /ca.pem'), []],
  ['tricky: on', 'FROM a\nENV PYTHONHTTPSVERIFY=1\nRUN git config http.sslVerify true\n', []],
]);

describe('fixes', () => {
  it.each<readonly [id: string, text: string, from: string, to: string]>([
    ['BV403', stages(`${VENV}\n${RUN}`), RUN, `${PATH}\n${RUN}`],
    ['BV403', stages(`${VENV}\nENTRYPOINT ["python"]\nCMD ["x.py"]`), 'ENTRYPOINT', `${PATH}\nENTRYPOINT`],
    ['BV406', stage('poetry install', { before: OFF }), 'poetry install', 'poetry install --compile'],
    ['BV407', stage('poetry install', { after: 'CMD ["uvicorn", "x", "--reload"]' }), ', "--reload"', ''],
    [
      'BV408',
      stage('poetry install', { after: 'COPY tests ./tests\nCMD ["x"]' }),
      'COPY tests ./tests\n',
      '',
    ],
    ['BV505', 'FROM a\nRUN --mount=type=secret,id=x y\n', 'id=x', 'id=x,required=true'],
  ])('%s: %s', (id, text, from, to) => {
    const at = text.lastIndexOf(from);
    expect(repaired(id, text)).toBe(text.slice(0, at) + to + text.slice(at + from.length));
  });
});

describe('what is told', () => {
  it.each(['BV501', 'BV504'])('holds no secret: %s', (id) => {
    const address = 'https://u:hunter2@x.example/';
    const messages = told(id, `FROM a\nENV PIP_INDEX_URL=${address}\nRUN pip install -i ${address} y\n`);
    expect(messages).toHaveLength(1);
    expect(messages.join()).not.toContain('hunter2');
  });
});
