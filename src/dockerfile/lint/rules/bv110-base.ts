// T10: the base is one image, today and tomorrow.

import type { Stage } from '../../syntax/stages.ts';
import type { Rule } from '../rule.ts';

export const UNPINNED_BASE: Rule = {
  id: 'BV110',
  technique: 'T10',
  severity: 'warning',
  title: 'every base is pinned to a patch release or a digest',
  fixes: [],
  *check({ graph }) {
    for (const { parent, base, image } of graph.stages) {
      if (parent !== undefined || base === 'scratch' || (base !== undefined && isPinned(base))) continue;
      yield { message: complaint(base, image.raw), span: image.span };
    }
  },
};

/** A digest, or a tag that names a patch release: `python:3.11.9-slim`. */
function isPinned(reference: string): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(reference)) return true;
  const tag = /:([^/:@]+)$/.exec(reference)?.[1];
  return tag !== undefined && /^v?\d+\.\d+\.\d+(?:$|[^0-9])/.test(tag);
}

function complaint(base: Stage['base'], written: string): string {
  if (base === undefined) return `which image \`${written}\` is depends on a variable without a value`;
  return `\`${base}\` is another image every few weeks: name a patch release, or a digest`;
}
