// Every rule, in the order of their ids. A rule that is not here does not exist.

import type { Rule } from '../rule.ts';
import { SYNTAX } from './bv001-syntax.ts';
import { NOT_TEXT } from './bv002-text.ts';
import { IGNORE_FAULT, UNUSED_IGNORE } from './bv003-ignores.ts';
import { FURTHER_RULES } from './further.ts';
import { TECHNIQUE_RULES } from './techniques.ts';

export const RULES: readonly Rule[] = [
  SYNTAX,
  NOT_TEXT,
  IGNORE_FAULT,
  UNUSED_IGNORE,
  ...TECHNIQUE_RULES,
  ...FURTHER_RULES,
];
