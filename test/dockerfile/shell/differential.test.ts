// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the shell
// What the reader says of a script against what /bin/sh does with it: programs are functions that tell their words.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { read } from './support.ts';

const VARIABLES = { V: '3.11.4', F: 'b  c', E: '' };

/** Ends of a word, a command, a script, in what the programs tell. */
const [WORD, COMMAND, SCRIPT] = ['\x1e', '\x1f', '\x1d'] as const;

const PRELUDE = `
tell() { for word; do printf '%s\\036' "$word" >&9; done; printf '\\037' >&9; }
a() { tell a "$@"; }
b() { tell b "$@"; }
h() { tell h "$@" "$(cat; printf x)"; }
n() { tell n "$@"; return 1; }
`;

/** What each script's programs were told, as the shell has it. */
function run(scripts: readonly string[]): readonly (readonly (readonly string[])[])[] {
  const lines = scripts.map((script) => `( eval '${script.replaceAll("'", `'\\''`)}' ) ; printf '\\035' >&9`);
  const { stdout, status, stderr } = spawnSync(
    '/bin/sh',
    ['-c', `exec 9>&1 >&2\n${PRELUDE}\n${lines.join('\n')}`],
    {
      cwd: tmpdir(),
      env: VARIABLES,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`/bin/sh failed: ${stderr}`);
  return split(stdout, SCRIPT).map((script) => split(script, COMMAND).map((command) => split(command, WORD)));
}

function split(text: string, end: string): readonly string[] {
  return text.split(end).slice(0, -1);
}

/** The commands that surely run, as the reader has them; a word that is unknown in part is a pattern. */
function say(script: string): readonly (readonly string[])[] {
  return read(script, VARIABLES)
    .commands.filter(({ words, conditional }) => words.length > 0 && !conditional)
    .filter(({ words }) => /^[abhn]$/.test(words[0]?.value ?? ''))
    .map(({ words, input }) => [
      ...words.map(({ pattern }) => pattern),
      ...(input === undefined ? [] : [`${input}x`]),
    ]);
}

function agree(script: string, told: readonly (readonly string[])[]): void {
  const said = say(script);
  const context = JSON.stringify({ script, said, told });
  expect(said.length, context).toBe(told.length);
  said.forEach((words, index) => {
    const real = told[index] ?? [];
    expect(words.length, context).toBe(real.length);
    for (const [at, word] of words.entries()) {
      const pattern = new RegExp(`^${word.split('\0').map(quoted).join('[^]*')}$`);
      expect(real[at], context).toMatch(pattern);
    }
  });
}

function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

const LISTED = [
  `a 'x y' "x  y" x\\ y "" ''`,
  'a "a\\"b\\\\c\\d\\$e\\`f" \\"',
  'a $V "$F" $F x${F}y "x${F}y" $E "$E"',
  'a ${U:-d e} "${U:-d e}" ${V:+y} "${U:+z}" ${E:-d} "${E-d}" x${E:+z}',
  'a ${V%.*} ${V%%.*} ${V#*.} ${V##*.} ${V%4} ${V#?} "${F%% *}" "${#V}"',
  'a "${U:-"q r"}" ${U:-"q r"} "${U:-it\'s}"',
  'X=1; Y=$X$V; a $Y; X="p q"; a $X "$X"; a ${X:=2} "${Z:=3}" $Z',
  'export X=1 Y="p q"; a $X "$Y"',
  'X=1 a "${X:-unset}"',
  'a "x$(b "$V" \'y\')z" "`b x\\`a 1\\` \\"q\\"`"',
  'a $((1 + 2)) "$(( (1 + 2) * 3 ))"',
  '(a 1; X=2); { a "$V"; }; a "${X:-3}"',
  'a 1 && b 2 || a 3; ! a 4; if a 5; then : 6; else b 7; fi; n 8 || : 9',
  'h <<E\nx $V ${U:-d} \\$V "q" \\\n y\nE\na 1',
  "h <<'E'\nx $V \\\\ \nE\nh <<-T\n\tx\n\t\ty\n\tT",
  'h <<A - ; a 2\nx\nA\na 3',
  'a x>=2.0 2>/dev/null >/dev/null y; rm -f =2.0',
  'a 1 # b 2\n# a 3\nb#c 2>/dev/null\na b#c',
  'a \\\n 1 "x\\\ny" \'x\\\ny\' # \\\na 2',
  'a=1; a $a; a a=1 $a=2',
  'case $V in 3.*) : ;; *) : ;; esac; a 1',
  'for i in x; do a $i; done; a $i',
  'f() { : "$1"; }; f x; a if then fi { } !',
  'false && a 1; a 2',
  'a "$E"$E"" $E""',
  'a [x] *.nothing ?x~ x~y x=~',
  'unset V; a ${V:-w} "$V"',
  "a ''$F'' \"$F\"$F",
];

