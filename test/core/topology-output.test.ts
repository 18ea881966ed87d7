import test from 'ava';
import fc from 'fast-check';
import {declaredHosts} from '../../src/core/declared-hosts.ts';
import {networkTrees} from '../../src/core/group-tree.ts';
import {createPlacer} from '../../src/core/placement.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import type {Host} from '../../src/core/state.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {topologyDocument} from '../../src/core/topology-output.ts';
import {anyDocument, oneNetwork} from './topology-samples.ts';

const host = (name: string, ip: string, cidr: string, tags: Record<string, string> = {}): Host => {
  return {name, ip: parseAddress(ip), agentPort: 9604, drained: false, tags, groups: {net: parsePrefix(cidr)}};
};

test('the topology is shown with CIDRs, and with its hosts in their leaves: declared ones in order, others by name', t => {
  const document = parseTopology(
    oneNetwork('10.0.0.0/16', [
      {name: 'r1', assignment: {rack: 'r1'}, routing: 'bgp'},
      {
        name: 'r2',
        hosts: [
          {name: 'z', ip: '1.1.1.1'},
          {name: 'gone', ip: '1.1.1.9'},
        ],
      },
      {},
    ]),
  );
  const hosts = [
    host('b', '1.1.1.3', '10.0.64.0/18'),
    host('a', '1.1.1.2', '10.0.64.0/18', {x: 'y'}),
    host('z', '1.1.1.1', '10.0.64.0/18'),
  ];
  t.deepEqual<unknown, unknown>(topologyDocument(document, hosts), {
    networks: [{name: 'net', cidr: '10.0.0.0/16', block_mask: 29, tenants: ['*']}],
    topologies: [
      {
        networks: ['net'],
        map: [
          {name: 'r1', cidr: '10.0.0.0/18', assignment: {rack: 'r1'}, routing: 'bgp', groups: []},
          {
            name: 'r2',
            cidr: '10.0.64.0/18',
            groups: [
              {name: 'z', ip: '1.1.1.1'},
              {name: 'a', ip: '1.1.1.2', assignment: {x: 'y'}},
              {name: 'b', ip: '1.1.1.3'},
            ],
          },
          {cidr: '10.0.128.0/18', groups: []},
        ],
      },
    ],
  });
});

test('an empty store is shown with empty lists', t => {
  t.deepEqual(topologyDocument(parseTopology({networks: [], topologies: []}), []), {networks: [], topologies: []});
});

test('what is shown can be posted back: the same trees, and every host where it was', t => {
  fc.assert(
    fc.property(anyDocument, posted => {
      const document = parseTopology(posted);
      const trees = networkTrees(document);
      const declared = declaredHosts(document);
      const placer = createPlacer({trees, declared, hosts: []});
      const candidates = [
        ...declared.values(),
        ...['a', 'b'].map(zone => ({name: `dynamic-${zone}`, ip: parseAddress(`1.1.1.${zone === 'a' ? 1 : 2}`), tags: {zone}})),
      ];
      const hosts = candidates.flatMap(({name, ip, tags}) => {
        try {
          return [{name, ip, tags, agentPort: 9604, drained: false, groups: placer.place({name, ip, tags})}];
        } catch {
          return [];
        }
      });
      const again = parseTopology(JSON.parse(JSON.stringify(topologyDocument(document, hosts))));
      t.deepEqual(again.networks, document.networks);
      t.deepEqual(networkTrees(again), trees);
      const found = declaredHosts(again);
      t.deepEqual(
        hosts.map(({name}) => found.get(name)?.groups),
        hosts.map(({groups}) => groups),
      );
      t.deepEqual(topologyDocument(again, hosts).networks, topologyDocument(document, hosts).networks);
    }),
  );
});
