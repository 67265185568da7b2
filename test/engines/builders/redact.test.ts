import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { redactor } from '../../../src/engines/builders/redact.ts';

describe('secrets in what a build prints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bivy-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'netrc'), 'machine example.org\npassword correct-horse\n\nab\n');
  writeFileSync(join(folder, 'large'), 'x'.repeat(70_000));

  it.each([
    ['a variable', [`id=a,env=TOKEN`], 'the token-value is here', 'the *** is here'],
    ['a variable of the name of the id', ['id=TOKEN'], 'token-value', '***'],
    ['the type before', ['type=env,id=a,env=TOKEN'], 'token-value', '***'],
    [
      'a file, each of its lines',
      [`id=a,src=${join(folder, 'netrc')}`],
      'x password correct-horse y',
      'x *** y',
    ],
    ['a password in a file', [`id=a,src=${join(folder, 'netrc')}`], 'got correct-horse', 'got ***'],
    ['a login in an address', ['id=a,env=ADDRESS'], 'user:pass-word said', 'user:*** said'],
    ['source is src', [`id=a,source=${join(folder, 'netrc')}`], 'machine example.org', '***'],
    ['short lines are words', [`id=a,src=${join(folder, 'netrc')}`], 'ab and abc', 'ab and abc'],
    ['the longer first', ['id=a,env=TOKEN', 'id=b,env=LONGER'], 'token-value-and-more', '***'],
    ['a file that is not there', ['id=a,src=/nowhere/at/all'], 'nothing', 'nothing'],
    ['a file that is no secret', [`id=a,src=${join(folder, 'large')}`], 'xxxxxxx', 'xxxxxxx'],
    ['nothing said', ['nonsense', ''], 'nothing', 'nothing'],
  ])('%s', (_, secrets, text, expected) => {
    const environment = {
      TOKEN: 'token-value',
      LONGER: 'token-value-and-more',
      ADDRESS: 'https://user:pass-word@h/',
    };
    expect(redactor(secrets, environment)(text)).toBe(expected);
  });
});
