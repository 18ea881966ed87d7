import test from 'ava';
import {convertGoTemplate} from '../../src/core/convert/go-template.ts';
import {InputError} from '../../src/core/errors.ts';
import {renderTemplate} from '../../src/core/template.ts';
import {evaluateGo} from './go-evaluator.ts';

const hostGroups = {
  blue: {CIDR: '10.2.0.0/24', Name: 'rack-2', Path: '/zone/rack-2', Hosts: []},
  red: {CIDR: '10.1.0.0/24', Name: 'rack-1', Path: '/zone/rack-1', Hosts: ['node-1', 'node-2']},
};
const networks = ['10.1.0.0/29', '10.1.0.8/29'];

/** What the original gave its templates, and what we give ours for it. */
const goData = {
  Networks: networks,
  LocalAS: 65010,
  NeighborIP: '192.168.20.1',
  NeighborAS: 65000,
  Debug: false,
  HostGroups: hostGroups,
  Args: {HostGroups: hostGroups},
};
const data = {
  Networks: networks,
  ...{Networks4: networks, Networks6: [], LocalAS: 65010, HostGroups: hostGroups, Hostname: 'node-1', Tags: {}},
  Vars: {neighbor: '192.168.20.1', neighborAs: 65000, debug: false},
};
/** A host without anything to announce, and without the flags. */
const emptyGoData = {...goData, Networks: [], NeighborIP: '', NeighborAS: 0, HostGroups: {}, Args: {HostGroups: {}}};
const emptyData = {...data, Networks: [], Networks4: [], HostGroups: {}, Vars: {}};

