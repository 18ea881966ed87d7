import {readFileSync} from 'node:fs';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {convertTemplate} from '../../../src/core/convert/convert-template.ts';
import {renderTemplate} from '../../../src/core/template.ts';
import {createRun} from '../../../src/system/run.ts';
import {bird1Missing, bird1Programs} from '../../helpers/bird1.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {renderShipped, repository, shippedTemplates} from '../../helpers/shipped-templates.ts';
import {varsCases} from '../../helpers/shipped-vars.ts';

const run = createRun();
const networks = ['10.1.0.0/29', '10.1.0.8/29'];
const data = {
  ...{Networks: networks, Networks4: networks, Networks6: [], LocalAS: 65010, Hostname: 'node-1', Blocks: [], Vips: [], Tags: {}},
  HostGroups: {default: {CIDR: '10.1.0.0/24', Name: 'rack-1', Path: '/rack-1', Hosts: ['node-1']}},
  Vars: {neighbor: '192.168.20.1', neighborAs: 65000},
};

/** The samples of the original's manual. */
const birdConf = `router id from 192.168.0.0/16;

protocol kernel {
    scan time 60;
    import none;
        export all;
}

protocol device {
    scan time 60;
}

include "conf.d/*.conf";
`;
const ospf = `protocol static romana_routes {
    {{range .Networks}}
    route {{.}} reject;
    {{end}}
}

protocol ospf OSPF {
  export where proto = "romana_routes";
  area 0.0.0.0 {
    interface "eth0" {
      type broadcast;
    };
  };
}
`;
const bgp = `protocol static romana_routes {
    {{range .Networks}}
    route {{.}} reject;
    {{end}}
}

protocol bgp BGP {
    export where proto = "romana_routes";
        direct;
    local as {{.LocalAS}};
    neighbor 192.168.20.1 as {{.LocalAS}};
}
`;
const converted = (text: string) => convertTemplate(text, 'publisher.conf', {to: 'bird2'});
const rendered = (text: string, values: unknown = data) => renderTemplate({file: 'publisher.conf', text}, values).text;

test("the manual's publisher.conf for BGP becomes what one would have written", t => {
  const {text, notes} = converted(bgp);
  t.is(
    text,
    `protocol static romana_routes {
    ipv4;
    {{#each Networks4}}
    route {{this}} reject;
    {{/each}}
}

protocol bgp BGP {
    ipv4 {
      export where proto = "romana_routes";
      import all;
    };
        direct;
    local as {{LocalAS}};
    neighbor 192.168.20.1 as {{LocalAS}};
}
`,
  );
  t.deepEqual(
    notes.map(({line, column, level}) => `${line}:${column} ${level}`),
    ['2:5 note', '7:18 note'],
  );
});

for (const [name, text] of Object.entries({OSPF: ospf, BGP: bgp})) {
  test(`BIRD 2 accepts the manual's bird.conf with its publisher.conf for ${name}, with and without networks`, async t => {
    const main = converted(birdConf).text;
    for (const Networks4 of [networks, []]) {
      const publisher = rendered(converted(text).text, {...data, Networks4});
      for (const network of Networks4) t.true(publisher.includes(`route ${network} reject;`));
      await check(t, 'bird', main, publisher);
    }
  });

  test(`BIRD 2 refuses the manual's publisher.conf for ${name} as it was`, async t => {
    await t.throwsAsync(check(t, 'bird', converted(birdConf).text, rendered(convertTemplate(text, 'publisher.conf').text)), {
      message: /Channel not specified|syntax error/,
    });
  });
}

const head = 'router id 1.2.3.4;\nprotocol device {}\n';

