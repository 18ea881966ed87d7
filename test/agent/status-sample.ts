import type {BirdReport} from '../../src/agent/bird-report.ts';
import type {AgentStatus} from '../../src/agent/status.ts';

/** A host on which all is well; times before `sampleNow`. */
export const sampleNow = 1_000_000_000;
export const status: AgentStatus & {bird: BirdReport} = {
  host: 'host-1',
  addresses: ['192.168.20.30/24', '2001:db8::30/64'],
  version: '0.1.0',
  state: 'store',
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
      {
        name: 'tor',
        proto: 'BGP',
        table: '---',
        state: 'up',
        since: '10:00:00.123',
        info: 'Established',
        neighbour: '192.168.20.1',
        neighbourAs: 65001,
        channels: [{name: 'ipv4', state: 'up', imported: 1, exported: 2, filtered: 0}],
        isUp: true,
        bfd: {
          protocol: 'bfd1',
          address: '192.168.20.1',
          dev: 'eth0',
          state: 'up',
          since: '10:00:01.456',
          intervalSeconds: 0.2,
          timeoutSeconds: 0.6,
        },
      },
      {
        name: 'tor6',
        proto: 'BGP',
        table: '---',
        state: 'start',
        since: '2026-11-20 10:00:00.123',
        info: 'Active        Socket: Connection refused',
        neighbour: '2001:db8:1234:5678:9abc:def0:1234:5678',
        neighbourAs: 4_200_000_001,
        lastError: 'Socket: Connection refused',
        channels: [{name: 'ipv6', state: 'down', imported: 0, exported: 0, filtered: 0}],
        isUp: false,
      },
      {
        name: 'fabric',
        proto: 'OSPF',
        table: 'master4',
        state: 'up',
        since: '10:00:00.123',
        info: 'Running',
        channels: [{name: 'ipv4', state: 'up', imported: 4, exported: 2, filtered: 0}],
        isUp: true,
        neighbours: [{routerId: '10.0.0.2', state: 'Full/DR', dev: 'eth0', address: '192.168.20.1'}],
      },
    ],
    accepted: {at: sampleNow - 600_000, how: 'configured'},
    isStale: false,
    templates: ['/etc/romana/bird/bird.conf', '/etc/romana/bird/publisher.conf.192.168.20.0'],
    problem: undefined,
  },
};
