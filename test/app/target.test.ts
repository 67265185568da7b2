import { describe, expect, it } from 'vitest';
import { chooseBase, choosePlatforms } from '../../src/app/target.ts';
import type { Target } from '../../src/python/target.ts';

const NOTHING = { packages: [], init: false };
const ANY = async (): Promise<boolean> => true;

function project(pythonVersions: string): { pythonVersions: string; file: string } {
  return { pythonVersions, file: 'pyproject.toml' };
}

describe('chooseBase', () => {
  it('takes what is asked for, whatever the project says', async () => {
    const settings = { ...NOTHING, base: 'scratch' };
    expect(await chooseBase(settings, project('<3'), ['linux/amd64'], ANY)).toEqual({ reference: 'scratch' });
  });

  it.each([
    ['>=3.9', 'python:3.14-slim'],
    ['^3.11', 'python:3.14-slim'],
    ['>=3.10,<3.13', 'python:3.12-slim'],
    ['~3.11', 'python:3.11-slim'],
  ])('takes the newest Python that `%s` allows: %s', async (constraint, reference) => {
    const chosen = await chooseBase(NOTHING, project(constraint), ['linux/amd64'], ANY);
    expect(chosen.reference).toBe(reference);
    expect(chosen.reason).toContain('newest that the project allows');
  });

  it('passes a Python for which a package has no wheel on one of the platforms, and says so', async () => {
    const asked: Target[] = [];
    const installable = async (target: Target): Promise<boolean> => {
      asked.push(target);
      return target.python < '3.13' || (target.python < '3.14' && target.platform === 'linux/amd64');
    };
    const chosen = await chooseBase(NOTHING, project('>=3.11'), ['linux/amd64', 'linux/arm64'], installable);
    expect(chosen).toEqual({
      reference: 'python:3.12-slim',
      reason: expect.stringMatching(/3\.12 .*not 3\.14, 3\.13/),
    });
    expect(asked.map(({ platform }) => platform)).toContain('linux/arm64');
  });

  it('takes the newest where none will do, so that the build says what is missing', async () => {
    const chosen = await chooseBase(NOTHING, project('>=3.12'), ['linux/amd64'], async () => false);
    expect(chosen).toEqual({ reference: 'python:3.14-slim' });
  });

  it('is narrowed by the Python that is asked for', async () => {
    const settings = { ...NOTHING, python: '3.12' };
    expect((await chooseBase(settings, project('>=3.9'), ['linux/amd64'], ANY)).reference).toBe(
      'python:3.12-slim',
    );
  });

  it.each([
    [{ packages: ['libpq5'], init: false }, '^3.11', 'debian:12'],
    [{ packages: [], init: true }, '^3.13', 'debian:13'],
  ])(
    'is composed where only that can have what is asked for: %j',
    async (settings, constraint, reference) => {
      const order = await chooseBase(settings, project(constraint), ['linux/amd64'], ANY);
      expect(order.reference).toBe(reference);
    },
  );

  it('refuses a project that allows none, naming what there is', async () => {
    const refused = chooseBase(NOTHING, project('<3.9'), ['linux/amd64'], ANY);
    await expect(refused).rejects.toMatchObject({
      code: 'PYTHON_UNSUPPORTED',
      causes: expect.arrayContaining([expect.stringContaining('python:3.14-slim')]),
      location: { file: 'pyproject.toml' },
    });
  });
});

describe('choosePlatforms', () => {
  it('names each once, in the order given', () => {
    const platforms = ['linux/arm64', 'linux/amd64', 'linux/arm64'];
    expect(choosePlatforms({ platforms })).toEqual(['linux/arm64', 'linux/amd64']);
    expect(choosePlatforms({ platforms: [] })).toEqual([expect.stringMatching(/^linux\//)]);
  });
});