/** Configurations of BIRD 1.6, each for what has another form in BIRD 2. */
const ipv4: Readonly<Record<string, string>> = {
  static: 'protocol static { preference 10; route 10.0.0.0/8 reject; route 11.0.0.0/8 drop; route 12.0.0.0/8 via "eth0"; }',
  'static in another table':
    'table t1 sorted;\nprotocol static s1 {\n  table t1;\n  import limit 5;\n  check link;\n  route 10.0.0.0/8 blackhole;\n}\n',
  'more than one next hop': 'protocol static { route 10.0.0.0/8 multipath via 192.168.1.1 weight 2 via 192.168.1.2; }',
  'recursive next hop': 'protocol static { igp table master; route 16.0.0.0/8 recursive 1.1.1.1; }',
  kernel:
    'protocol kernel {\n  learn; # alien routes\n  persist;\n  scan time 20;\n  import all;\n  export all;\n  device routes;\n  kernel table 100;\n  merge paths yes limit 4;\n  metric 30;\n}\n',
  direct: 'protocol direct { interface "eth*", -"lo"; check link; }',
  bfd: 'protocol bfd { table master; interface "eth*" { interval 200 ms; multiplier 10; }; multihop { passive; }; }',
  'bgp, external': 'protocol bgp b { local 10.0.0.2 as 65000; neighbor 10.0.0.1 as 65001; hold time 9; bfd; password "x"; }',
  'bgp, options of the channel':
    'protocol bgp b {\n  local as 65000;\n  neighbor 10.0.0.1 as 65000;\n  direct;\n  next hop self;\n  gateway direct;\n  add paths rx;\n  igp table master;\n  missing lladdr self;\n  import limit 10 action block;\n  receive limit 20 action disable;\n  export limit 5;\n  import keep filtered;\n  preference 120;\n  table master;\n  rr client;\n  advertise ipv4 on;\n  start delay time 5;\n}\n',
  'bgp, route limit': 'protocol bgp { local as 1; import all; neighbor 10.0.0.1 as 2; route limit 10; }',
  'bgp, secondary': 'table master sorted;\nprotocol bgp { local as 1; neighbor 10.0.0.1 as 1; direct; gateway direct; secondary; }',
  'templates of protocols':
    'template bgp T { local as 1; import all; export none; next hop self; }\nprotocol bgp a from T { neighbor 10.0.0.1 as 2; export all; }\nprotocol bgp b from T { neighbor 10.0.0.2 as 2; }\n',
  'filter in place':
    'protocol bgp b {\n  local as 1; neighbor 10.0.0.1 as 2; # both\n  import filter {\n    if dest ~ [RTD_ROUTER, RTD_DEVICE] then accept; # next hops\n    reject;\n  };\n  export none;\n}\n',
  filters:
    'function f(int a; prefix p) int b; { b = a; if p.len > 24 then return true; return net ~ [ 10.0.0.0/8{8,24} ]; }\nfilter x { if dest = RTD_ROUTER then reject; if source = RTS_STATIC_DEVICE then reject; bgp_path.prepend(1); bgp_community.add((1,2)); if f(3, net) then accept; preference = 3; dest = RTD_BLACKHOLE; accept; }\nprotocol kernel { export filter x; }\n',
  ospf: 'protocol ospf O {\n  tick 2; rfc1583compat yes; ecmp yes limit 4;\n  import all; export none; preference 30;\n  area 0.0.0.0 {\n    networks { 10.0.0.0/8; };\n    interface "eth0" { cost 3; type nbma; neighbors { 10.0.0.1 eligible; }; password "x" { id 1; }; authentication cryptographic; };\n  };\n}\n',
  'ospf without a name': 'protocol ospf { area 0 { interface "eth0"; }; export all; }',
  rip: 'protocol rip R { infinity 16; import all; export all; interface "eth0" { metric 3; mode multicast; }; }',
  pipe: 'table t1;\nprotocol pipe p { table master; peer table t1; mode transparent; import all; export filter { accept; }; }',
  'pipe from the main table': 'table t1;\nprotocol pipe { peer table t1; import all; export none; }',
  'roa tables':
    'roa table r { roa 10.0.0.0/8 max 16 as 1; roa 11.0.0.0/8 max 12 as 2; }\nroa table r2;\nfilter f { if roa_check(r, net, 65000) = ROA_INVALID then reject; if roa_check(r2) = ROA_VALID then accept; accept; }\n',
  'listen bgp': 'listen bgp address 10.0.0.1 port 1179;\nprotocol static { route 10.0.0.0/8 reject; }',
  'words that are taken':
    'filter private { accept; }\nprotocol static rpki { import filter private; route 10.0.0.0/8 reject; }\nprotocol kernel { export where proto = "rpki"; }',
  'options that come twice': 'protocol static { import all; route 10.0.0.0/8 reject; import none; }',
  'comments everywhere':
    'protocol kernel { # one\n  /* two\n     lines */ import none; /* three\n  */ export all; # four ;\n  # five }\n  scan time 60;\n}\n',
  'everything in a line': 'protocol kernel{import none;export all;scan time 60;}protocol static{route 10.0.0.0/8 reject;}',
  'an empty protocol': 'protocol static {\n}\nprotocol kernel {}',
};
const ipv6: Readonly<Record<string, string>> = {
  'static and kernel': 'protocol static { route 2001:db8::/32 reject; }\nprotocol kernel { export all; }',
  ospf: 'protocol static { route 2001:db8::/32 reject; }\nprotocol ospf o6 { area 0 { interface "eth0" instance 3 { }; }; export all; }',
  rip: 'protocol static { route 2001:db8::/32 reject; }\nprotocol rip r { interface "eth0" { }; import all; }',
  bgp: 'table t6;\nprotocol bgp b { table t6; local as 1; neighbor 2001:db8::1 as 2; missing lladdr self; }',
  radv: 'protocol radv { interface "eth0" { prefix 2001:db8::/64 { }; }; export all; table master; trigger ::/0; }',
  babel: 'protocol static { route 2001:db8::/32 reject; }\nprotocol babel b { interface "eth0" { type wired; }; import all; export all; }',
  'roa table': 'roa table r { roa 2001:db8::/32 max 48 as 1; }\nprotocol device { primary "eth0" 2001:db8::1; }',
};

