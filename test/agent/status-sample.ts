import type {AgentStatus, BirdReport} from '../../src/agent/status.ts';

/** A host on which all is well; times before `sampleNow`. */
export const sampleNow = 1_000_000_000;
export const status: AgentStatus & {bird: BirdReport} = {
  host: 'host-1',
  addresses: ['192.168.20.30/24', '2001:db8::30/64'],
  version: '0.1.0',
  revision: 42,
  stateAgeSeconds: 0,
  pass: {
    at: sampleNow - 3000,
    durationMs: 12,
    isGood: true,
    drivers: [
      {name: 'rules', wanted: 2, changes: 0, failures: 0},
      {name: 'neighbour-routes', wanted: 3, changes: 1, failures: 0},
      {name: 'block-routes', wanted: 2, changes: 0, failures: 0},
      {name: 'bird', wanted: 2, changes: 0, failures: 0},
    ],
  },
  announced: ['10.1.0.0/29', '10.1.0.16/29'],
  bird: {
    isRunning: true,
    sessions: [
      {name: 'tor', proto: 'BGP', table: '---', state: 'up', since: '10:00:00', info: 'Established'},
      {name: 'tor6', proto: 'BGP', table: '---', state: 'start', since: '10:00:00', info: ''},
      {name: 'kernel1', proto: 'Kernel', table: 'master4', state: 'up', since: '10:00:00', info: ''},
    ],
    accepted: {at: sampleNow - 600_000, how: 'configured'},
    isStale: false,
    templates: ['/etc/romana/bird/bird.conf', '/etc/romana/bird/publisher.conf.192.168.20.0'],
    problem: undefined,
  },
};
