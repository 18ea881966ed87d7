import test from 'ava';
import fc from 'fast-check';
import {createScanner, tokenize} from '../../src/core/bird-config/tokens.ts';

const kinds: ReadonlyArray<readonly [title: string, text: string, tokens: string]> = [
  ['a route', 'route 10.0.0.0/8 via "eth0";', 'word route|prefix 10.0.0.0/8|word via|string "eth0"|punctuation ;'],
  ['lengths after a prefix', '10.0.0.0/8{24,32}', 'prefix 10.0.0.0/8|punctuation {|number 24|punctuation ,|number 32|punctuation }'],
  ['longer and shorter prefixes', '10.0.0.0/8+ ::/0-', 'prefix 10.0.0.0/8|punctuation +|prefix ::/0|punctuation -'],
  ['IPv6', '2001:db8::/32 ::1 ::ffff:10.0.0.1', 'prefix 2001:db8::/32|address ::1|address ::ffff:10.0.0.1'],
  ['a link-local address with its interface', "fe80::1%'eth0.1'", "address fe80::1|punctuation %|quoted 'eth0.1'"],
  ['a route distinguisher is no address', '65000:1', 'number 65000|punctuation :|number 1'],
  ['a number with its unit', '100ms 0xfF', 'number 100|word ms|number 0xfF'],
  ['a range', '1..10', 'number 1|punctuation ..|number 10'],
  ['a community', '(65535,0)', 'punctuation (|number 65535|punctuation ,|number 0|punctuation )'],
  ['operators', 'a!~b->c', 'word a|punctuation !~|word b|punctuation ->|word c'],
  ['comparisons', '!= <= >= == && ||', '!= <= >= == && ||'.replaceAll(/\S+/g, 'punctuation $&').replaceAll(' p', '|p')],
  ['quoted symbols', "'a-b.c:d' 'open", "quoted 'a-b.c:d'|unknown 'open"],
  ['a comment to the end of the line', '# "a\nb', 'word b'],
  ['a comment over lines', 'a/* * / # \n" **/b', 'word a|word b'],
  ['marks of comments in a string', '"a # b /* c"', 'string "a # b /* c"'],
  ['a string that is not closed', 'log "a; b\nc', 'word log|unknown "a; b|word c'],
  ['a comment that is not closed', 'a /* b', 'word a'],
  ['characters that BIRD does not know', 'a\u00a0é', 'word a|unknown \u00a0|unknown é'],
  ['nothing', '', ''],
];

for (const [title, text, tokens] of kinds) {
  test(`tokens: ${title}`, t => {
    t.is(
      tokenize(text)
        .map(token => `${token.kind} ${token.text}`)
        .join('|'),
      tokens,
    );
  });
}

test('tokens say where they stand, after comments over several lines, too', t => {
  const places = tokenize('a /*\n\n*/ b\r\n\tc\n"d" e\n').map(({text, line, column}) => `${text} ${line}:${column}`);
  t.deepEqual(places, ['a 1:1', 'b 3:4', 'c 4:2', '"d" 5:1', 'e 5:5']);
});

/** Texts in which much of what matters to the reader is near each other. */
const oddText = fc
  .array(
    fc.oneof(fc.constantFrom(...'"\'/*#\n{};:.%10af +', '/*', '*/', '10.0.0.0/8', '2001:db8::/32', 'route'), fc.string({unit: 'grapheme'})),
  )
  .map(parts => parts.join(''));

test('any text: tokens are the text at their offsets, and between them is only space and comments', t => {
  fc.assert(
    fc.property(oddText, text => {
      let from = 0;
      for (const token of tokenize(text)) {
        t.is(text.slice(token.start, token.end), token.text);
        t.regex(text.slice(from, token.start), gap);
        const before = text.slice(0, token.start).split('\n');
        t.deepEqual([token.line, token.column], [before.length, (before.at(-1) ?? '').length + 1]);
        from = token.end;
      }
      t.regex(text.slice(from), gap);
    }),
  );
});

const gap = /^(?:[ \t\r\n\v\f]|#[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))*$/;

for (const [title, unit] of [
  ['one word', 'a'],
  ['digits', '1'],
  ['colons', ':'],
  ['hex groups', 'a:'],
  ['octets', '1.'],
  ['quotes', '"'],
  ['openings of comments', '/* '],
] as const) {
  test(`a text of a megabyte that never ends is read: ${title}`, t => {
    const text = unit.repeat(2 ** 20 / unit.length);
    t.is(
      tokenize(text).reduce((sum, token) => sum + token.text.length, 0),
      unit === '/* ' ? 0 : text.length,
    );
  });
}

test('a scanner passes over what a pattern takes, and counts its lines', t => {
  const scanner = createScanner('a\nb\nc d');
  t.is(scanner.next()?.text, 'a');
  t.is(scanner.take(/\sb\n/y)?.line, 3);
  t.is(scanner.take(/b/y), undefined);
  t.like(scanner.next(), {text: 'c', line: 3, column: 1});
});