const known = [
  fc.stringMatching(/^[a-z0-9=.,:/+%@^-]{1,3}$/),
  fc.stringMatching(/^[a-z "$\\`#;&|<>(){}]{0,4}$/).map((text) => `'${text}'`),
  fc.stringMatching(/^[a-z '#;&|<>(){}]{0,4}$/).map((text) => `"${text}"`),
  fc.constantFrom('\\ ', '\\"', "\\'", '\\$', '\\\\', '\\;', '"\\\\"', '"\\$V"', '"\\a"', '\\\n'),
  fc.constantFrom('${V}', '"$F"', '${F}', '${E}', '"$E"', '${X}', '"$X"', '"${V%.*}"', '${V##*.}'),
  fc.constantFrom('${U:-d}', '${U:-d e}', '"${U:-d  e}"', '${V:+p q}', '${E:-$F}', '${E-z}', '${F#* }'),
];
/** Quoted, as the reader cannot know that they come to nothing. */
const unknown = fc.constantFrom(
  ...['"$U"', '"x${U}y"', '"$(a "1 2")"', '"`b 1`"', '"$(a \'x)\'; b)"', '"$((1+1))"', '"${U:-$(b)}"'],
);
const knownWord = fc.array(fc.oneof(...known), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
const word = fc
  .array(fc.oneof(...known, unknown), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''));
const body = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[a-z "'#;&|<>()]{0,4}$/),
      fc.constantFrom(
        '$V ',
        '${V}',
        '${U:-d e}',
        '"$F"',
        '\\$V',
        '\\\\',
        '\\"',
        '\\\n',
        '$ ',
        '${U:-"q"}',
        '${V#3}',
      ),
      unknown,
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));
const simple = fc
  .record({
    program: fc.constantFrom('a', 'b'),
    words: fc.array(word, { maxLength: 4 }),
    tail: fc.constantFrom('', ' >/dev/null', ' 2>&1', ' # c'),
  })
  .map(({ program, words, tail }) => `${program} ${words.join(' ')}${tail}${tail === ' # c' ? '\n' : ''}`);
const command = fc.oneof(
  { weight: 5, arbitrary: simple },
  { weight: 1, arbitrary: knownWord.map((value) => `X=${value}`) },
  { weight: 1, arbitrary: simple.map((inner) => `( ${inner}\n)`) },
  { weight: 1, arbitrary: simple.map((inner) => `{ ${inner}\n}`) },
  { weight: 1, arbitrary: body.map((text) => `h <<E\n${text}\nE\n`) },
);
const script = fc
  .array(fc.tuple(command, fc.constantFrom(' && ', '; ', '\n')), { minLength: 1, maxLength: 4 })
  .map((parts) =>
    parts.map(([text, end]) => `${text}${/[^\\]\n$/.test(text) && end !== '\n' ? '' : end}`).join(''),
  )
  .map((text) => `X=1; ${text.replace(/ && $/, '')}`);

// Everywhere else than on Windows there is one.
test.skipIf(!existsSync('/bin/sh'))('a real shell agrees (needs /bin/sh)', () => {
  const told = run(LISTED);
  for (const [index, each] of LISTED.entries()) agree(each, told[index] ?? []);
  fc.assert(
    fc.property(fc.array(script, { minLength: 60, maxLength: 60 }), (scripts) => {
      const real = run(scripts);
      for (const [index, each] of scripts.entries()) agree(each, real[index] ?? []);
    }),
    { numRuns: 4, endOnFailure: true },
  );
});
