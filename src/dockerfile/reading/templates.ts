// Templates of Dockerfiles (Jinja, as cookiecutter has them): their tags are put out of the way so that what stands around
// them can be read. Every character keeps its place.

import { UNKNOWN } from '../syntax/lex.ts';

const TAG_LINE = /^([ \t]*)\{(?=[%#])([^\r\n]*[%#]\}[ \t]*)(?=\r?$)/gm;
const VALUE = /(\w?)(\{\{[^{}\r\n]*\}\})/g;

/** Whether the text has a line that is nothing but a tag, or a value to be put in where an image stands. */
export function isTemplate(text: string): boolean {
  return text.includes('{%') ? text.search(TAG_LINE) >= 0 : /^\s*FROM\s[^\r\n]*\{\{/im.test(text);
}

/** Lines of tags as comments, which a continued line may have between; values as what is not known. */
export function maskTemplate(text: string): string {
  return text
    .replace(TAG_LINE, (_, indent: string, rest: string) => `${indent}#${rest}`)
    .replace(
      VALUE,
      (_, before: string, value: string) =>
        // Within a name it stays one.
        before + (before === '' ? UNKNOWN : '_').repeat(value.length),
    );
}
