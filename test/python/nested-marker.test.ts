import { describe, expect, it } from 'vitest';
import { platformMarker, pythonMarker } from '../../src/python/nested-marker.ts';

// Answers of poetry-core 2.5's `create_nested_marker`.
describe('pythonMarker', () => {
  it.each([
    ['*', ''],
    ['^3.7', 'python_version >= "3.7" and python_version < "4.0"'],
    ['3.9.7', 'python_full_version == "3.9.7"'],
    ['3.9', 'python_version == "3.9"'],
    ['<3.8', 'python_version < "3.8"'],
    ['>3.6', 'python_full_version > "3.6.0"'],
    ['<=3.10', 'python_full_version <= "3.10.0"'],
    ['>=3.6.1,<4.0', 'python_full_version >= "3.6.1" and python_version < "4.0"'],
    [
      '~2.7 || ^3.6',
      '(python_version >= "2.7" and python_version < "2.8") or (python_version >= "3.6" and python_version < "4.0")',
    ],
    ['>=2.7, !=3.0.*', '(python_version >= "2.7" and python_version < "3.0") or (python_version >= "3.1")'],
  ] as const)('%s', (text, marker) => {
    expect(pythonMarker(text)).toBe(marker);
  });
});

describe('platformMarker', () => {
  it.each([
    ['*', ''],
    ['linux', 'sys_platform == "linux"'],
    ['!=win32', 'sys_platform != "win32"'],
    ['linux || darwin', 'sys_platform == "linux" or sys_platform == "darwin"'],
    ['!=win32,!=cygwin', 'sys_platform != "win32" and sys_platform != "cygwin"'],
  ] as const)('%s', (text, marker) => {
    expect(platformMarker(text)).toBe(marker);
  });
});
