import { describe, expect, it } from 'vitest';
import { canonicalExpression, classifyLicense } from '../../src/wheels/licenses.ts';

describe('licence expressions', () => {
  it.each([
    ['mit', 'MIT'],
    ['MIT or (apache-2.0 AND bsd-2-clause)', 'MIT OR (Apache-2.0 AND BSD-2-Clause)'],
    ['gpl-2.0-or-later with classpath-exception-2.0', 'GPL-2.0-or-later WITH Classpath-exception-2.0'],
    ['(mit)', '(MIT)'],
    ['licenseref-My.Own-1', 'LicenseRef-My.Own-1'],
    ['gpl-2.0+', 'GPL-2.0+'],
    ['apache-2.0+', 'Apache-2.0+'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalExpression(text)).toBe(canonical);
  });

  it.each([
    '',
    '(mit',
    'mit)',
    '()',
    'mit or',
    'or mit',
    'mit apache-2.0',
    'use-it-after-midnight',
    'mit with bison',
    'mit with',
    'LicenseRef-a_b',
    'mit (apache-2.0)',
    '(mit) with classpath-exception-2.0',
  ])('%j is none', (text) => {
    expect(canonicalExpression(text)).toBeUndefined();
  });
});

describe('licences by name', () => {
  it.each([
    ['mit', 'MIT', 'License :: OSI Approved :: MIT License'],
    ['MIT License', 'MIT', 'License :: OSI Approved :: MIT License'],
    ['apache-2.0', 'Apache-2.0', 'License :: OSI Approved :: Apache Software License'],
    ['Apache License 2.0', 'Apache-2.0', 'License :: OSI Approved :: Apache Software License'],
    ['isc', 'ISC', 'License :: OSI Approved'],
    ['cc0-1.0', 'CC0-1.0', 'License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication'],
    ['wtfpl', 'WTFPL', 'License :: Other/Proprietary License'],
    ['PROPRIETARY', 'Proprietary', 'License :: Other/Proprietary License'],
    ['All rights reserved', 'All rights reserved', 'License :: Other/Proprietary License'],
  ])('%s is %s', (text, id, classifier) => {
    expect(classifyLicense(text)).toEqual({ id, classifier });
  });
});
