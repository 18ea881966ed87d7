import test from 'ava';
import {convertBird1} from '../../src/core/convert/bird1.ts';
import {convertTemplate} from '../../src/core/convert/convert-template.ts';

const converted: ReadonlyArray<readonly [title: string, bird1: string, bird2: string]> = [
  ['a protocol in one line', 'protocol static { route 10.0.0.0/8 reject; }', 'protocol static { ipv4; route 10.0.0.0/8 reject; }'],
  [
    'options in one line',
    'protocol kernel { scan time 9; import none; export all; }',
    'protocol kernel { scan time 9; ipv4 { import none; export all; }; }',
  ],
  [
    'options over lines, with their comments; the others stay where they are',
    'protocol kernel {\n  # seconds\n  scan time 9; # nine\n\n  # nothing\n  import none; # at all\n  persist;\n  export all;\n}\n',
    'protocol kernel {\n  # seconds\n  scan time 9; # nine\n\n  ipv4 {\n    # nothing\n    import none; # at all\n    export all;\n  };\n  persist;\n}\n',
  ],
  ['IPv6 by its addresses', 'protocol static { route 2001:db8::/32 reject; }', 'protocol static { ipv6; route 2001:db8::/32 reject; }'],
  ['IPv6 by its variables', 'protocol static { route {{NodeIP6}}/128 reject; }', 'protocol static { ipv6; route {{NodeIP6}}/128 reject; }'],
  [
    'no IPv6 in a comment',
    'protocol static { route 10.0.0.0/8 reject; } # 2001:db8::1',
    'protocol static { ipv4; route 10.0.0.0/8 reject; } # 2001:db8::1',
  ],
  [
    'ospf of IPv6',
    'define a = 2001:db8::1; protocol ospf { area 0 { }; }',
    'define a = 2001:db8::1; protocol ospf v3 { ipv6; area 0 { }; }',
  ],
  ['rip of IPv6', 'define a = 2001:db8::1; protocol rip r { }', 'define a = 2001:db8::1; protocol rip ng r { ipv6; }'],
  ['tables', 'table a;\ntable master sorted;', 'ipv4 table a;\nipv4 table master4 sorted;'],
  [
    'a protocol from a template without options of its own',
    'template bgp t { local as 1; import all; export none; }\nprotocol bgp a from t { neighbor 10.0.0.1 as 2; }',
    'template bgp t { local as 1; ipv4 { import all; export none; }; }\nprotocol bgp a from t { neighbor 10.0.0.1 as 2; }',
  ],
  [
    'a block around an option moves with it',
    'protocol kernel {\n  persist;\n  {{#if Vars.x}}\n  import all;\n  {{else}}\n  import none;\n  {{/if}}\n}\n',
    'protocol kernel {\n  persist;\n  ipv4 {\n    {{#if Vars.x}}\n    import all;\n    {{else}}\n    import none;\n    {{/if}}\n  };\n}\n',
  ],
  [
    'a block around options that move and others stands around both',
    'protocol kernel {\n{{#if Vars.x}}\n  persist;\n  import all;\n{{else}}\n  import none;\n{{/if}}\n}\n',
    'protocol kernel {\n  ipv4 {\n    {{#if Vars.x}}\n    import all;\n    {{else}}\n    import none;\n    {{/if}}\n  };\n{{#if Vars.x}}\n  persist;\n{{else}}\n{{/if}}\n}\n',
  ],
  [
    'tags within a statement, in text and between words',
    'protocol kernel { import {{#if Vars.x}}all{{else}}none{{/if}}; export where proto = "{{Vars.name}}"; }',
    'protocol kernel { ipv4 { import {{#if Vars.x}}all{{else}}none{{/if}}; export where proto = "{{Vars.name}}"; }; }',
  ],
  [
    'Networks of one family, wherever they are asked for',
    '{{#if Networks}}protocol static { {{#each @root.Networks}}route {{this}} reject;{{/each}} }{{/if}}{{!-- Networks --}}',
    '{{#if Networks4}}protocol static { ipv4; {{#each @root.Networks4}}route {{this}} reject;{{/each}} }{{/if}}{{!-- Networks --}}',
  ],
  [
    'what BIRD 2 refuses stays in a comment',
    'protocol kernel { ipv4; }\nlisten bgp port 1;',
    'protocol kernel { ipv4; }\n/* BIRD 1.6: listen bgp port 1; */',
  ],
  [
    'an interface of device',
    'protocol device { primary "eth0" 10.0.0.1; }',
    'protocol device { interface "eth0" { preferred 10.0.0.1; }; }',
  ],
  ['a file without anything of BIRD', '# nothing\n', '# nothing\n'],
];

for (const [title, bird1, bird2] of converted) {
  test(`converts ${title}`, t => {
    t.is(convertBird1(bird1).text, bird2);
    t.is(convertBird1(bird2).text, bird2);
  });
}

