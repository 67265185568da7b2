// The licence of a project as an SPDX expression, where what it says is one.

import type { License } from '../project/project.ts';

/** In canonical spelling; `undefined` where the project names none that SPDX knows, or a file. */
export async function licenseExpression(license: License | null): Promise<string | undefined> {
  if (license === null || license.kind === 'file') return undefined;
  const { canonicalExpression, classifyLicense } = await import('../wheels/licenses.ts');
  return canonicalExpression(license.text) ?? canonicalExpression(classifyLicense(license.text).id);
}
