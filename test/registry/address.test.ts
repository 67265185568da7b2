import { describe, expect, it } from 'vitest';
import { addressOf, isLoopback } from '../../src/registry/address.ts';

function send(location: string, from: string, plain: readonly string[] = []): string {
  try {
    return addressOf(location, from, {
      from: new URL(from),
      domain: new URL(from).host,
      why: 'on with an upload',
      mayBePlain: (url) => plain.includes(url.host),
    }).href;
  } catch (error) {
    return (error as Error).message.replace(/^.* to /, '! ');
  }
}

describe('where a registry sends', () => {
  it.each([
    [
      '/v2/a/blobs/uploads/1?_state=a%2Fb~c',
      'https://r.example/',
      'https://r.example/v2/a/blobs/uploads/1?_state=a%2Fb~c',
    ],
    ['https://r.example/x#part', 'https://r.example/', 'https://r.example/x'],
    ['https://user:pw@store.example/x', 'https://r.example/', 'https://store.example/x'],
    ['//store.example/x', 'https://r.example/', 'https://store.example/x'],
    ['http://127.0.0.1:5001/x', 'http://127.0.0.1:5000/', 'http://127.0.0.1:5001/x'],
    ['http://localhost:5001/x', 'https://localhost:5000/', 'http://localhost:5001/x'],
    [
      'http://r.example:5001/t',
      'http://r.example:5000/',
      '! `http://r.example:5001/t`, which is not encrypted',
    ],
    ['http://r.example/x', 'https://r.example/', '! `http://r.example/x`, which is not encrypted'],
    ['ftp://r.example/x', 'https://r.example/', '! an address that is neither `http:` nor `https:`'],
    ['file:///etc/passwd', 'https://r.example/', '! an address that is neither `http:` nor `https:`'],
    ...[
      'http://127.0.0.1/x',
      'https://127.8.9.1/x',
      'https://localhost/x',
      'https://a.localhost/x',
      'https://localhost./x',
      'https://[::1]/x',
      'https://[::ffff:127.0.0.1]/x',
      'https://[::ffff:169.254.169.254]/x',
      'http://169.254.169.254/latest/meta-data',
      'https://[fe80::1]/x',
      'https://0.0.0.0/x',
      'https://[::]/x',
      'https://2130706433/x',
      'https://0x7f.1/x',
    ].map((to) => [
      to,
      'https://r.example/',
      `! \`${new URL(to).href}\`, which is an address of this machine or its own network`,
    ]),
  ])('%s, of %s: %s', (location, from, expected) => {
    expect(send(location, from)).toBe(expected);
  });

  it('is followed in the clear where the user said that it may', () => {
    expect(send('http://r.example:5001/t', 'http://r.example:5000/', ['r.example:5001'])).toBe(
      'http://r.example:5001/t',
    );
  });

  it.each([
    ['localhost', true],
    ['LOCALHOST', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['128.0.0.1', false],
    ['localhost.example', false],
    ['r.example', false],
  ])('%s is this machine: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