for (const [family, configs] of Object.entries({ipv4, ipv6})) {
  for (const [name, config] of Object.entries(configs)) {
    const whole = config.includes('protocol device') ? `router id 1.2.3.4;\n${config}` : head + config;
    test(`${family}, ${name}: BIRD 2 accepts it converted, and it is converted once`, async t => {
      const {text} = converted(whole);
      await check(t, 'bird', text);
      t.not(text, whole);
      t.is(converted(text).text, text);
    });

    const program = family === 'ipv4' ? bird1Programs.ipv4 : bird1Programs.ipv6;
    (bird1Missing === undefined ? test : test.skip)(`${family}, ${name}: is a configuration of BIRD 1.6`, async t => {
      await t.notThrowsAsync(check(t, program, whole));
    });
  }
}

for (const template of shippedTemplates) {
  if (template.name.startsWith('bird2/')) {
    test(`leaves templates/${template.name} as it is`, t => {
      t.deepEqual(converted(template.text), {text: template.text, notes: []});
    });
    continue;
  }
  test(`BIRD 2 accepts templates/${template.name}, which is for BIRD 1.6, converted`, async t => {
    const [family] = template.families;
    const main = convertTemplate(readFileSync(path.join(repository, template.birdConf), 'utf8'), 'bird.conf', {to: 'bird2', family});
    const {text, notes} = converted(template.text);
    t.deepEqual(
      [...main.notes, ...notes].filter(({level}) => level === 'lost'),
      [],
    );
    for (const [label, {vars, draining}] of Object.entries(varsCases(template, family === 'ipv6' ? 'v6' : 'v4'))) {
      const {md5File: _, ...others} = vars;
      const addresses = family === 'ipv6' ? ['2001:db8::30/64'] : ['192.168.20.30/24'];
      const networks = family === 'ipv6' ? ['2001:db8:1::/112'] : ['10.1.0.0/29', '10.1.0.8/29'];
      const publisher = renderShipped({file: template.file, text}, {addresses, networks, vars: others, draining});
      await t.notThrowsAsync(check(t, 'bird', main.text, publisher), `${label}: ${publisher}`);
    }
    t.is(converted(text).text, text);
  });
}

async function check(t: ExecutionContext, program: string, main: string, publisher?: string): Promise<void> {
  const place = await temporaryFolder(t);
  await mkdir(path.join(place, 'conf.d'));
  await writeFile(path.join(place, 'bird.conf'), main);
  if (publisher !== undefined) await writeFile(path.join(place, 'conf.d', 'publisher.conf'), publisher);
  await run(program, ['-p', '-c', path.join(place, 'bird.conf')]);
  t.pass();
}
