import test from 'ava';
import fc from 'fast-check';
import {InputError} from '../../src/core/errors.ts';
import {parsePolicies, renderPolicy} from '../../src/core/policy-document.ts';

const backend = {tenant_id: 'tenant-a', segment_id: 'backend'};
const web = {
  id: 'web',
  direction: 'ingress',
  applied_to: [backend],
  ingress: [{peers: [{peer: 'any'}], rules: [{protocol: 'TCP', ports: [80, 443], is_stateful: true}]}],
};

/** Code and lines of what is refused. */
function refusal(document: unknown): readonly string[] {
  try {
    parsePolicies(document);
  } catch (error) {
    if (error instanceof InputError) return [error.code, ...error.message.split('\n')];
    throw error;
  }
  return [];
}

test('a policy of Romana 2 is read, and written so that it can be posted back', t => {
  const [policy] = parsePolicies(web);
  t.like(policy, {
    id: 'web',
    action: 'allow',
    order: 1000,
    isStaged: false,
    targets: [{kind: 'tenant', tenant: 'tenant-a', segment: 'backend'}],
  });
  t.deepEqual(policy && renderPolicy(policy), {
    id: 'web',
    direction: 'ingress',
    applied_to: [backend],
    ingress: [{peers: [{peer: 'any'}], rules: [{protocol: 'tcp', ports: [80, 443]}]}],
  });
});

test("the manual's form is read: a list, by name, with peers and rules of one stanza", t => {
  const document = {
    securitypolicies: [
      {
        name: 'policy1',
        description: 'Opening SSH, HTTP and HTTPS ports as well as ICMP',
        direction: 'ingress',
        applied_to: [{tenant: 'admin', segment: 'default'}],
        peers: [{peer: 'any'}],
        rules: [{protocol: 'tcp', ports: [22, 80, 443]}, {protocol: 'icmp'}],
      },
      {...web, name: 'by its id'},
    ],
  };
  const [first, second] = parsePolicies(document);
  t.like(first, {id: 'policy1', description: 'Opening SSH, HTTP and HTTPS ports as well as ICMP'});
  t.is(first?.stanzas.length, 1);
  t.deepEqual(
    first?.stanzas[0]?.rules.map(({protocol, ports}) => [protocol, ports.map(({first: from, last}) => `${from}-${last}`).join()]),
    [
      [6, '22-22,80-80,443-443'],
      [1, ''],
    ],
  );
  t.is(second?.id, 'web');
});

test('nothing but a target is a policy: it isolates', t => {
  for (const rest of [{}, {ingress: []}, {ingress: [{}]}, {ingress: [{peers: [], rules: []}]}, {ingress: null}]) {
    t.is(parsePolicies({id: 'none', direction: 'ingress', applied_to: [backend], ...rest}).length, 1);
  }
});

