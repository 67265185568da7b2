import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MARKER, type ProjectFacts, type Rung } from '../../../src/dockerfile/facts.ts';
import { dockerfileLines } from '../../../src/dockerfile/write/dockerfile.ts';
import { generateDockerignore } from '../../../src/dockerfile/write/dockerignore.ts';
import { explainedText, plainText } from '../../../src/dockerfile/write/line.ts';
import { ANNAPURNA, facts } from './facts.ts';

/** Continuations joined: what BuildKit sees as one instruction. */
function linesOf(given: ProjectFacts, rung: Rung = 'best'): string[] {
  return plainText(dockerfileLines(given, rung))
    .replace(/ \\\n +/g, ' ')
    .split('\n');
}

const RUNGS = [0, 1, 2, 3, 4, 5] as const;

describe('the best Dockerfile', () => {
  it('of annapurna is the one that stands in its directory', () => {
    const written = readFileSync(new URL('../../../examples/annapurna/Dockerfile', import.meta.url), 'utf8');
    expect(plainText(dockerfileLines(ANNAPURNA, 'best'))).toBe(written);
    const ignored = readFileSync(
      new URL('../../../examples/annapurna/.dockerignore', import.meta.url),
      'utf8',
    );
    expect(generateDockerignore(ANNAPURNA)).toBe(ignored);
  });

  it('has all seven techniques of the article', () => {
    const lines = linesOf(facts());
    const place = (part: string): number => lines.findIndex((line) => line.includes(part));
    expect(lines.filter((line) => line.includes('poetry==1.4.2'))).toHaveLength(1); // pinned
    expect(lines.some((line) => /^COPY \. /.test(line))).toBe(false); // minimal copies
    expect(place('--only main --no-root')).toBeGreaterThan(0); // no dev dependencies
    expect(place('--mount=type=cache,target=/tmp/poetry_cache')).toBeGreaterThan(0); // no cache in a layer, and cache mounts
    expect(place('COPY pyproject.toml')).toBeLessThan(place('COPY annapurna')); // dependencies before code
    expect(lines.filter((line) => line.startsWith('FROM '))).toHaveLength(3); // multi-stage
    expect(lines.at(-3)).toBe('USER 65532:65532');
  });

  it('gives the builder what packages that come as source need', () => {
    const lines = linesOf(
      facts({
        bases: { buildPackages: ['build-essential', 'libpq-dev'], buildReasons: ['psycopg2: compiled'] },
      }),
    );
    expect(lines).toContain(
      'RUN apt-get update && apt-get install -y --no-install-recommends build-essential libpq-dev && rm -rf /var/lib/apt/lists/*',
    );
    expect(lines).toContain('# psycopg2: compiled');
  });

  it('copies the code of a project that is no package, and installs none', () => {
    const lines = linesOf(
      facts({
        packageMode: false,
        sources: [
          { path: 'app', directory: true },
          { path: 'manage.py', directory: false },
          { path: 'wsgi.py', directory: false },
        ],
      }),
    );
    expect(lines.some((line) => line.includes('poetry build'))).toBe(false);
    expect(lines.some((line) => line.includes('--no-root'))).toBe(false);
    expect(lines).toContain('COPY app ./app');
    expect(lines).toContain('COPY manage.py wsgi.py ./');
    expect(lines.some((line) => line.includes('touch'))).toBe(false);
  });

  it('says `--no-root` for a project that is no package and whose Poetry cannot know', () => {
    const lines = linesOf(facts({ packageMode: false, saysNoRoot: true }));
    expect(lines.filter((line) => line.includes('--no-root'))).toHaveLength(1);
    for (const rung of RUNGS) {
      const text = linesOf(facts({ packageMode: false, saysNoRoot: true }), rung);
      expect(
        text.filter((line) => /poetry install/.test(line)).every((line) => line.includes('--no-root')),
      ).toBe(true);
    }
  });

  it('makes directories for a readme that lies deeper', () => {
    expect(linesOf(facts({ readmes: ['docs/README.md'] }))).toContain(
      'RUN mkdir -p docs && touch docs/README.md',
    );
  });

  it.each([
    [{ only: ['main', 'web'], with: [], without: [] }, '--only main,web'],
    [{ only: [], with: ['web'], without: [] }, '--with web'],
    [{ only: [], with: [], without: ['dev'] }, '--without dev'],
    [{ only: [], with: ['a', 'b'], without: ['dev'] }, '--with a,b --without dev'],
  ])('selects the groups that the settings select', (selection, flags) => {
    expect(linesOf(facts({ selection })).some((line) => line.includes(`${flags} --no-root`))).toBe(true);
  });

  it('leaves byte code out where that is asked for', () => {
    expect(linesOf(facts()).filter((line) => line.includes('compileall'))).toHaveLength(2);
    expect(linesOf(facts({ byteCode: false })).some((line) => line.includes('compileall'))).toBe(false);
  });

  it('has everything that the settings say', () => {
    const lines = linesOf(
      facts({
        image: {
          workdir: '/srv',
          user: 'app:staff',
          env: new Map([
            ['PLAIN', 'a'],
            ['QUOTED', 'say "$HOME" \\ back'],
          ]),
          labels: new Map([['org.example.what', 'a b']]),
          expose: ['8000', '53/udp'],
          volumes: ['/srv/media'],
          writable: ['/srv/tmp dir'],
          stopsignal: 'SIGINT',
          healthcheck: {
            test: ['CMD', 'python', '-c', 'x'],
            interval: 30e9,
            timeout: 1500e6,
            retries: 2,
            startPeriod: 90e9,
          },
          init: true,
          entrypoint: ['serve'],
          cmd: ['--port', '8000'],
          packages: ['libpq5'],
        },
      }),
    );
    const from = lines.findIndex((line) => line.endsWith('AS runtime'));
    expect(lines.slice(from + 2)).toEqual([
      'RUN apt-get update && apt-get install -y --no-install-recommends libpq5 tini && rm -rf /var/lib/apt/lists/*',
      '',
      'RUN groupadd --system staff && useradd --system --gid staff --create-home --shell /usr/sbin/nologin app',
      '',
      'ENV VIRTUAL_ENV=/app/.venv PATH="/app/.venv/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1',
      'ENV PLAIN=a QUOTED="say \\"\\$HOME\\" \\\\ back"',
      'WORKDIR /srv',
      'RUN mkdir -p "/srv/tmp dir" /srv/media && chown app:staff "/srv/tmp dir" /srv/media',
      '',
      '# Slow-changing things first: a code edit moves the last, small layer alone.',
      'COPY --from=builder /app/.venv /app/.venv',
      'COPY --from=application /application /app/.venv',
      '',
      'USER app:staff',
      'LABEL org.example.what="a b"',
      'EXPOSE 8000',
      'EXPOSE 53/udp',
      'VOLUME ["/srv/media"]',
      'STOPSIGNAL SIGINT',
      'HEALTHCHECK --interval=30s --timeout=1500ms --start-period=90s --retries=2 CMD ["python", "-c", "x"]',
      'ENTRYPOINT ["/usr/bin/tini", "--", "serve"]',
      'CMD ["--port", "8000"]',
      '',
    ]);
  });

  it.each([
    [
      '1000',
      'RUN groupadd --gid 1000 nonroot && useradd --uid 1000 --gid 1000 --create-home --shell /usr/sbin/nologin nonroot',
    ],
    ['1000:0', 'RUN useradd --uid 1000 --gid 0 --create-home --shell /usr/sbin/nologin nonroot'],
  ])('makes the user %s', (user, line) => {
    expect(linesOf(facts({ image: { user } }))).toContain(line);
  });

  it('makes no user for root, and none where there is no shell', () => {
    expect(linesOf(facts({ image: { user: 'root' } })).some((line) => /useradd/.test(line))).toBe(false);
    const bare = linesOf(facts({ bases: { family: 'bare' } }));
    expect(
      bare.slice(bare.findIndex((line) => / AS runtime/.test(line))).some((line) => /^RUN/.test(line)),
    ).toBe(false);
  });

  it('speaks Alpine', () => {
    const lines = linesOf(
      facts({ bases: { family: 'alpine', buildPackages: ['build-base'] }, image: { packages: ['libpq'] } }),
    );
    expect(lines).toContain('RUN apk add --no-cache build-base');
    expect(lines).toContain('RUN apk add --no-cache libpq');
    expect(lines).toContain(
      'RUN addgroup -g 65532 nonroot && adduser -D -u 65532 -G nonroot -s /sbin/nologin nonroot',
    );
  });

  it('refuses what an instruction cannot hold', () => {
    expect(() => linesOf(facts({ image: { env: new Map([['A', 'x\ny']]) } }))).toThrow('several lines');
    expect(() => linesOf(facts({ image: { env: new Map([['A B', 'x']]) } }))).toThrow('cannot set');
  });
});

