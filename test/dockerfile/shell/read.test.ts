// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are of the shell
import { describe, expect, test } from 'vitest';
import { readShell } from '../../../src/dockerfile/shell/read.ts';
import { placeOf } from '../../../src/dockerfile/shell/source.ts';
import { commandLine, logical, read } from './support.ts';

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
  for (const [text, commands, variables = {}] of TABLE) {
    test(JSON.stringify(text), () => {
      const script = read(text, variables);
      expect(script.commands.map(commandLine)).toEqual(commands);
      expect(script.unread).toEqual([]);
    });
  }
});

/** Where a text is no shell, what of it is read all the same, and what not. */
const BROKEN: readonly (readonly [text: string, commands: readonly string[], unread: readonly string[]])[] = [
  ['a && echo "b', ['start a', '&& echo _'], ['"b']],
  ["a 'b", ['start a _'], ["'b"]],
  ['a `b', ['start a _'], ['`b']],
  ['a $(b', ['start $ b', 'start a _'], ['$(b']],
  ['a ${b', ['start a _'], ['${b']],
  ['foo(bar) && c', ['start foo'], ['(bar) && c']],
  ['a && && b', ['start a', '; b'], ['&&', '&']],
  ['a &&', ['start a'], ['&&']],
  ['a |', ['start a'], ['|']],
  ['a ) b', ['start a'], [') b']],
  ['a; fi; b', ['start a', '; b'], ['fi;']],
  ['if a; then b', ['start a', '; ?#0 b'], ['if a; then b']],
  ['a >', ['start a {> }'], ['>']],
  ['cat <<E\nx', ['start cat {<< x}'], ['x']],
];

describe('what is no shell', () => {
  for (const [text, commands, unread] of BROKEN) {
    test(JSON.stringify(text), () => {
      const script = read(text);
      expect(script.commands.map(commandLine)).toEqual(commands);
      expect(script.unread.map(({ start, end }) => text.slice(start, end))).toEqual(unread);
    });
  }

  test('another shell is not read', () => {
    const text = 'Write-Host "a"; b';
    const script = readShell(logical(text), { variables: new Map(), shell: 'powershell' });
    expect(script).toEqual({ commands: [], variables: new Map(), unread: [{ start: 0, end: text.length }] });
  });
});

describe('variables behind a script', () => {
  test('are those that it assigned', () => {
    const { variables } = read('A=1; export B=$A C; (D=1); E=1 x; F=$(y); [ -d /a ] && G=1; H=1', { Z: '1' });
    expect(Object.fromEntries(variables)).toEqual({ A: '1', B: '1', F: undefined, G: undefined, H: '1' });
  });

  test.each([
    ['[ "$Z" = 1 ] && A=1', '1'],
    ['[ "$Z" = 2 ] && A=1', '0'],
    ['! [ "$Z" = 2 ] && A=1', '1'],
    ['[ "$Z" = 2 ] || A=1', '1'],
    ['[ "$Z" = 1 ] || A=1', '0'],
    ['[ "$Z" = 1 ] && [ -n "$Y" ] && A=1', '0'],
    ['[ "$(x)" = 1 ] && A=1', undefined],
    ['[ "$Z" = 1 ] && B=2 && A=1', '1'],
    ['B=$(x) || A=1', undefined],
    ['[ "$Z$Y" = 1 ] && A=1', '1'],
    ['B=$(x); [ "$B" = 1 ] && A=1', undefined],
    ['if [ "$Z" = 1 ]; then A=1; else A=2; fi', '1'],
    ['if [ "$Z" != 1 ]; then A=1; else A=2; fi', '2'],
    ['if [ "$Z" != 1 ]; then A=1; fi', '0'],
    ['if [ "$Z" = 2 ]; then A=1; elif [ -z "$Y" ]; then A=2; else A=3; fi', '2'],
    ['if x; then A=1; elif [ "$Z" = 1 ]; then A=2; else A=3; fi', undefined],
    ['if x; then A=2; elif [ "$Z" = 1 ]; then A=2; else A=3; fi', '2'],
    ['if [ "$Z" = 1 ] && x; then A=1; fi', undefined],
    ['if [ "$TARGETARCH" = arm64 ]; then A=1; fi', undefined],
  ])('are those of the branch that is taken: %s', (script, expected) => {
    const { variables } = read(`A=0; ${script}; y`, { Z: '1', TARGETARCH: undefined });
    expect(variables.get('A')).toBe(expected);
  });

  test('do not grow without bound', () => {
    const text = `X=aaaaaaaaaa${';X=$X$X$X$X'.repeat(40)};b $X`;
    expect(read(text).commands.at(-1)?.words[1]?.value).toBeUndefined();
  });
});

describe('places', () => {
  /** A name in a word and what stands at its place. */
  const places: readonly (readonly [text: string, index: number, part: string, place: string | undefined])[] =
    [
      ['pip install poetry', 2, 'poetry', 'poetry'],
      ['pip install "poetry"', 2, 'poetry', 'poetry'],
      [`pip install 'po'et"ry"`, 2, 'poetry', `po'et"ry`],
      ['pip install "poetry==$V"', 2, 'poetry', 'poetry'],
      ['pip install "poetry==$V"', 2, '==1', undefined],
      ['pip install po\\etry', 2, 'poetry', undefined],
      ['poetry install ${U:---no-dev}', 2, '--no-dev', '--no-dev'],
      ['X=1 poetry `a`install', 1, 'install', 'install'],
    ];
  for (const [text, index, part, place] of places) {
    test(JSON.stringify([text, part]), () => {
      const word = read(text, { V: '1' }).commands.at(-1)?.words[index];
      if (word === undefined) throw new Error('no such word');
      const at = word.pattern.indexOf(part);
      const span = placeOf(word, at, at + part.length);
      expect(span && text.slice(span.start, span.end)).toBe(place);
    });
  }

  test('an insertion stands behind the character before it, also within quotes', () => {
    const text = 'pip install "poetry"';
    const word = read(text).commands[0]?.words[2];
    expect(word && placeOf(word, 6, 6)).toEqual({ start: 19, end: 19 });
  });

  test('spans are those of the file', () => {
    const script = readShell(logical('a; b "c d" >e', 100), { variables: new Map() });
    expect(script.commands.map(({ span }) => span)).toEqual([
      { start: 100, end: 101 },
      { start: 103, end: 113 },
    ]);
    expect(script.commands[1]?.words[1]?.span).toEqual({ start: 105, end: 110 });
    expect(script.commands[1]?.redirects[0]?.span).toEqual({ start: 111, end: 113 });
  });
});

describe('heredocs', () => {
  test('in the text', () => {
    const script = read('cat <<A <<-"B" >f; c\nx $V\nA\n\ty $V\n\tB\nd $(e)', { V: '1' });
    expect(script.commands.map(commandLine)).toEqual([
      'start cat {<< x 1\n} {<<- y $V\n} {> f}',
      '; c',
      'start $ e',
      '; d _',
    ]);
    expect(script.commands[0]?.input).toBe('y $V\n');
    expect(script.unread).toEqual([]);
  });

  test('given from outside', () => {
    const heredocs = [{ name: 'EOF', expands: true, text: logical('a $V `b`\n', 50) }];
    const script = readShell(logical('cat <<EOF | sh'), { variables: new Map([['V', '1']]), heredocs });
    expect(script.commands.map(commandLine)).toEqual(['start $ b', 'start cat {<< a 1 _\n}', '| sh']);
    expect(script.commands[0]?.span).toEqual({ start: 56, end: 57 });
  });
});
