import test from 'ava';
import {InputError} from '../../src/core/errors.ts';
import {renderTemplate} from '../../src/core/template.ts';
import {TemplateError} from '../../src/core/template-error.ts';

const data = {
  Networks: ['10.0.0.0/29', '10.0.0.8/29'],
  LocalAS: 65534,
  Vars: {neighbor: '10.0.0.1', zero: 0, nothing: null, map: {a: 1}},
  HostGroups: {net1: {CIDR: '10.0.0.0/18', Hosts: ['a', 'b']}},
  NodeIP6: '',
  Vips: [],
  Many: ['10.0.0.24/29', '10.0.0.0/29', '10.0.0.8/29', '2001:db8::40/122', '2001:db8::/122'],
  None: [],
  Wide: ['10.0.0.0/9'],
  Groups: {b: {CIDR: '10.64.0.0/18'}, a: {CIDR: '10.0.0.0/18'}, a2: {CIDR: '10.0.0.0/18'}, c: {CIDR: '2001:db8::/64'}},
  Wrong: {
    both: {neighbor: '10.0.0.1', neighbors: []},
    name: {neighbor: 'tor-1'},
    item: {neighbors: [{as: 65000}]},
    twice: {
      neighbors: [
        {address: '10.0.0.1', name: 't-1'},
        {address: '10.0.0.2', name: 't.1'},
      ],
    },
    as: {neighbor: '10.0.0.1', neighborAs: 0},
    list: {neighbors: '10.0.0.1'},
  },
  One: {neighbor: '10.0.0.1'},
  External: {neighbor: 'fe80::1%eth0', neighborAs: '65000', localAs: 65001},
  Two: {
    neighborAs: 65000,
    neighbors: [
      {address: '10.0.0.1', weight: 7},
      {address: '2001:db8::1', as: '65534'},
      {address: '10.0.0.2', name: 'tor-2'},
    ],
  },
};

const rendered: ReadonlyArray<readonly [title: string, template: string, text: string]> = [
  ['each over a list', '{{#each Networks}} route {{this}} reject;\n{{/each}}', ' route 10.0.0.0/29 reject;\n route 10.0.0.8/29 reject;\n'],
  ['nothing is escaped', '{{default Vars "x" "<&\'>"}}', "<&'>"],
  ['default and has', '{{default Vars "hold" 9}} {{default Vars "zero" 9}} {{#if (has Vars "md5")}}a{{else}}b{{/if}}', '9 0 b'],
  ['a null counts as not set', '{{#if (has Vars "nothing")}}a{{else}}{{default Vars "nothing" "b"}}{{/if}}', 'b'],
  ['each over a map, with names', '{{#each HostGroups as |group name|}}{{name}} {{group.CIDR}}{{/each}}', 'net1 10.0.0.0/18'],
  ['@ values', '{{#each Networks}}{{@index}}{{#unless @last}},{{/unless}}{{/each}}', '0,1'],
  ['outer values', '{{#each Networks}}{{../LocalAS}} {{@root.LocalAS}} {{/each}}', '65534 65534 65534 65534 '],
  ['empty values are there', '[{{NodeIP6}}]{{#each Vips}}x{{else}}none{{/each}}', '[]none'],
  ['with and lookup', '{{#with HostGroups}}{{lookup (lookup this "net1") "CIDR"}}{{/with}}', '10.0.0.0/18'],
  ['conditions', '{{#if (and (eq LocalAS 65534) (not Vips) (or NodeIP6 Networks))}}yes{{/if}}', 'yes'],
  ['a list is joined by commas', '[ {{Networks}} ]', '[ 10.0.0.0/29,10.0.0.8/29 ]'],
  ['comments may show Go syntax', '{{!-- {{range .Networks}} --}}x', 'x'],
  ['escaped braces', '\\{{Nothing}}', '{{Nothing}}'],
  ['joined prefixes', '{{aggregate Many}}', '10.0.0.0/28,10.0.0.24/29,2001:db8::/121'],
  ['joined prefixes of nothing', '{{#each (aggregate None)}}x{{else}}none{{/each}}', 'none'],
  ['groups in which a network lies, sorted, each once', '{{groupsOf Groups Many}}', '10.0.0.0/18,2001:db8::/64'],
  ['no group without a network', '[{{groupsOf Groups None}}]', '[]'],
  ['groups inside of a network', '{{groupsOf Groups Wide}}', '10.0.0.0/18,10.64.0.0/18'],
  ['the one neighbour', neighborList('One'), 'romana_bgp 10.0.0.1 65534 true;'],
  ['a link-local neighbour, AS numbers as text', neighborList('External'), 'romana_bgp fe80::1%eth0 65000 false;'],
  [
    'several neighbours, named after themselves',
    neighborList('Two'),
    'romana_bgp_10_0_0_1 10.0.0.1 65000 false;romana_bgp_2001_db8__1 2001:db8::1 65534 true;romana_bgp_tor_2 10.0.0.2 65000 false;',
  ],
  ['names of a neighbour that are not ours', '{{#each (neighbors Two LocalAS)}}{{default this "weight" 0}} {{/each}}', '7 0 0 '],
  [
    'communities, standard and large',
    '{{addCommunity "65535:0"}} {{addCommunity "4200000000:1:2"}}',
    'bgp_community.add((65535, 0)); bgp_large_community.add((4200000000, 1, 2));',
  ],
  ['a router id for IPv6 is stable', '{{routerId "2001:db8::30"}} {{routerId "10.0.0.1"}}', '203.127.127.231 10.0.0.1'],
  ['a template with CRLF line ends and a byte order mark', '\uFEFF{{#if LocalAS}}\r\na\r\n{{/if}}\r\n{{LocalAS}};\r\nb\r', 'a\n65534;\nb'],
  ['tags over lines', '{{default\n  Vars\n  "x"\n  1\n}}{{#if\n LocalAS}}a{{/if}}', '1a'],
  ['braces and line ends in a text', '{{default Vars "x" "}} {{"}}{{default Vars "x" "\n"}}{{default Vars "x" \'a"b\'}}', '}} {{\na"b'],
  ['comments over lines, and with tags in them', '{{! a\nb\n}}{{!-- {{x}\n}} --}}{{! {{x}}{{!--}}{{~! y ~}} z', 'z'],
  ['backslashes before tags', '\\{{x} \\\\{{LocalAS}}', '{{x} \\65534'],
  ['white-space marks', 'a {{~LocalAS~}} b {{~{LocalAS}~}}', 'a65534b65534'],
];