const untouched: readonly string[] = [
  'protocol static romana {\n  ipv4;\n{{#each Networks}}\n  route {{this}} reject;\n{{/each}}\n}\n',
  'ipv4 table t;\nprotocol ospf v2 o { area 0 { interface "eth0"; }; }\nprotocol rip r { interface "eth0"; }\nprotocol direct { disabled; }',
  'protocol ospf v3 o { ipv6 { export all; }; ipv4; area 0 { }; }\nprotocol bgp b from t { neighbor 2001:db8::1 as 2; }\nprotocol babel { }',
  'roa4 table r;\nprotocol static { roa4 { table r; }; route 10.0.0.0/8 max 16 as 1; }',
  'protocol pipe { table master4; peer table t; import all; export none; }',
];

for (const text of untouched) {
  test(`leaves BIRD 2 as it is: ${JSON.stringify(text)}`, t => {
    t.deepEqual(convertBird1(text), {text, notes: []});
  });
}

const noted: ReadonlyArray<readonly [bird1: string, place: string, level: string, reason: RegExp]> = [
  ['\nlisten bgp port 1;', '2:1', 'lost', /no "listen bgp"/],
  ['protocol kernel { device routes; }', '1:19', 'lost', /no "device routes"/],
  ['protocol device { primary 10.0.0.0/8; }', '1:19', 'lost', /no "primary" for a prefix/],
  ['table t; protocol pipe { peer table t; mode opaque; }', '1:40', 'lost', /no opaque pipes/],
  ['filter f {\n  if cast = RTC_UNICAST then accept;\n}', '2:6', 'lost', /no attribute "cast"/],
  ['filter f { if dest = RTD_ROUTER then accept; }', '1:22', 'note', /RTD_UNICAST/],
  ['filter private { accept; }', '1:8', 'note', /"private" is a word of BIRD 2's own: it is called private_1 now/],
  ['protocol bgp { local as 1; neighbor 10.0.0.1 as 2; import all; }', '1:14', 'note', /^export none; was BIRD 1\.6's default/],
  ['protocol static { {{#each Networks}}route {{this}} reject;{{/each}} }', '1:19', 'note', /Networks became Networks4/],
  ['protocol static { {{#each HostGroups}}route {{CIDR}} reject;{{/each}} }', '1:19', 'note', /HostGroups may hold both families/],
  ['protocol kernel { {{#if a}} import {{else}} export {{/if}} all; }', '1:36', 'lost', /the protocol around it is left as it is/],
  ['protocol kernel { import all;', '1:17', 'lost', /braces are not closed/],
  // One brace for two branches.
  ['{{#if a}}protocol kernel { {{else}}protocol static { {{/if}} }', '1:26', 'lost', /braces are not closed/],
];

for (const [bird1, place, level, reason] of noted) {
  test(`notes ${reason.source} in ${JSON.stringify(bird1)}`, t => {
    const note = convertBird1(bird1).notes.find(other => reason.test(other.reason));
    t.deepEqual([`${note?.line}:${note?.column}`, note?.level], [place, level]);
  });
}

test('a family that is given goes before what the file looks like', t => {
  t.is(convertBird1('protocol kernel { import none; }', 'ipv6').text, 'protocol kernel { ipv6 { import none; }; }');
});

const goBird1 = 'protocol static {\n{{- range .Networks }}\n  route {{.}} reject;\n{{- end }}\n}\n{{len .Blocks}}\n';

test('a Go template for BIRD 1.6 becomes Handlebars, and with "to" also BIRD 2', t => {
  const handlebars =
    'protocol static {\n{{#each Networks}}\n  route {{this}} reject;\n{{/each}}\n}\n{{!-- Go: {{len .Blocks}} --}}{{convertByHand}}\n';
  t.is(convertTemplate(goBird1, 'publisher.conf').text, handlebars);
  const bird2 = handlebars.replace('{\n', '{\n  ipv4;\n').replace('Networks', 'Networks4');
  t.is(convertTemplate(goBird1, 'publisher.conf', {to: 'bird2'}).text, bird2);
  t.is(convertTemplate(handlebars, 'publisher.conf', {to: 'bird2'}).text, bird2);
});

test('all notes have the places of the text that was given', t => {
  const {notes} = convertTemplate(goBird1, 'publisher.conf', {to: 'bird2'});
  t.deepEqual(
    notes.map(({line, column, level, reason}) => `${line}:${column} ${level} ${reason.split(' ')[0]}`),
    ['2:1 note Networks', '6:1 lost there'],
  );
});

test('Handlebars stays as it is', t => {
  const text = '{{#each Networks}}\nroute {{this}} reject;\n{{/each}}\n{{default Vars "x" " .y"}}{{../Name}}{{./Name}}';
  t.deepEqual(convertTemplate(text, 'publisher.conf'), {text, notes: []});
});

for (const text of ['{{or .NeighborIP "10.0.0.1"}}', '{{not .Debug}}', '{{(.LocalAS)}}', '{{$.LocalAS}}', '{{.}}']) {
  test(`takes ${text} for Go`, t => {
    t.not(convertTemplate(text, 'publisher.conf').text, text);
  });
}