const translated: ReadonlyArray<readonly [go: string, handlebars: string]> = [
  ['{{range .Networks}}route {{.}};{{end}}', '{{#each Networks}}route {{this}};{{/each}}'],
  ['{{range $n := .Networks}}{{$n}}{{end}}', '{{#each Networks as |n|}}{{n}}{{/each}}'],
  ['{{range $i, $n := .Networks}}{{$i}}{{.}}{{end}}', '{{#each Networks as |n i|}}{{i}}{{this}}{{/each}}'],
  ['{{range .Networks}}a{{else}}b{{end}}', '{{#each Networks}}a{{else}}b{{/each}}'],
  [
    '{{range $name, $group := .Args.HostGroups}}{{$group.CIDR}} {{.Name}} {{$name}} {{$.LocalAS}}{{end}}',
    '{{#each HostGroups as |group name|}}{{group.CIDR}} {{Name}} {{name}} {{@root.LocalAS}}{{/each}}',
  ],
  ['{{range .HostGroups}}{{range .Hosts}}{{.}}{{end}}{{end}}', '{{#each HostGroups}}{{#each Hosts}}{{this}}{{/each}}{{/each}}'],
  // A variable of the outer item, which had no name.
  [
    '{{range .HostGroups}}{{$g := .}}{{range .Hosts}}{{$g.Name}}{{.}}{{end}}{{end}}',
    '{{#each HostGroups as |item|}}{{!-- $g --}}{{#each Hosts}}{{item.Name}}{{this}}{{/each}}{{/each}}',
  ],
  [
    '{{range $x := .Networks}}{{range $x := $.Networks}}{{$x}}{{end}}{{$x}}{{end}}',
    '{{#each Networks as |x|}}{{#each @root.Networks as |x2|}}{{x2}}{{/each}}{{x}}{{/each}}',
  ],
  ['{{if .Networks}}a{{else if .LocalAS}}b{{else}}c{{end}};', '{{#if Networks}}a{{else if LocalAS}}b{{else}}c{{/if}};'],
  ['{{if .Debug}}debug all;{{end}}', '{{#if (default Vars "debug" false)}}debug all;{{/if}}'],
  ['debug {{.Debug}}', 'debug {{default Vars "debug" false}}'],
  ['{{with .LocalAS}}{{.}}{{else}}none{{end}}', '{{#with LocalAS}}{{this}}{{else}}none{{/with}}'],
  ['{{with $n := .NeighborIP}}{{$n}}{{end}}', '{{#with (default Vars "neighbor" false) as |n|}}{{n}}{{/with}}'],
  ['{{if and .Debug (not .Networks)}}x{{end}}', '{{#if (and (default Vars "debug" false) (not Networks))}}x{{/if}}'],
  ['{{if eq .LocalAS 1 2}}x{{end}}', '{{#if (or (eq LocalAS 1) (eq LocalAS 2))}}x{{/if}}'],
  ['{{if ne .LocalAS "65010"}}x{{end}}', '{{#if (ne LocalAS 65010)}}x{{/if}}'],
  ['{{if gt (len .Networks) 0}}x{{end}}', '{{#if Networks}}x{{/if}}'],
  ['{{if .Networks | len | eq 0}}x{{end}}', '{{#if convertByHand}}{{!-- Go: {{if .Networks | len | eq 0}} --}}x{{/if}}'],
  ['{{if eq (.Networks | len) 0}}x{{end}}', '{{#if (not Networks)}}x{{/if}}'],
  ['{{(index .HostGroups "red").CIDR}}', '{{lookup (lookup HostGroups "red") "CIDR"}}'],
  ['{{index .Args.HostGroups "red" "CIDR"}}', '{{lookup (lookup HostGroups "red") "CIDR"}}'],
  ['{{if index .HostGroups "green"}}x{{end}}', '{{#if (default HostGroups "green" false)}}x{{/if}}'],
  ['{{index .Networks 1}}', '{{lookup Networks 1}}'],
  ['{{printf "%s/%d" .Hostname .LocalAS}}', '{{Hostname}}/{{LocalAS}}'],
  ['{{.LocalAS | printf "AS%v"}}', 'AS{{LocalAS}}'],
  ['{{print "AS" .LocalAS}}{{"{{x}}"}}', 'AS{{LocalAS}}\\{{x}}'],
  ['{{or .NeighborIP `10.0.0.1`}}', '{{#if (default Vars "neighbor" false)}}{{Vars.neighbor}}{{else}}10.0.0.1{{/if}}'],
  ['{{$as := .LocalAS}}{{range .Networks}}{{$as}}{{end}}', '{{!-- $as --}}{{#each Networks}}{{@root.LocalAS}}{{/each}}'],
  ['{{with .Args}}{{range .HostGroups}}{{.CIDR}}{{end}}{{end}}', '{{#with this}}{{#each @root.HostGroups}}{{CIDR}}{{/each}}{{/with}}'],
  ['a{{/* why */}}b {{- /* how */ -}} c', 'a{{!-- why --}}b {{~!-- how --~}} c'],
  ['a {{- .LocalAS -}} b', 'a {{~LocalAS~}} b'],
  ['{ {{.LocalAS}}}', '{ {{LocalAS}}{{!}}}'],
  ['{{.LocalAS}}{{"{"}}{{.LocalAS}}', '{{LocalAS}}{ {{~LocalAS}}'],
  ['a\\{{.LocalAS}}', 'a\\\\{{LocalAS}}'],
  ['{{if\n.Debug}}x{{end}}', '{{#if (default Vars "debug" false)}}{{!\n}}x{{/if}}'],
  ['plain text', 'plain text'],
];

for (const [go, handlebars] of translated) {
  test(`translates ${JSON.stringify(go)}`, t => {
    t.is(convertGoTemplate(go, 'publisher.conf').text, handlebars);
  });
}

const sameAsGo: readonly string[] = [
  ...translated.map(([go]) => go).filter(go => !/Hostname|\| len \| eq|index|65010|or \.NeighborIP/.test(go)),
  '{{range $k, $v := .Args.HostGroups}}{{$k}}={{$v.Name}}{{if $v.Hosts}}+{{end}};{{else}}none{{end}}',
  '{{if .Args.HostGroups}}groups{{else}}no groups{{end}}',
  '{{if and .NeighborIP .NeighborAS}}neighbor {{.NeighborIP}} as {{.NeighborAS}};{{end}}',
  '{{if eq .NeighborIP "192.168.20.1"}}one{{else if eq .NeighborIP ""}}none{{else}}other{{end}}',
  '{{with .NeighborIP}}neighbor {{.}} as {{$.LocalAS}};{{else}}no neighbor{{end}}',
  '{{range $i, $n := .Networks}}{{if $i}}, {{end}}{{$n}}{{end}}',
  // White space that Handlebars would take away with the line of a tag.
  'area 0 { # all of them\n{{- range .Networks}}\n  stubnet {{.}};\n{{- end}}\n};\n',
  '# comment\n{{- if .Networks}}\nx;\n{{- else}}\ny;\n{{- end}}\nz;',
  '{{- range .Networks -}}\n  {{.}}\n  {{- end -}}\n',
];

