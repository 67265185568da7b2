// The grammar of environment markers, as Poetry has it (poetry-core, `version/grammars/markers.lark`): a subset of
// PEP 508's. `and` binds tighter than `or`; strings know no escapes; only spaces and tabs are skipped.

/** `NAME OPERATOR "VALUE"`; `swapped` where the value was written first. */
export interface Comparison {
  readonly kind: 'comparison';
  readonly name: string;
  readonly operator: string;
  readonly value: string;
  readonly swapped: boolean;
}

export interface Combination<T> {
  readonly kind: 'all' | 'any';
  readonly parts: readonly T[];
}

export type MarkerTree = Comparison | Combination<MarkerTree>;

/** Where in the text, counted from 0, it stops to be a marker, and what should stand there. */
export interface MarkerFault {
  readonly kind: 'fault';
  readonly at: number;
  readonly wanted: string;
}

const NAMES = [
  'platform.python_implementation',
  'platform_python_implementation',
  'implementation_version',
  'python_implementation',
  'implementation_name',
  'python_full_version',
  'platform_machine',
  'platform_release',
  'platform_version',
  'platform.machine',
  'platform.version',
  'platform_system',
  'python_version',
  'sys.platform',
  'sys_platform',
  'os.name',
  'os_name',
  'extra',
];
const NAME = new RegExp(NAMES.map((name) => name.replace('.', '\\.')).join('|'), 'y');
const OPERATOR = /not in|===|==|>=|<=|!=|~=|>|<|in/y;
const STRING = /'[^']*'|"[^"\n]*?(?<!\\)(?:\\\\)*"/y;
const CONJUNCTION = /and/y;
const DISJUNCTION = /or/y;
const OPEN = /\(/y;
const CLOSE = /\)/y;
const BLANKS = /[ \t]*/y;
/** More than any marker has; keeps a hostile one from exhausting the stack. */
const DEEPEST = 200;

class Fault extends Error {
  readonly at: number;
  readonly wanted: string;

  constructor(at: number, wanted: string) {
    super(wanted);
    this.at = at;
    this.wanted = wanted;
  }
}

/** The tree of `text`, which must not be empty. Chains are flat: `a or b or c` is one combination. */
export function readMarker(text: string): MarkerTree | MarkerFault {
  const reader = new Reader(text);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', at: error.at, wanted: error.wanted };
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): MarkerTree {
    const tree = this.#disjunction();
    if (this.#at < this.#text.length) throw new Fault(this.#at, '`and`, `or` or the end');
    return tree;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    BLANKS.lastIndex = this.#at + found.length;
    this.#at = BLANKS.lastIndex + (BLANKS.exec(this.#text)?.[0].length ?? 0);
    return found;
  }

  #need(pattern: RegExp, wanted: string): string {
    const found = this.#take(pattern);
    if (found === undefined) throw new Fault(this.#at, wanted);
    return found;
  }

  #disjunction(): MarkerTree {
    const parts = [this.#conjunction()];
    while (this.#take(DISJUNCTION) !== undefined) parts.push(this.#conjunction());
    return parts.length === 1 ? parts[0]! : { kind: 'any', parts };
  }

  #conjunction(): MarkerTree {
    const parts = [this.#atom()];
    while (this.#take(CONJUNCTION) !== undefined) parts.push(this.#atom());
    return parts.length === 1 ? parts[0]! : { kind: 'all', parts };
  }

  #atom(): MarkerTree {
    if (this.#at === 0) this.#take(BLANKS);
    if (this.#take(OPEN) === undefined) return this.#comparison();
    if (++this.#depth > DEEPEST) throw new Fault(this.#at, 'fewer parentheses');
    const tree = this.#disjunction();
    this.#need(CLOSE, '`)`');
    this.#depth--;
    return tree;
  }

  #comparison(): Comparison {
    const first = this.#take(NAME);
    if (first !== undefined) {
      const operator = this.#need(OPERATOR, 'a comparison');
      const value = this.#need(STRING, 'a quoted string').slice(1, -1);
      return { kind: 'comparison', name: first, operator, value, swapped: false };
    }
    const value = this.#need(STRING, 'the name of a marker variable').slice(1, -1);
    const operator = this.#need(OPERATOR, 'a comparison');
    const name = this.#need(NAME, 'the name of a marker variable');
    return { kind: 'comparison', name, operator, value, swapped: true };
  }
}