describe('dependencies that lie beside the project', () => {
  const paths = [
    { name: 'shared', path: 'libs/shared', directory: true, develop: true },
    { name: 'wheel', path: 'vendor/wheel-1.0-py3-none-any.whl', directory: false, develop: false },
  ];

  it('are copied before the install; directories after all others, where Poetry can', () => {
    const lines = linesOf(facts({ paths, poetry: { version: '1.8.5' } }));
    const at = lines.findIndex((line) => line.startsWith('COPY pyproject'));
    expect(lines.slice(at, at + 5).map((line) => line.replace(/.*poetry install/, 'install'))).toEqual([
      'COPY pyproject.toml poetry.lock ./',
      'COPY vendor/wheel-1.0-py3-none-any.whl ./vendor/',
      'install --no-interaction --no-ansi --only main --no-root --no-directory',
      'COPY libs/shared ./libs/shared',
      expect.stringMatching(/^install --no-interaction --no-ansi --only main --no-root &&/),
    ]);
    expect(lines).toContain('COPY --from=builder /app/libs/shared /app/libs/shared');
  });

  it('are all copied before the install where Poetry is older than 1.5', () => {
    const lines = linesOf(facts({ paths, poetry: { version: '1.4.2' } }));
    expect(lines.filter((line) => line.includes('poetry install'))).toHaveLength(1);
    expect(lines.some((line) => line.includes('--no-directory'))).toBe(false);
  });

  it('may lie outside of the project: the context is where both are', () => {
    const given = facts({
      path: 'services/api',
      paths: [{ name: 'shared', path: '../../libs/shared', directory: true, develop: false }],
      poetry: { version: '2.1.4' },
    });
    const lines = linesOf(given);
    expect(lines).toContain('WORKDIR /app/services/api');
    expect(lines).toContain('COPY services/api/pyproject.toml services/api/poetry.lock ./');
    expect(lines).toContain('COPY libs/shared /app/libs/shared');
    expect(lines).toContain('COPY --from=builder /app/services/api/.venv /app/services/api/.venv');
    expect(generateDockerignore(given).split('\n')).toEqual([
      MARKER,
      '*',
      '!services/api/pyproject.toml',
      '!services/api/poetry.lock',
      '!services/api/annapurna',
      '!libs/shared',
      '**/__pycache__',
      '**/*.pyc',
      '**/.venv',
      '**/.git',
      '**/node_modules',
      '',
    ]);
  });
});