for (const template of sameAsGo) {
  test(`gives the same as Go: ${JSON.stringify(template)}`, t => {
    const {text} = convertGoTemplate(template, 'publisher.conf');
    t.deepEqual(lines(render(text, data)), lines(evaluateGo(template, goData)));
    t.deepEqual(lines(render(text, emptyData)), lines(evaluateGo(template, emptyGoData)));
  });
}

test('a random template gives the same as Go but for empty lines', t => {
  for (let seed = 1; seed <= 2000; seed += 1) {
    const template = randomTemplate(seed);
    const {text, notes} = convertGoTemplate(template, 'publisher.conf');
    const message = `seed ${seed}: ${JSON.stringify(template)} became ${JSON.stringify(text)}`;
    t.deepEqual(
      notes.filter(({level}) => level === 'lost'),
      [],
      message,
    );
    t.deepEqual(lines(render(text, data)), lines(evaluateGo(template, goData)), message);
    t.deepEqual(lines(render(text, emptyData)), lines(evaluateGo(template, emptyGoData)), message);
  }
});

const manual: Readonly<Record<string, readonly [go: string, handlebars: string]>> = {
  OSPF: [
    'protocol static romana_routes {\n    {{range .Networks}}\n    route {{.}} reject;\n    {{end}}\n}\n\nprotocol ospf OSPF {\n  export where proto = "romana_routes";\n}\n',
    'protocol static romana_routes {\n    {{#each Networks}}\n    route {{this}} reject;\n    {{/each}}\n}\n\nprotocol ospf OSPF {\n  export where proto = "romana_routes";\n}\n',
  ],
  BGP: [
    'protocol bgp BGP {\n    local as {{.LocalAS}};\n    neighbor 192.168.20.1 as {{.LocalAS}};\n}\n',
    'protocol bgp BGP {\n    local as {{LocalAS}};\n    neighbor 192.168.20.1 as {{LocalAS}};\n}\n',
  ],
};

for (const [name, [go, handlebars]] of Object.entries(manual)) {
  test(`the manual's publisher.conf for ${name} becomes Handlebars, line by line`, t => {
    const {text, notes} = convertGoTemplate(go, 'publisher.conf');
    t.is(text, handlebars);
    t.deepEqual(notes, []);
  });
}

const lost: ReadonlyArray<readonly [go: string, place: string, reason: RegExp]> = [
  ['a\n  {{len .Networks}}', '2:3', /no counterpart of len/],
  ['{{if lt .LocalAS 5}}x{{end}}', '1:1', /no counterpart of lt/],
  ['{{range .Networks}}{{break}}{{end}}', '1:20', /no counterpart of \{\{break\}\}/],
  ['{{define "x"}}a{{end}}', '1:1', /no counterpart of \{\{define …\}\}/],
  ['{{template "x" .}}', '1:1', /no counterpart of \{\{template\}\}/],
  ['{{range .Networks}}{{.}}{{with or .A .B}}{{.}}{{end}}{{end}}', '1:25', /or gives one of its arguments in Go/],
  ['{{printf "%05d" .LocalAS}}', '1:1', /no counterpart of %05d in printf/],
  ['{{$x := 1}}{{$x = 2}}', '1:12', /a variable cannot be changed/],
  ['{{.Networks.Sort 1}}', '1:1', /methods with arguments cannot be called/],
  ['{{frobnicate .LocalAS}}', '1:1', /no function "frobnicate"/],
  ['{{range $i := 5}}{{$i}}{{end}}', '1:1', /only lists and maps/],
];

