import {interfaceText, managementAddress} from './addressing.ts';
import {hostNames, namespaceOf} from './names.ts';
import type {PlanBase, PlannedPart} from './plan-types.ts';
import {renderYaml} from './romana-yaml.ts';
import {topologyOf} from './topology.ts';

/** The master: etcd and the Romana daemon, on a management network of its own that reaches every host whatever the fabric does. */
export function planMaster({file, root, folder: labFolder}: PlanBase): PlannedPart {
  const folder = `${labFolder}/master`;
  const own = managementAddress(file, 0);
  const etcd = `http://${own.address}:2379`;
  const hosts = hostNames(file).flat();
  return {
    nodes: [
      {
        name: 'master',
        role: 'master',
        namespace: namespaceOf(file.name, 'master'),
        folder,
        interfaces: [
          {name: 'mgmt', kind: 'bridge', addresses: [own]},
          ...hosts.map((_, index) => ({name: `port${index + 1}`, kind: 'link' as const, bridge: 'mgmt', addresses: []})),
        ],
        defaultVia: [],
        files: [
          {path: 'topology.json', text: `${JSON.stringify(topologyOf(file), undefined, 2)}\n`},
          {
            path: 'romana.yaml',
            text: renderYaml({
              etcd: {endpoints: [etcd]},
              host: {name: 'master', address: interfaceText(own)},
              daemon: {listen: '127.0.0.1:9600', topology: `${folder}/topology.json`},
            }),
          },
        ],
        copies: [],
        processes: [
          {what: 'etcd', layer: 'control', command: ['etcd', ...etcdFlags(etcd, `${folder}/etcd`)]},
          {what: 'daemon', layer: 'control', command: [`${root}/bin/romana`, 'daemon', '--config', `${folder}/romana.yaml`]},
        ],
        peers: [],
      },
    ],
    links: hosts.map((host, index) => ({upper: {node: 'master', interface: `port${index + 1}`}, lower: {node: host, interface: 'mgmt'}})),
  };
}

/** The long flags are etcd's defaults, but for the addresses: it must listen nowhere else. */
function etcdFlags(url: string, dataFolder: string): string[] {
  const peer = 'http://127.0.0.1:2380';
  return [
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=${url},http://127.0.0.1:2379`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=1h',
  ];
}
