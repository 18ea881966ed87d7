import test from 'ava';
import {parseRule} from '../../src/core/policy-rules.ts';
import type {RuleShape} from '../../src/core/policy-shape.ts';

const parse = (shape: RuleShape) => {
  const faults: string[] = [];
  const rule = parseRule(shape, faults);
  return {rule, faults};
};

for (const [shape, ...faults] of [
  [{}, 'No protocol specified.'],
  [{protocol: ''}, 'No protocol specified.'],
  [{protocol: 'xxxx'}, 'Invalid protocol: xxxx.'],
  [{protocol: 256}, 'Invalid protocol: 256.'],
  [{protocol: 0}, 'Invalid protocol: 0.'],
  [{protocol: 'tcp', ports: [80, 65_536, 100_000]}, 'The following ports are invalid: 65536, 100000.'],
  [
    {
      protocol: 'tcp',
      port_ranges: [
        [1, 2],
        [3, 65_536],
        [10, 4],
      ],
    },
    'The following port ranges are invalid: 3-65536, 10-4.',
  ],
  [{protocol: 'icmp', ports: [80]}, 'ICMP protocol is specified but ports are also specified.'],
  [{protocol: 'icmpv6', port_ranges: [[1, 2]]}, 'ICMP protocol is specified but ports are also specified.'],
  [{protocol: 'udp', icmp_type: 8}, 'ICMP protocol is not specified but ICMP Code and/or ICMP Type are also specified.'],
  [{protocol: 'any', icmp_code: 1}, 'ICMP protocol is not specified but ICMP Code and/or ICMP Type are also specified.'],
  [{protocol: 'icmp', icmp_type: 256}, 'Invalid ICMP type: 256.'],
  [{protocol: 'icmp', icmp_type: 3, icmp_code: 33}, 'Invalid ICMP code for type 3: 33.'],
  [{protocol: 'icmp', icmp_type: 5, icmp_code: 4}, 'Invalid ICMP code for type 5: 4.'],
  [{protocol: 'icmp', icmp_type: 11, icmp_code: 2}, 'Invalid ICMP code for type 11: 2.'],
  [{protocol: 'icmp', icmp_type: 8, icmp_code: 1}, 'Invalid ICMP code for type 8: 1.'],
  [{protocol: 'icmp', icmp_code: 1}, 'ICMP code 1 is specified but no ICMP type.'],
  [{protocol: 'any', ports: [80]}, 'Ports are specified, but the protocol has none: they belong to tcp, udp and sctp.'],
  [
    {ports: [0], port_ranges: [[2, 1]]},
    'No protocol specified.',
    'The following ports are invalid: 0.',
    'The following port ranges are invalid: 2-1.',
  ],
] as const) {
  test(`refused: ${JSON.stringify(shape)}`, t => {
    const found = parse(shape as RuleShape);
    t.deepEqual(found.faults, [...faults]);
    t.is(found.rule, undefined);
  });
}

for (const [shape, protocol, ports, icmp] of [
  [{protocol: 'TCP'}, 6, '', undefined],
  [{protocol: 'udp', ports: [53, 5353]}, 17, '53-53 5353-5353', undefined],
  [
    {
      protocol: 'sctp',
      ports: [82, 80, 80],
      port_ranges: [
        [81, 81],
        [90, 100],
        [95, 200],
      ],
    },
    132,
    '80-82 90-200',
    undefined,
  ],
  [{protocol: 'tcp', port_ranges: [[1, 65_535]]}, 6, '1-65535', undefined],
  [{protocol: 'any', icmp_type: 0, icmp_code: 0, ports: []}, 'any', '', undefined],
  [{protocol: 'icmp', icmp_type: 0}, 1, '', {type: 0}],
  [{protocol: 'icmp', icmp_type: 3, icmp_code: 15}, 1, '', {type: 3, code: 15}],
  [{protocol: 'icmpv6', icmp_type: 1, icmp_code: 4}, 58, '', {type: 1, code: 4}],
  [{protocol: 47}, 47, '', undefined],
  [{protocol: '47'}, 47, '', undefined],
] as const) {
  test(`read: ${JSON.stringify(shape)}`, t => {
    const {rule, faults} = parse(shape as RuleShape);
    t.deepEqual(faults, []);
    t.is(rule?.protocol, protocol);
    t.is(rule?.ports.map(({first, last}) => `${first}-${last}`).join(' '), ports);
    t.deepEqual(rule?.icmp, icmp);
    t.true(rule?.isStateful);
  });
}
