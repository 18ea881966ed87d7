import test from 'ava';
import {parsePolicies} from '../../src/core/policy-document.ts';
import {type DefaultRule, type Evaluation, evaluate, type Flow, type Side} from '../../src/core/policy-evaluate.ts';
import {parsePrefix} from '../../src/core/prefix.ts';

const endpoint = (tenant: string, segment: string, ip: string, host = 'host-1'): Side => ({
  prefixes: [parsePrefix(`${ip}/32`)],
  endpoint: {tenant, segment, host},
});
const web = endpoint('a', 'web', '10.1.0.1');
const db = endpoint('a', 'db', '10.1.0.9');
const other = endpoint('b', 'web', '10.2.0.1', 'host-2');
const outside: Side = {prefixes: [parsePrefix('192.0.2.7/32')]};
const host1: Side = {prefixes: [parsePrefix('192.168.20.30/32')], host: 'host-1'};
const host2: Side = {prefixes: [parsePrefix('192.168.20.31/32')], host: 'host-2'};

const tcp = (from: Side, to: Side, port: number): Flow => ({from, to, protocol: 6, port});
const policy = (id: string, rest: object) => parsePolicies({id, direction: 'ingress', applied_to: [{tenant_id: 'a'}], ...rest});
const allow = (peer: object, ...ports: number[]) => ({peers: [peer], rules: [{protocol: 'tcp', ports}]});

/** "allow", "deny by policy ID 1.2 (ingress)". */
function told({verdict, egress, ingress}: Pick<Evaluation, 'verdict' | 'egress' | 'ingress'>): string {
  const [direction, deciding] = egress.verdict === 'deny' ? (['egress', egress] as const) : (['ingress', ingress] as const);
  const {by, policy: which, stanza, rule} = deciding;
  const place = stanza === undefined ? '' : ` ${stanza}.${rule}`;
  return `${verdict} by ${by}${which === undefined ? '' : ` ${which.id}`}${place} (${direction})`;
}

for (const [defaultRule, ...expected] of [
  [
    'tenant',
    'allow by default (ingress)',
    'deny by default (ingress)',
    'allow by default (ingress)',
    'allow by own-host (ingress)',
    'allow by default (ingress)',
  ],
  [
    'allow',
    'allow by default (ingress)',
    'allow by default (ingress)',
    'allow by default (ingress)',
    'allow by own-host (ingress)',
    'allow by default (ingress)',
  ],
  [
    'deny',
    'deny by default (ingress)',
    'deny by default (ingress)',
    'deny by default (ingress)',
    'allow by own-host (ingress)',
    'deny by default (ingress)',
  ],
] as const satisfies readonly (readonly [DefaultRule, ...string[]])[]) {
  test(`without policies the default decides: ${defaultRule}`, t => {
    t.deepEqual(
      [web, other, outside, host1, host2].map(from => told(evaluate(tcp(from, db, 80), [], defaultRule))),
      [...expected],
    );
    t.is(told(evaluate(tcp(web, outside, 80), [], defaultRule)), 'allow by outside (ingress)');
    t.is(told(evaluate(tcp(outside, host1, 22), [], defaultRule)), 'allow by default (ingress)');
  });
}

test('a policy that allows isolates its targets in its direction, and no others', t => {
  const policies = policy('p', {applied_to: [{tenant_id: 'a', segment_id: 'db'}], ingress: [allow({tenant_id: 'b'}, 80)]});
  const ask = (flow: Flow) => told(evaluate(flow, policies, 'tenant'));
  t.is(ask(tcp(other, db, 80)), 'allow by policy p 0.0 (ingress)');
  t.is(ask(tcp(other, db, 81)), 'deny by isolation p (ingress)');
  t.is(ask(tcp(web, db, 80)), 'deny by isolation p (ingress)', 'its own tenant is not a peer');
  t.is(ask(tcp(outside, db, 80)), 'deny by isolation p (ingress)');
  t.is(ask(tcp(host1, db, 22)), 'allow by own-host (ingress)');
  t.is(ask(tcp(db, web, 80)), 'allow by default (ingress)', 'another segment');
  t.is(ask(tcp(db, outside, 80)), 'allow by outside (ingress)', 'another direction');
});

test('stanzas do not mix', t => {
  const policies = policy('p', {ingress: [allow({tenant_id: 'b'}, 80), allow({cidr: '192.0.2.0/24'}, 443)]});
  const ask = (from: Side, port: number) => told(evaluate(tcp(from, db, port), policies, 'tenant'));
  t.is(ask(other, 80), 'allow by policy p 0.0 (ingress)');
  t.is(ask(outside, 443), 'allow by policy p 1.0 (ingress)');
  t.is(ask(other, 443), 'deny by isolation p (ingress)');
  t.is(ask(outside, 80), 'deny by isolation p (ingress)');
});

test('nothing is allowed by no stanza, no peers, or no rules', t => {
  for (const ingress of [[], [{}], [{peers: [{peer: 'any'}]}], [{rules: [{protocol: 'any'}]}]]) {
    t.is(told(evaluate(tcp(web, db, 80), policy('none', {ingress}), 'allow')), 'deny by isolation none (ingress)');
  }
});