for (const [go, place, reason] of lost) {
  test(`reports what is lost and leaves a place that cannot be rendered: ${go}`, t => {
    const {text, notes} = convertGoTemplate(go, 'publisher.conf');
    const [note] = notes.filter(({level}) => level === 'lost').filter(other => reason.test(other.reason));
    t.is(`${note?.line}:${note?.column}`, place);
    t.regex(text, /\{\{!-- Go: \{\{.*\}\} --\}\}/);
    t.throws(() => render(text, data), {message: /convertByHand/});
  });
}

const unknown: ReadonlyArray<readonly [go: string, reason: RegExp]> = [
  ['{{.RomanaNeighbors}}', /no variable "RomanaNeighbors": set it under publish\.vars/],
  ['{{range .Networks}}{{.IP}}{{end}}', /"IP" is not defined here: these are plain CIDRs/],
  ['{{range .Args.HostGroups}}{{.Dummy}}{{end}}', /"Dummy" is not defined here: these have CIDR, Name, Path, Hosts/],
  ['{{with index .HostGroups "red"}}{{.Dummy}}{{end}}', /"Dummy" is not defined here/],
];

for (const [go, reason] of unknown) {
  test(`reports a name that our data does not have: ${go}`, t => {
    const {text, notes} = convertGoTemplate(go, 'publisher.conf');
    t.deepEqual(
      notes.map(({level}) => level),
      ['lost'],
    );
    t.regex(notes[0]?.reason ?? '', reason);
    t.throws(() => render(text, data), {message: /not defined/});
  });
}

test('says that what were flags of the publisher must be set, once for each', t => {
  const {notes} = convertGoTemplate('{{.NeighborIP}} {{.NeighborAS}}\n{{.NeighborIP}}', 'publisher.conf');
  t.deepEqual(
    notes.map(({line, column, reason}) => `${line}:${column} ${reason}`),
    ['1:1 set publish.vars.neighbor: it was a flag of the publisher', '1:17 set publish.vars.neighborAs: it was a flag of the publisher'],
  );
});

const broken: ReadonlyArray<readonly [go: string, reason: RegExp]> = [
  ['a\n{{range .Networks}}', /\{\{range …\}\} is never closed by \{\{end\}\} \(\/etc\/publisher\.conf:2:1\)$/],
  ['{{end}}', /\{\{end\}\} belongs to no block/],
  ['{{if .A}}{{else}}{{else}}{{end}}', /has a second \{\{else\}\} \(.*:1:18\)/],
  ['{{.A', /the tag is never closed/],
  ['{{/* a }}', /the tag is never closed|"\/" is not Go template syntax/],
  ['{{#each Networks}}{{.}}{{/each}}', /"#" is not Go template syntax here \(.*:1:3\)/],
  ['{{if}}x{{end}}', /a value is missing/],
  ['{{(.A}}', /a closing parenthesis is missing/],
  ['{{"\\q"}}', /\\q is no escape of Go/],
  ['{{.A)}}', /"\)" is one too many/],
];

const many = 3000;
const tooDeep: ReadonlyArray<readonly [what: string, go: string, reason: RegExp]> = [
  [
    'ranges',
    `x\n${'{{range .Networks}}\n'.repeat(many)}${'{{end}}\n'.repeat(many)}`,
    /more than 100 blocks inside each other .*publisher\.conf:102:1\)$/,
  ],
  ['ranges that nobody closes', '{{range .Networks}}\n'.repeat(many), /more than 100 blocks inside each other .*publisher\.conf:101:1\)$/],
  [
    '{{else if}}',
    `{{if .A}}${'{{else if .B}}\n'.repeat(many)}{{end}}`,
    /more than 100 blocks inside each other .*publisher\.conf:100:1\)$/,
  ],
  ['parentheses', `\n{{if ${'(not '.repeat(many)}.A${')'.repeat(many)}}}x{{end}}`, /more than 100 parentheses .*publisher\.conf:2:506\)$/],
  ['pipes', `\n{{if .A${' | not'.repeat(many)}}}x{{end}}`, /more than 100 parentheses and \| in one tag .*publisher\.conf:2:609\)$/],
];

