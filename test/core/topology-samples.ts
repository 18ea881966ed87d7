import fc from 'fast-check';

/** A document of one network. */
export function oneNetwork(cidr: string, map: readonly unknown[], network: Record<string, unknown> = {}): unknown {
  return {networks: [{name: 'net', cidr, ...network}], topologies: [{networks: ['net'], map}]};
}

export const rack = (name: string, groups: readonly unknown[] = []) => ({assignment: {rack: name}, groups});

/** The multi-zone, multi-rack example of the manual. */
export const zones = oneNetwork('10.111.0.0/16', [
  {assignment: {zone: 'zone-A'}, groups: ['rack-3', 'rack-4', 'rack-7', 'rack-9'].map(name => rack(name))},
  {assignment: {zone: 'zone-B'}, groups: ['rack-17', 'rack-22'].map(name => rack(name))},
]);

/** The document of any shape: one IPv4 and one IPv6 network, groups up to three levels deep, some with hosts. */
export const anyDocument: fc.Arbitrary<unknown> = fc
  .record({v4: anyMap(), v6: anyMap(), isShared: fc.boolean(), mask: fc.constantFrom(29, 30, 32)})
  .map(({v4, v6, isShared, mask}) => ({
    networks: [
      {name: 'four', cidr: '10.16.0.0/12', block_mask: mask, tenants: ['*']},
      {name: 'six', cidr: '2001:db8::/48', tenants: ['web', 'db']},
      {name: 'unmapped', cidr: '172.16.0.0/16'},
    ],
    topologies: isShared
      ? [{networks: ['four', 'six'], map: v4}]
      : [
          {networks: ['six'], map: v6},
          {networks: ['four'], map: v4},
        ],
  }));

function anyMap(): fc.Arbitrary<readonly unknown[]> {
  const labels = fc.dictionary(fc.constantFrom('zone', 'rack'), fc.constantFrom('a', 'b'), {maxKeys: 2});
  const name = fc.constantFrom('', 'a', 'b', 'c');
  const {group} = fc.letrec<{group: Record<string, unknown>}>(tie => ({
    group: fc.record({
      name,
      assignment: labels,
      routing: fc.constantFrom('', 'bgp'),
      groups: fc.oneof({maxDepth: 2, withCrossShrink: true}, fc.constant([]), fc.array(tie('group'), {maxLength: 5})),
    }),
  }));
  return fc.array(group, {minLength: 1, maxLength: 6}).map(map => {
    let count = 0;
    const addHosts = (entry: Record<string, unknown>): unknown => {
      const groups = entry['groups'] as Record<string, unknown>[];
      if (groups.length > 0) return {...entry, groups: groups.map(addHosts)};
      count++;
      return count % 3 === 0 ? {...entry, groups: [{name: `declared-${count}`, ip: `192.168.7.${count % 256}`}]} : entry;
    };
    return map.map(addHosts);
  });
}
