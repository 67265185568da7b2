import { describe, expect, it } from 'vitest';
import { markerAllowsPython } from '../../src/python/python-clauses.ts';
import { parseVersion } from '../../src/python/version.ts';

// As `Dependency.python_constraint` of poetry-core answers.
describe('markerAllowsPython', () => {
  it.each([
    ['python_version <= "3.11.2"', '3.11.2', true],
    ['python_version <= "3.11.2"', '3.11.11', false],
    ['python_version <= "3.11"', '3.11.11', true],
    ['python_version > "3.11"', '3.11.11', false],
    ['python_version == "3.11"', '3.11.4', true],
    ['python_version == "3.11" and sys_platform == "win32"', '3.12.0', false],
    ['python_version == "3.11" or sys_platform == "win32"', '3.12.0', true],
    ['python_version in "3.10 3.11"', '3.11.4', true],
    ['python_version not in "3.10, 3.11"', '3.11.4', false],
    ['python_full_version < "3.11.5"', '3.11.4', true],
    ['python_version != "3.11"', '3.11.4', false],
    ['sys_platform == "win32"', '3.11.4', true],
    ['', '3.11.4', true],
  ] as const)('%s on %s', (marker, python, expected) => {
    expect(markerAllowsPython(marker, parseVersion(python)!, '2.4')).toBe(expected);
    expect(markerAllowsPython(marker, parseVersion(python)!, '1.9')).toBe(expected);
    expect(markerAllowsPython(marker, parseVersion(python)!, '1.0')).toBe(true);
  });
});
