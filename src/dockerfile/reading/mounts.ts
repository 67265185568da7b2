// The mounts of a RUN by what they mean, whatever their keys are called.

import type { Instruction, Span } from '../syntax/ast.ts';
import { mountFields } from '../syntax/mounts.ts';

export interface Mount {
  /** `bind` where nothing is said. */
  readonly type: string;
  /** As written, variables not put in. */
  readonly target: string | undefined;
  readonly source: string | undefined;
  /** A stage or an image. */
  readonly from: string | undefined;
  /** Of the flag's value. */
  readonly span: Span;
  /** Of `target=…`; of the whole value where none is said or it has no place of its own. */
  readonly targetSpan: Span;
}

/** In the order written; empty for other instructions than RUN, and without those that BuildKit refuses. */
export function readMounts(instruction: Instruction): readonly Mount[] {
  if (instruction.keyword !== 'RUN') return [];
  return instruction.flags.flatMap((flag) => {
    const fields = flag.name === 'mount' && flag.value !== undefined ? mountFields(flag) : undefined;
    if (fields === undefined) return [];
    const find = (...keys: readonly string[]) => fields.find(({ key }) => keys.includes(key));
    const target = find('target', 'dst', 'destination');
    return [
      {
        type: find('type')?.value ?? 'bind',
        target: target?.value,
        source: find('source', 'src')?.value,
        from: find('from')?.value,
        span: flag.valueSpan,
        targetSpan: target?.span ?? flag.valueSpan,
      },
    ];
  });
}