for (const [what, change, ...faults] of [
  ['no target', {applied_to: []}, "applied_to: Required 'applied_to' entry missing."],
  ['no direction', {direction: undefined}, "direction: Unknown direction '', allowed 'egress' or 'ingress'."],
  ['another direction', {direction: 'bla'}, "direction: Unknown direction 'bla', allowed 'egress' or 'ingress'."],
  ['no id', {id: undefined}, "id: Required 'id' or 'name' entry missing."],
  ['an id that no comment can hold', {id: 'a"b'}, 'id: Invalid id: "a\\"b" (expected 1 to 200 letters, digits and . _ - : / @).'],
  ['a target that is anybody', {applied_to: [{peer: 'any'}]}, 'applied_to[0]: A target is named by dest, cidr or tenant_id, not by peer.'],
  [
    'a target that is nobody',
    {applied_to: [{tenant_id: ''}]},
    'applied_to[0]: It names nobody; one of dest, cidr or tenant_id is expected.',
  ],
  [
    'a target that is two',
    {applied_to: [{...backend, cidr: '10.0.0.0/8'}]},
    'applied_to[0]: It names cidr and tenant_id; only one of dest, cidr or tenant_id is expected.',
  ],
  ['a bad CIDR', {applied_to: [{cidr: '10.0.0.0/33'}]}, /^applied_to\[0\]: Invalid CIDR: 10\.0\.0\.0\/33 \(/],
  [
    'an exception elsewhere',
    {applied_to: [{cidr: '10.0.0.0/8', except: ['11.0.0.0/16']}]},
    'applied_to[0]: Exception 11.0.0.0/16 is no part of 10.0.0.0/8.',
  ],
  ['what has no meaning', {applied_to: [{dest: 'local'}]}, 'applied_to: invalid combination of target=local, peer=any, direction=ingress'],
  ['another action', {action: 'drop'}, "action: Unknown action 'drop', allowed 'allow' or 'deny'."],
  ['both forms', {rules: [{protocol: 'any'}]}, "ingress: stands beside 'peers' and 'rules': they belong into it."],
  [
    'several at once',
    {direction: 'in', ingress: [{peers: [{peer: 'all'}], rules: [{protocol: 'tcp'}, {ports: [0]}]}]},
    "direction: Unknown direction 'in', allowed 'egress' or 'ingress'.",
    "ingress[0].peers[0]: Unknown peer 'all', allowed 'any' or 'host'.",
    'ingress[0].rules[1]: Rule #2: No protocol specified.',
    'ingress[0].rules[1]: Rule #2: The following ports are invalid: 0.',
  ],
] as const) {
  test(`what a policy cannot be is refused, all of it at once, with its path: ${what}`, t => {
    const [code, ...lines] = refusal({...web, ...change});
    t.is(code, 'ERR_INVALID');
    t.is(lines.length, faults.length, lines.join('\n'));
    for (const [index, fault] of faults.entries()) {
      if (typeof fault === 'string') t.is(lines[index], fault);
      else t.regex(lines[index] ?? '', fault);
    }
  });
}

test('a shape that is wrong is another kind of error, and names the field', t => {
  t.deepEqual(refusal({...web, colour: 'red'}), ['ERR_MALFORMED', 'unknown field "colour"']);
  t.is(refusal({...web, ingress: [{peers: 'any'}]})[0], 'ERR_MALFORMED');
  t.regex(refusal({...web, ingress: [{peers: 'any'}]})[1] ?? '', /^ingress\[0\]\.peers: /);
  t.regex(
    refusal({securitypolicies: [web, {...web, ingress: [{rules: [{ports: ['80']}]}]}]})[1] ?? '',
    /^securitypolicies\[1\]\.ingress\[0\]\.rules\[0\]\.ports\[0\]: /,
  );
  for (const nothing of [null, undefined, 'text', 7, []]) t.is(refusal(nothing)[0], 'ERR_MALFORMED');
});

test('one id twice in a list is refused', t => {
  t.deepEqual(refusal({securitypolicies: [web, web]}), ['ERR_INVALID', 'Policy web appears more than once.']);
});

const names = fc.constantFrom('a', 'b', 'tenant-c');
const cidrs = fc.constantFrom('10.1.0.0/16', 'fd00::/48', '192.0.2.7/32', '0.0.0.0/0');
const tenant = fc.record({tenant_id: names, segment_id: names}, {requiredKeys: ['tenant_id']});
const cidr = cidrs.map(text => ({cidr: text}));
const peers = fc.oneof(
  tenant,
  cidr,
  fc.constantFrom({peer: 'any'}, {peer: 'host'}),
  fc.constant({cidr: '10.0.0.0/8', except: ['10.9.0.0/16', '10.10.0.0/24']}),
);
const rules = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    ports: fc.array(fc.integer({min: 1, max: 65_535}), {maxLength: 5}),
    is_stateful: fc.boolean(),
  }),
  fc.record({
    protocol: fc.constant('tcp'),
    port_ranges: fc.array(
      fc.integer({min: 1, max: 60_000}).map((first): [number, number] => [first, first + 100]),
      {maxLength: 3},
    ),
  }),
  fc.record({protocol: fc.constantFrom('icmp', 'icmpv6'), icmp_type: fc.constantFrom(1, 3)}, {requiredKeys: ['protocol']}),
  fc.record({protocol: fc.constantFrom('any', 47)}),
);
const policies = fc.record(
  {
    id: fc.constantFrom('p', 'kube.ns.name.4a5a22e8'),
    description: fc.constantFrom('', 'text'),
    direction: fc.constantFrom('ingress', 'egress'),
    action: fc.constantFrom('allow', 'deny'),
    order: fc.integer(),
    staged: fc.boolean(),
    applied_to: fc.array(fc.oneof(tenant, cidr, fc.constant({dest: 'host'})), {minLength: 1, maxLength: 3}),
    ingress: fc.array(fc.record({peers: fc.array(peers, {maxLength: 3}), rules: fc.array(rules, {maxLength: 3})}), {maxLength: 3}),
  },
  {requiredKeys: ['id', 'direction', 'applied_to']},
);

test('whatever is read can be written, read again, and is the same', t => {
  fc.assert(
    fc.property(policies, document => {
      const read = parsePolicies(document);
      const written = read.map(renderPolicy);
      t.deepEqual(
        written.flatMap(each => parsePolicies(JSON.parse(JSON.stringify(each)))),
        read,
      );
    }),
  );
});
