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
  ['a router id for IPv6 is stable', '{{routerId "2001:db8::30"}} {{routerId "10.0.0.1"}}', '203.127.127.231 10.0.0.1'],
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

function render(text: string): string {
  return renderTemplate({file: '/etc/romana/bird/publisher.conf', text}, data).text;
}