for (const [title, template, text] of rendered) {
  test(`renders: ${title}`, t => {
    t.is(render(template), text);
  });
}

const refused: ReadonlyArray<readonly [template: string, place: string, reason: RegExp]> = [
  ['a\n  {{Network}}', '2:5', /"Network" is not defined$/],
  ['{{#if Foo}}x{{/if}}', '1:7', /"Foo" is not defined/],
  ['{{#each Foo}}x{{/each}}', '1:9', /"Foo" is not defined/],
  [
    '{{#unless Vars.foo}}x{{/unless}}',
    '1:11',
    /"Vars.foo" is not defined: set it under publish.vars, or ask for it with \(has Vars "foo"\)/,
  ],
  ['{{#each Networks}}{{LocalAS}}{{/each}}', '1:21', /"LocalAS" is not defined inside this block, write @root.LocalAS/],
  ['{{#if (not Foo)}}x{{/if}}', '1:12', /"Foo" is not defined/],
  ['{{default Foo "a" 1}}', '1:11', /"Foo" is not defined/],
  ['{{Vars.nothing}}', '1:1', /"Vars.nothing" is nothing/],
  ['{{Vars}}', '1:1', /"Vars" is a map, which cannot be written/],
  ['{{#each LocalAS}}{{/each}}', '1:1', /#each needs a list or a map, "LocalAS" is a number/],
  ['{{../../LocalAS}}', '1:3', /not so many blocks/],
  ['{{shout Vars}}', '1:1', /there is no helper "shout"/],
  ['{{#shout Vars}}{{/shout}}', '1:1', /there is no block helper "shout"/],
  ['{{has Vars}}', '1:1', /has got 1 arguments, write \(has Vars "name"\)/],
  ['{{> header}}', '1:1', /not supported/],
  ['{{lookup Vars "foo"}}', '1:1', /"foo" is not defined/],
  ['{{#each Networks}}\n x\n', '1:1', /\{\{#each Networks\}\} is never closed/],
  ['{{#each Networks}}\n x\n{{/if}}', '3:1', /closes \{\{#each Networks\}\} of line 1/],
  ['a\n {{ Vars.foo= }}', '2:13', /syntax error in \{\{ Vars.foo= \}\}/],
  ['{{aggregate LocalAS}}', '1:1', /aggregate: a list of CIDRs is expected, such as Networks4, as in \(aggregate Networks4\)$/],
  ['{{aggregate HostGroups.net1.Hosts}}', '1:1', /invalid CIDR "a"/],
  ['{{groupsOf Vars Networks}}', '1:1', /must be a map/],
  ['{{addCommunity "65536:1"}}', '1:1', /"65536:1" is no community: expected "65000:100" or, large, "65000:1:2"/],
  ['{{addCommunity LocalAS}}', '1:1', /65534 is no community/],
  ['{{#each (neighbors HostGroups LocalAS)}}{{/each}}', '1:9', /"Vars.neighbor" is not defined: set it, or a list "neighbors", under/],
  ['{{#each (neighbors Wrong.both LocalAS)}}{{/each}}', '1:9', /has both "neighbor" and "neighbors"/],
  ['{{#each (neighbors Wrong.name LocalAS)}}{{/each}}', '1:9', /"Vars.neighbor" is "tor-1", expected an IP address/],
  ['{{#each (neighbors Wrong.item LocalAS)}}{{/each}}', '1:9', /"Vars.neighbors\[0\].address" is null, expected an IP address/],
  ['{{#each (neighbors Wrong.twice LocalAS)}}{{/each}}', '1:9', /two items of "Vars.neighbors" give the name romana_bgp_t_1/],
  ['{{#each (neighbors Wrong.as LocalAS)}}{{/each}}', '1:9', /the AS number of 10.0.0.1 is 0, expected a number from 1 to/],
  ['{{#each (neighbors Wrong.list LocalAS)}}{{/each}}', '1:9', /"Vars.neighbors" must be a list/],
  // No way to a prototype.
  ['{{constructor}}', '1:3', /not defined/],
  ['{{Vars.constructor}}', '1:3', /not defined/],
  ['{{Vars.__proto__}}', '1:3', /not defined/],
  ['{{lookup Vars "__proto__"}}', '1:1', /not defined/],
  ['{{lookup Networks "map"}}', '1:1', /not defined/],
  ['{{#with "text"}}{{constructor}}{{/with}}', '1:19', /not defined/],
  // Go's text/template.
  ['a\n{{range .Networks}}\nroute {{.}};{{end}}', '2:1', /\{\{range \.Networks\}\} is Go template syntax, write \{\{#each Networks\}\}/],
  ['{{#each Networks}}{{.}}{{/each}}', '1:19', /write \{\{this\}\}/],
  ['{{ .LocalAS }}', '1:1', /write \{\{LocalAS\}\}/],
  ['{{- if .Debug -}}x{{end}}', '1:1', /write \{\{#if Debug\}\}/],
  ['{{#each Networks}}\n{{end}}', '2:1', /write \{\{\/each\}\}/],
  ['{{range $name, $group := .Args.HostGroups}}{{end}}', '1:1', /write \{\{#each HostGroups as \|group name\|\}\}/],
  ['{{with $.Vars}}{{end}}', '1:1', /write \{\{#with @root\.Vars\}\}/],
  ['{{/* note */}}', '1:1', /write \{\{!-- … --\}\}/],
  // Tags that are not closed where they should be.
  ['{{#each Networks}}\n  {{this} reject;\n{{/each}}\n{{#if Vips}}{{/if}}', '2:3', /^"\{\{this\} reject;" is never closed: write \}\}$/],
  ['a\n as {{LocalAS;\n}\n{{LocalAS}}', '2:5', /^"\{\{LocalAS;" is never closed: write \}\}$/],
  ["a {{LocalAS; # don't\n{{default Vars 'x' 1}}", '1:3', /^"\{\{LocalAS; # don't" is never closed/],
  ['as {{LocalAS id {{LocalAS}}', '1:4', /^"\{\{LocalAS id" is never closed/],
  ['{{#each Networks}}\n{{this}}\n{{/each}\n', '3:1', /^"\{\{\/each\}" is never closed/],
  ['x {{LocalAS', '1:3', /^"\{\{LocalAS" is never closed/],
  ['{{#if Vips}\n{{LocalAS}}{{/if}}', '1:1', /^"\{\{#if Vips\}" is never closed/],
  ['a\n{{! note }\n{{#if Vips}}\n{{/if}}', '2:1', /^"\{\{! note \}" is never closed: write \}\}$/],
  ['a\n{{!-- note }}\n{{LocalAS}}', '2:1', /^"\{\{!-- note \}\}" is never closed: write --\}\}$/],
  ['a\n {{ "abc }}\n', '2:5', /^the quote that begins with "abc is never closed: write "$/],
  ['{{default Vars "x 1}}\n{{default Vars "y" 2}}', '1:16', /^the quote that begins with "x 1 is never closed/],
  ['{{default Vars "x 1}} {{default Vars "y" 2}}\n"text"', '1:16', /^the quote that begins with "x 1 is never closed/],
  ['{{Vars.[a b}}\nif net ~ [ {{Networks}} ]', '1:8', /^the bracket that begins with \[a b is never closed: write \]$/],
  ['{{#each Networks}}\n{{range .X}\n{{.}}', '2:1', /^"\{\{range \.X\}" is never closed/],
  ["{{/* don't */}}", '1:1', /is Go template syntax/],
  ['{{.LocalAS}}\n{{LocalAS}', '1:1', /is Go template syntax/],
  // Control characters.
  ['a\n b\u0000{{LocalAS}}', '2:3', /^the control character U\+0000 stands here: take it out$/],
  ['{{LocalAS}}\n{{#if \u0007Vips}}{{/if}}', '2:7', /^the control character U\+0007/],
  ['a\rb', '1:2', /^the control character U\+000D/],
  ['\uFEFF{{Network}}\r\n', '1:3', /"Network" is not defined/],
];

for (const [template, place, reason] of refused) {
  test(`refuses ${JSON.stringify(template)}`, t => {
    const error = t.throws(() => render(template), {instanceOf: TemplateError, code: 'ERR_TEMPLATE'});
    t.regex(error.reason, reason);
    t.is(`${error.line}:${error.column}`, place);
    t.is(error.message, `cannot render publisher.conf: ${error.reason} (/etc/romana/bird/publisher.conf:${place})`);
    t.true(error instanceof InputError);
  });
}

test('a control character is not repeated in the line that is shown', t => {
  const error = t.throws(() => render('a\n\tb\u0000c'), {instanceOf: TemplateError});
  t.is(error.text, '\tb\uFFFDc');
});

function render(text: string): string {
  return renderTemplate({file: '/etc/romana/bird/publisher.conf', text}, data).text;
}

function neighborList(vars: string): string {
  return `{{#each (neighbors ${vars} LocalAS)}}{{Name}} {{Address}} {{AS}} {{Internal}};{{/each}}`;
}

const many = 3000;
for (const [what, text, place] of [
  ['blocks', `x\n${'{{#if LocalAS}}\n'.repeat(many)}${'{{/if}}\n'.repeat(many)}`, ':102:1'],
  ['blocks that nobody closes', '{{#each Networks}}\n'.repeat(many), ':101:1'],
  ['inverse blocks', `${'{{^None}}\n'.repeat(many)}${'{{/None}}\n'.repeat(many)}`, ':101:1'],
  ['{{else if}}', `{{#if None}}${'{{else if None}}\n'.repeat(many)}{{/if}}`, ':100:1'],
  ['parentheses', `\n {{#if ${'(not '.repeat(many)}LocalAS${')'.repeat(many)}}}x{{/if}}`, ':2:2'],
] as const) {
  test(`thousands of ${what} inside each other are refused at the first that is too deep`, t => {
    const error = t.throws(() => renderTemplate({file: '/t/publisher.conf', text}, data), {instanceOf: TemplateError});
    t.regex(error.message, /more than 100 (blocks|parentheses) inside each other/);
    t.true(error.message.includes(`/t/publisher.conf${place}`), error.message);
  });
}

test('a hundred blocks inside each other are rendered, and any number one after the other', t => {
  const deep = `${'{{#if LocalAS}}'.repeat(100)}x${'{{/if}}'.repeat(100)}`;
  t.is(renderTemplate({file: 'publisher.conf', text: deep}, data).text, 'x');
  const wide = '{{#if None}}a{{else if LocalAS}}x{{/if}}\n'.repeat(many);
  t.is(renderTemplate({file: 'publisher.conf', text: wide}, data).text, 'x\n'.repeat(many));
});