describe('private sources', () => {
  const given = facts({
    privateSources: [{ name: 'acme-internal', variable: 'POETRY_HTTP_BASIC_ACME_INTERNAL' }],
  });

  it.each([...RUNGS, 'best' as const])(
    'get their logins as secrets on rung %s, in the RUN that needs them',
    (rung) => {
      const lines = linesOf(given, rung);
      const installs = lines.filter((line) => /^RUN .*poetry install/.test(line));
      expect(installs.length).toBeGreaterThan(0);
      for (const line of installs) {
        expect(line).toContain('--mount=type=secret,id=POETRY_HTTP_BASIC_ACME_INTERNAL_PASSWORD');
        expect(line).toContain('export "$name=$(cat "/run/secrets/$name")"');
      }
      expect(lines.some((line) => /^(ARG|ENV) .*HTTP_BASIC/.test(line))).toBe(false);
    },
  );
});

describe('the rungs', () => {
  it.each(RUNGS)('%i begins with the marker that lets bivy write over it', (rung) => {
    expect(linesOf(facts(), rung)[0]).toBe(MARKER);
  });

  it('add one technique each', () => {
    const has = (rung: Rung, part: RegExp): boolean => linesOf(facts(), rung).some((line) => part.test(line));
    const which = (part: RegExp): readonly number[] => RUNGS.filter((rung) => has(rung, part));
    expect(which(/poetry==1\.4\.2/)).toEqual([1, 2, 3, 4, 5]);
    expect(which(/--without dev/)).toEqual([1, 2, 3, 4, 5]);
    expect(which(/rm -rf \$POETRY_CACHE_DIR/)).toEqual([2, 3, 4]);
    expect(which(/--no-root/)).toEqual([3, 4, 5]);
    expect(which(/^FROM .*slim/)).toEqual([4, 5]);
    expect(which(/--mount=type=cache/)).toEqual([5]);
  });

  it('0 pins Poetry where the newest could do nothing', () => {
    const given = facts({ poetry: { version: '1.1.15', newestFails: 'it reads no such lock' } });
    expect(linesOf(given, 0)).toContain('RUN pip install poetry==1.1.15 "virtualenv<20.31" "setuptools<71"');
    expect(linesOf(facts(), 0)).toContain('RUN pip install poetry');
  });
});

describe('explained', () => {
  it.each([...RUNGS, 'best' as const])('rung %s is the same file with its reasons above', (rung) => {
    const lines = dockerfileLines(facts(), rung);
    const explained = explainedText(lines);
    expect(explained).toContain('#  ');
    expect(
      explained
        .split('\n')
        .filter((line) => !line.startsWith('#  '))
        .join('\n'),
    ).toBe(plainText(lines));
  });

  it('names the technique of a line', () => {
    const techniques = dockerfileLines(facts(), 'best').flatMap(({ technique }) => technique ?? []);
    expect(new Set(techniques)).toEqual(new Set(['T1', 'T2', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10']));
  });
});

describe('paths that need care', () => {
  it('are taken literally by COPY and by .dockerignore', () => {
    const given = facts({
      packageMode: false,
      sources: [
        { path: 'a dir', directory: true },
        { path: 'odd[1]', directory: true },
        { path: 'pay$', directory: true },
      ],
    });
    const lines = linesOf(given);
    expect(lines).toContain('COPY ["a dir", "./a dir"]');
    expect(lines).toContain('COPY ["odd[[]1]", "./odd[1]"]');
    expect(lines).toContain('COPY pay\\$ ./pay\\$');
    expect(generateDockerignore(given)).toContain('!odd\\[1\\]\n');
  });
});
