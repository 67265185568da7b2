// `healthcheck` of `[tool.bivy]`: what the engine runs to see whether the container is well.

import { entriesOf, failAt, integerOf, member, type Node, optional, tableOf } from '../kernel/decode.ts';
import { command, unknownKey, word } from './setting-values.ts';

/** As the image configuration has it: `test` begins with `CMD`, `CMD-SHELL` or `NONE`; times are nanoseconds. */
export interface HealthCheck {
  readonly test: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly startPeriod?: number;
}

/** @throws BivyError `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID` */
export function healthCheck(node: Node): HealthCheck {
  const known = ['test', 'interval', 'timeout', 'retries', 'start-period'];
  tableOf(node);
  for (const [name, inner] of entriesOf(node)) {
    if (known.includes(name)) continue;
    throw unknownKey(name, known, '[tool.bivy] healthcheck', inner);
  }
  const arguments_ = command(member(node, 'test'));
  if (arguments_.length === 0)
    return failAt(
      member(node, 'test'),
      'must name a program',
      'write `test = ["NONE"]` to switch the base’s check off',
    );
  const kinds = ['CMD', 'CMD-SHELL', 'NONE'];
  const interval = optional(member(node, 'interval'), duration);
  const timeout = optional(member(node, 'timeout'), duration);
  const startPeriod = optional(member(node, 'start-period'), duration);
  const retries = optional(member(node, 'retries'), (inner) => {
    const count = integerOf(inner);
    return count >= 0 ? count : failAt(inner, `must not be negative: ${count}`);
  });
  return {
    test: kinds.includes(arguments_[0]!) ? arguments_ : ['CMD', ...arguments_],
    ...(interval === undefined ? {} : { interval }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(retries === undefined ? {} : { retries }),
    ...(startPeriod === undefined ? {} : { startPeriod }),
  };
}

const NANOSECONDS: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `30s`, `1m30s`, `500ms` as nanoseconds: at least a millisecond, as Docker wants it, or 0 for the default. */
function duration(node: Node): number {
  const text = word(node);
  if (!/^(\d{1,6}(\.\d{1,3})?(ms|s|m|h))+$/.test(text)) {
    return failAt(node, `is no duration: \`${text}\``, 'write it like `"30s"` or `"1m30s"`');
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * NANOSECONDS[unit!]!;
  const rounded = Math.round(total);
  return rounded === 0 || rounded >= 1e6
    ? rounded
    : failAt(node, `must be at least \`1ms\`, not \`${text}\``);
}