for (const [what, go, reason] of tooDeep) {
  test(`refuses thousands of ${what} inside each other, at the first that is too deep`, t => {
    const error = t.throws(() => convertGoTemplate(go, '/etc/publisher.conf'), {instanceOf: InputError, code: 'ERR_TEMPLATE'});
    t.regex(error.message, reason);
  });
}

test('a hundred blocks inside each other are translated, and any number one after the other', t => {
  const deep = `${'{{if .LocalAS}}'.repeat(100)}{{.LocalAS}}${'{{end}}'.repeat(100)}`;
  t.is(render(convertGoTemplate(deep, 'publisher.conf').text, data), '65010');
  const wide = convertGoTemplate('{{if .LocalAS}}x{{end}}\n'.repeat(many), 'publisher.conf');
  t.is(render(wide.text, data), 'x\n'.repeat(many));
});

test('a variable that is made of itself again and again is lost where it gets too long', t => {
  for (const step of ['{{$a = not $a}}', '{{$a := not $a}}', '{{$a := and $a $a}}']) {
    const {notes} = convertGoTemplate(`{{$a := .LocalAS}}\n${`${step}\n`.repeat(many)}{{if $a}}x{{end}}`, 'publisher.conf');
    t.true(notes.length > 0 && notes.every(({level}) => level === 'lost'), step);
  }
});

for (const [go, reason] of broken) {
  test(`refuses ${JSON.stringify(go)}`, t => {
    const error = t.throws(() => convertGoTemplate(go, '/etc/publisher.conf'), {instanceOf: InputError, code: 'ERR_TEMPLATE'});
    t.regex(error.message, /^cannot convert publisher\.conf: /);
    t.regex(error.message, reason);
  });
}

function render(text: string, values: unknown): string {
  return renderTemplate({file: '/etc/romana/bird/publisher.conf', text}, values).text;
}

/** Lines without blanks around them; empty ones mean nothing to BIRD. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
}

/** Blocks in blocks over the data above, with trim marks and line ends at every place. */
function randomTemplate(seed: number): string {
  let state = seed;
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return items[(state >>> 8) % items.length] ?? items[0];
  };
  const tag = (inner: string) => `${pick(['{{', '{{', '{{- '])}${inner}${pick(['}}', '}}', ' -}}'])}`;
  const text = () => pick(['', ' ', '\n', '\n', '  a;\n', 'b', '\n\n', '\n  c', ' # d\n', '}', '\n{ ']);
  const nodes = (depth: number, dot: readonly [string, ...string[]]): string =>
    Array.from({length: pick([1, 2, 3])}, () => text() + node(depth, dot)).join('') + text();
  const node = (depth: number, dot: readonly [string, ...string[]]): string => {
    const kind = pick(['output', 'comment', 'if', 'range', 'with', 'groups']);
    if (kind === 'output' || depth === 0) return tag(pick(dot));
    if (kind === 'comment') return pick(['{{/* e */}}', '{{- /* e */ -}}', '{{- /* e */}}']);
    const tail = () => (pick([true, false]) ? tag('else') + nodes(depth - 1, dot) : '') + tag('end');
    if (kind === 'if') {
      const chain = pick([true, false]) ? tag('else if .Missing'.replace('.Missing', '$.Debug')) + nodes(depth - 1, dot) : '';
      return (
        tag(`if ${pick(['$.Networks', '$.Debug', 'not $.Debug', '$.Args.HostGroups', 'and $.NeighborIP $.LocalAS'])}`) +
        nodes(depth - 1, dot) +
        chain +
        tail()
      );
    }
    if (kind === 'range') return tag('range $.Networks') + nodes(depth - 1, ['.', '$.LocalAS']) + tail();
    if (kind === 'with') return tag('with $.NeighborIP') + nodes(depth - 1, ['.', '$.LocalAS']) + tail();
    return tag('range $k, $g := $.Args.HostGroups') + nodes(depth - 1, ['.CIDR', '$g.Name', '$k', '$.LocalAS']) + tail();
  };
  return nodes(3, ['.LocalAS', '$.LocalAS']);
}
