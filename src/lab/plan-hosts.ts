import {addressOf, hostLinkAddresses, interfaceText, managementAddress} from './addressing.ts';
import type {LabRack} from './lab-file.ts';
import {hostNames, namespaceOf, torName} from './names.ts';
import {torAs} from './plan-routers.ts';
import type {LabNode, LabProcess, PlanBase, PlannedPart} from './plan-types.ts';
import {renderYaml} from './romana-yaml.ts';
import {timers} from './router.ts';
import {birdProcess} from './router-files.ts';

/** The hosts of every rack with their links to the ToR. Interface `eth0` leads to the fabric, `mgmt` to the master. */
export function planHosts(base: PlanBase): PlannedPart {
  const names = hostNames(base.file);
  const racks = base.file.racks.map((rack, index) => {
    const before = names.slice(0, index).flat().length;
    return (names[index] ?? []).map((name, host) => ({rack, index, name, host, number: before + host + 1}));
  });
  return {
    nodes: racks.flat().map(place => planHost(base, place)),
    links: racks.flat().map(({rack, index, name, host}) => ({
      upper: {node: torName(base.file, index), interface: `${rack.segment === 'l2' ? 'port' : 'down'}${host + 1}`},
      lower: {node: name, interface: 'eth0'},
    })),
  };
}

interface HostPlace {
  readonly rack: LabRack;
  /** The rack's index in the lab, the host's in its rack, and the host's number (from 1) in the lab. */
  readonly index: number;
  readonly host: number;
  readonly number: number;
  readonly name: string;
}

function planHost(base: PlanBase, place: HostPlace): LabNode {
  const {file, root} = base;
  const {rack, index, name, host, number} = place;
  const folder = `${base.folder}/${name}`;
  const {upper, lower} = hostLinkAddresses(file, index, host);
  const management = managementAddress(file, number);
  return {
    name,
    role: 'host',
    rack: rack.name,
    namespace: namespaceOf(file.name, name),
    folder,
    interfaces: [
      {name: 'eth0', kind: 'link', addresses: lower},
      {name: 'mgmt', kind: 'link', addresses: [management]},
    ],
    defaultVia: upper.map(({address}) => address),
    files: [{path: 'romana.yaml', text: renderYaml(hostConfig(base, place, folder))}],
    copies: [
      {from: 'bird/bird.conf', to: 'templates/bird.conf'},
      {from: 'bird/bird.conf', to: 'bird/bird.conf'},
      {from: `templates/bird2/${rack.protocol}/publisher.conf`, to: 'templates/publisher.conf'},
    ],
    processes: hostProcesses(root, folder),
    peers: [torName(file, index)],
  };
}

function hostProcesses(root: string, folder: string): LabProcess[] {
  return [
    // -R: after a crash the neighbours still hold its routes, and it takes part in keeping them (Vars.gracefulRestart).
    birdProcess(folder, `${folder}/bird/bird.conf`, ['-R']),
    {
      what: 'agent',
      layer: 'control',
      command: [`${root}/bin/romana`, 'agent', '--config', `${folder}/romana.yaml`],
      socket: `${folder}/agent.sock`,
    },
  ];
}

function hostConfig({file}: PlanBase, {rack, index, host, name}: HostPlace, folder: string): Record<string, unknown> {
  const addresses = hostLinkAddresses(file, index, host).lower.map(interfaceText);
  return {
    etcd: {endpoints: [`http://${managementAddress(file, 0).address}:2379`]},
    host: {name, address: addresses.length === 1 ? addresses[0] : addresses},
    agent: {
      socket: `${folder}/agent.sock`,
      stateDir: `${folder}/state`,
      metrics: '127.0.0.1:9607',
      publish: {
        templates: `${folder}/templates`,
        birdConf: `${folder}/bird/bird.conf`,
        confDir: `${folder}/bird/conf.d`,
        birdSocket: `${folder}/bird.ctl`,
        birdPidFile: `${folder}/bird.pid`,
        localAs: rack.hostAs,
        vars: templateVars(rack, index, file, host),
      },
    },
  };
}

/** The values that the shipped templates ask for; see the head of templates/bird2/bgp/publisher.conf and its OSPF sibling. */
function templateVars(rack: LabRack, index: number, file: PlanBase['file'], host: number): Record<string, unknown> {
  if (rack.protocol === 'ospf') {
    const type = rack.segment === 'l2' ? 'broadcast' : 'ptp';
    return {interface: 'eth0', type, helloInterval: timers.helloSeconds, dead: timers.deadSeconds};
  }
  const {upper} = hostLinkAddresses(file, index, host);
  return {
    neighbor: addressOf(upper, 'ipv4'),
    neighborAs: torAs(file, index),
    holdTime: timers.holdSeconds,
    keepaliveTime: timers.keepaliveSeconds,
    connectRetryTime: timers.connectRetrySeconds,
    errorWaitTime: '1, 2',
    gracefulRestart: true,
    ...(file.bfd === false ? {} : {bfd: true}),
  };
}