test('the order decides, then denial, then the id; a denial isolates nobody', t => {
  const any = {peers: [{peer: 'any'}], rules: [{protocol: 'any'}]};
  const deny = policy('deny', {action: 'deny', ingress: [allow({cidr: '192.0.2.0/24'}, 80)]});
  const ask = (from: Side, policies: ReturnType<typeof policy>, port = 80) => told(evaluate(tcp(from, db, port), policies, 'tenant'));
  t.is(ask(outside, deny), 'deny by policy deny 0.0 (ingress)');
  t.is(ask(outside, deny, 81), 'allow by default (ingress)');
  t.is(ask(web, deny), 'allow by default (ingress)');
  const open = policy('a-open', {ingress: [any]});
  t.is(ask(outside, [...open, ...deny]), 'deny by policy deny 0.0 (ingress)');
  t.is(ask(outside, [...deny, ...policy('a-open', {order: 10, ingress: [any]})]), 'allow by policy a-open 0.0 (ingress)');
  t.is(ask(outside, [...policy('b-open', {ingress: [any]}), ...open]), 'allow by policy a-open 0.0 (ingress)');
});

test('both ends decide', t => {
  const egress = policy('out', {direction: 'egress', ingress: [allow({cidr: '10.0.0.0/8', except: ['10.2.0.0/16']}, 80)]});
  const ask = (from: Side, to: Side, port = 80) => told(evaluate(tcp(from, to, port), egress, 'allow'));
  t.is(ask(web, db), 'allow by default (ingress)');
  t.is(ask(web, db, 81), 'deny by isolation out (egress)');
  t.is(ask(web, other), 'deny by isolation out (egress)', 'the exception');
  t.is(ask(other, web), 'allow by default (ingress)', 'it may be sent what it may not send');
  t.is(ask(web, host1), 'allow by default (ingress)', 'its own host');
  t.is(ask(web, host2), 'deny by isolation out (egress)');
});

test('hosts are open until a policy is for them; a CIDR means endpoints alone', t => {
  const onlySsh = policy('ssh', {applied_to: [{dest: 'host'}], ingress: [allow({cidr: '192.0.2.0/24'}, 22), allow({peer: 'host'}, 179)]});
  const ask = (from: Side, port: number) => told(evaluate(tcp(from, host1, port), onlySsh, 'tenant'));
  t.is(ask(outside, 22), 'allow by policy ssh 0.0 (ingress)');
  t.is(ask(outside, 80), 'deny by isolation ssh (ingress)');
  t.is(ask(host2, 179), 'allow by policy ssh 1.0 (ingress)');
  t.is(told(evaluate(tcp(outside, host1, 80), policy('net', {applied_to: [{cidr: '0.0.0.0/0'}]}), 'tenant')), 'allow by default (ingress)');
  t.is(
    told(evaluate(tcp(outside, db, 80), policy('net', {applied_to: [{cidr: '10.1.0.8/29'}]}), 'tenant')),
    'deny by isolation net (ingress)',
  );
});

test('kinds of traffic: protocols, ports, types of ICMP', t => {
  const rules = [
    {protocol: 'udp', port_ranges: [[100, 200]]},
    {protocol: 'icmp', icmp_type: 3, icmp_code: 4},
    {protocol: 'icmp', icmp_type: 8},
    {protocol: 47},
  ];
  const policies = policy('kinds', {ingress: [{peers: [{peer: 'any'}], rules}]});
  const ask = (rest: Pick<Flow, 'protocol' | 'port' | 'icmp'>) => evaluate({from: web, to: db, ...rest}, policies, 'tenant').ingress.rule;
  t.is(ask({protocol: 17, port: 100}), 0);
  t.is(ask({protocol: 17, port: 200}), 0);
  t.is(ask({protocol: 17, port: 201}), undefined);
  t.is(ask({protocol: 17}), undefined);
  t.is(ask({protocol: 6, port: 150}), undefined);
  t.is(ask({protocol: 1, icmp: {type: 3, code: 4}}), 1);
  t.is(ask({protocol: 1, icmp: {type: 3, code: 3}}), undefined);
  t.is(ask({protocol: 1, icmp: {type: 8, code: 0}}), 2);
  t.is(ask({protocol: 47}), 3);
});

test('staged policies decide nothing, and what they would is told', t => {
  const staged = policy('soon', {staged: true, ingress: [allow({tenant_id: 'a'}, 80)]});
  const allowed = evaluate(tcp(web, db, 80), staged, 'tenant');
  t.is(told(allowed), 'allow by default (ingress)');
  t.is(allowed.staged && told(allowed.staged), 'allow by policy soon 0.0 (ingress)');
  const refused = evaluate(tcp(web, db, 81), staged, 'tenant');
  t.is(told(refused), 'allow by default (ingress)');
  t.is(refused.staged && told(refused.staged), 'deny by isolation soon (ingress)');
  t.is(evaluate(tcp(web, other, 80), staged, 'allow').staged, undefined, 'it is for neither end');
});

test('a whole tenant is in a CIDR where all its blocks are', t => {
  const blocks = (...cidrs: string[]): Side => ({prefixes: cidrs.map(parsePrefix), endpoint: {tenant: 'c', segment: '', host: ''}});
  const policies = policy('p', {ingress: [allow({cidr: '10.3.0.0/16', except: ['10.3.9.0/24']}, 80)]});
  const ask = (from: Side) => evaluate(tcp(from, db, 80), policies, 'tenant').verdict;
  t.is(ask(blocks('10.3.0.0/29', '10.3.1.0/29')), 'allow');
  t.is(ask(blocks('10.3.0.0/29', '10.4.1.0/29')), 'deny');
  t.is(ask(blocks('10.3.8.0/23')), 'deny');
  t.is(ask(blocks()), 'deny', 'of nothing nothing is known');
});
