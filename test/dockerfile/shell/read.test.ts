// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the shell
import { describe, expect, test } from 'vitest';
import { commandLine, read } from './support.ts';

/** Each command as one line: how it is joined, `?` may not run, `$` substituted, `#n` branch, its words. */
const TABLE: readonly (readonly [
  text: string,
  commands: readonly string[],
  variables?: Record<string, string>,
])[] = [
  ['poetry install --only main', ['start poetry install --only main']],
  ['  poetry  \t install ', ['start poetry install']],
  ['a && b || c; d & e | f', ['start a', '&& b', '|| ? c', '; d', '& e', '| f']],
  ['a &&b||c;d&e|f', ['start a', '&& b', '|| ? c', '; d', '& e', '| f']],
  ['a\nb\n\n  # nothing\nc # d', ['start a', '; b', '; c']],
  ['a\r\nb\r\n', ['start a', '; b']],
  ['a && # why\n b', ['start a', '&& b']],
  ['a \\\n  --b', ['start a --b']],
  ['a# b#c', ['start a# b#c']],
  ['set -eux; a', ['start set -eux', '; a']],
  ['! a', ['start a']],
  ['(a; b) && { c; d; }', ['start a', '; b', '&& c', '; d']],
  ['a || { b && exit 1; }', ['start a', '|| ? b', '&& ? exit 1']],
  // Quotes.
  [`echo 'a b' "c d" e\\ f 'g'"h"i`, ['start echo <a b> <c d> <e f> ghi']],
  [`echo "" '' x""`, ['start echo <> <> x']],
  ['echo "a\\"b\\\\c\\d\\$e\\`f"', ['start echo a"b\\c\\d$e`f']],
  ["echo $'a\\tb\\x41\\'\\u00e9' $\"x\"", ["start echo <a\tbA'é> x"]],
  ['echo "a\\\nb" \'c\\\nd\'', ['start echo ab <c\\\nd>']],
  [`sh -c "poetry install && echo 'x'"`, ["start sh -c <poetry install && echo 'x'>"]],
  ['echo {a,b} *.py ~/x [ab]', ['start echo {a,b} *.py ~/x [ab]']],
  ['echo a=b {} }', ['start echo a=b {} }']],
  // Variables.
  ['p==$V $V "$V" x${V}y', ['start p==1 1 1 x1y'], { V: '1' }],
  ['a $F "$F" --x=$F', ['start a b c <b  c> --x=b c'], { F: 'b  c' }],
  ['a $E "$E" b', ['start a <> b'], { E: '' }],
  ['a $U "$U" x${U}y $1 $? $@ $$', ['start a _ _ x_y _ _ _ _']],
  ['a $ $% "$"', ['start a $ $% $']],
  ['${U:-a b} "${U:-a b}" ${U-c} ${U:+d} ${U+d}e', ['start a b <a b> c e']],
  ['x ${V:-a} ${V:+a b} ${V-a} ${V+a}', ['start x 1 a b 1 a'], { V: '1' }],
  ['x ${E:-a} ${E-a} ${E:+a} ${E+a}', ['start x a a'], { E: '' }],
  ['x ${U:-$V} ${U:-"$V b"} ${U:-${W:-2}}', ['start x 1 <1 b> 2'], { V: '1' }],
  ['x ${U:=a} $U', ['start x a a']],
  ['x ${U:?no} ${V:?no}', ['start x _ 1'], { V: '1' }],
  ['x ${V%.*} ${V%%.*} ${V#*.} ${V##*.} ${V#3}', ['start x 3.11 3 11.4 4 .11.4'], { V: '3.11.4' }],
  [
    'x ${V/./-} ${V//./-} ${V/.} ${V:0:4} ${V:2} ${#V}',
    ['start x 3-11.4 3-11-4 311.4 3.11 11.4 6'],
    { V: '3.11.4' },
  ],
  ['x ${V%$U} ${V//[.]/-} ${V[0]} ${!V} ${V@Q}', ['start x _ _ _ _ _'], { V: '3' }],
  ['x ${HOME:-/root}', ['start x _']],
  ['x ${V^^} ${W,,}', ['start x AB cd'], { V: 'ab', W: 'CD' }],
  ['x $((1 + 2)) $(( $(y) ))', ['start $ y', 'start x _ _']],
  // Assignments.
  ['X=1 a $X', ['start X=1 a _']],
  ['X=1; a $X', ['start X=1', '; a 1']],
  ['X=1 Y=$X; a $Y', ['start X=1 Y=1', '; a 1']],
  ['X="a b"; a $X "$X"', ['start X=<a b>', '; a a b <a b>']],
  ['export X=1 Y="a b" && a $X "$Y"', ['start export X=1 <Y=a b>', '&& a 1 <a b>']],
  ['X=a; X+=b; c $X', ['start X=a', '; X=b', '; c ab']],
  ['X=(a b); c $X ${X[@]}', ['start X=ab', '; c _ _']],
  ['X=$(y); c $X ${X:-z}', ['start $ y', 'start X=_', '; c _ _']],
  ['X=1; unset X; c ${X:-2} ${X}3', ['start X=1', '; unset X', '; c 2 3']],
  ['X=1; read X; c $X', ['start X=1', '; read X', '; c _']],
  ['X=1; if t; then X=2; fi; c $X', ['start X=1', '; t', '; ?#0 X=2', '; c _']],
  ['if t; then X=2; else X=2; fi; c $X', ['start t', '; ?#0 X=2', '; ?#1 X=2', '; c 2']],
  ['X=1; t || X=2; c $X', ['start X=1', '; t', '|| ? X=2', '; c _']],
  ['(X=1; a $X); b $X', ['start X=1', '; a 1', '; b _']],
  ['X=1; y | X=2; b $X', ['start X=1', '; y', '| X=2', '; b 1']],
  ['N=0; while [ $N ]; do N=1; done', ['start N=0', '; [ _ ]', '; ? N=1']],
  // Substitutions come before what they stand in.
  ['a $(b c) `d`', ['start $ b c', 'start $ d', 'start a _ _']],
  ['a "x $(b "$(c)")"', ['start $ c', 'start $ b _', 'start a <x _>']],
  ['a `b \\`c\\``', ['start $ c', 'start $ b _', 'start a _']],
  [
    'poetry install $(if [ "$E" = p ]; then echo "--no-dev"; fi)',
    ['start $ [ _ = p ]', '; $?#0 echo --no-dev', 'start poetry install _'],
  ],
  ['a ${U:-$(b)}', ['start $ b', 'start a _']],
  ['a <(b) >(c)', ['start $ b', 'start $ c', 'start a _ _']],
  ['a $((b); c)', ['start $ b', '; $ c', 'start a _']],
  // Redirects.
  ['pip install poetry>=2.0.0', ['start pip install poetry {> =2.0.0}']],
  ['a > f 2>&1 <g >>h &>i 3<>j >|k', ['start a {> f} {2>& 1} {< g} {>> h} {&> i} {3<> j} {>| k}']],
  ['a2>f 2 >g', ['start a2 2 {> f} {> g}']],
  ['a <<< "x $V"', ['start a {<<< x 1}'], { V: '1' }],
  ['{ a; b; } > f', ['start a', '; b']],
  // Compounds.
  [
    'if a; then b; elif c; then d; else e; fi && f',
    ['start a', '; ?#0 b', '; ? c', '; ?#1 d', '; ?#2 e', '&& f'],
  ],
  ['if a\nthen\n  b\nfi', ['start a', '; ?#0 b']],
  ['if ! a -q b; then c; fi', ['start a -q b', '; ?#0 c']],
  ['for i in a b; do c $i; done; d', ['; c _', '; d']],
  ['for i in a; do c $i; done', ['; c a']],
  ['for i; do c; done', ['; c']],
  ['for ((i=0; i<3; i++)); do c; done', ['; c']],
  ['until a; do sleep 1; done', ['start a', '; ? sleep 1']],
  ['case "$A" in x86|amd64) a ;; (arm*) b;; *) c; esac; d', ['; ?#0 a', '; ?#1 b', '; ?#2 c', '; d']],
  ['f() { a; }; f; function g { b; }', ['; ? a', '; f', '; ? b']],
  ['[ -f x ] && a || b', ['start [ -f x ]', '&& ?#0 a', '|| ?#1 b']],
  ['[ -f x ] && a; b', ['start [ -f x ]', '&& ? a', '; b']],
  ['[ -f x ] && a', ['start [ -f x ]', '&& a']],
  ['[ -f x ] || a && b', ['start [ -f x ]', '|| ? a', '&& b']],
  ['a && b || true', ['start a', '&& b', '|| ? true']],
  ['command -v a && b; c', ['start command -v a', '&& ? b', '; c']],
  ['[[ $A =~ ^(x|y)$ && -n b ]] || c', ['start [[ _ =~ ^ ( x | y ) $ && -n b ]]', '|| ? c']],
  ['((i++)); a', ['; a']],
  ['rm -rf !(a|b) && c', ['start rm -rf !(a|b)', '&& c']],
  // Templates of other languages pass as words.
  ['{% if x %} a {% endif %}', ['start {% if x %} a {% endif %}']],
  ['pip install poetry=={{ version }}', ['start pip install poetry=={{ version }}']],
];

describe('the commands of a script', () => {
  test.each(TABLE)('%j', (text, commands, variables = {}) => {
    const script = read(text, variables);
    expect(script.commands.map(commandLine)).toEqual(commands);
    expect(script.unread).toEqual([]);
  });
});
