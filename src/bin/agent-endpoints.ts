import path from 'node:path';
import type {Agent} from '../agent/agent.ts';
import {createEndpoints, type Endpoints} from '../agent/endpoints.ts';
import type {History} from '../agent/history.ts';
import type {Config} from '../config/schema.ts';
import {parseAddress} from '../core/prefix.ts';
import {whyNoPair} from '../drivers/endpoint-namespace.ts';
import {systemClock} from '../system/clock.ts';
import {systemFiles} from '../system/file-system.ts';
import type {Logger} from '../system/log.ts';
import {readNamespaceId} from '../system/network-namespaces.ts';
import type {Run} from '../system/run.ts';

export interface AgentEndpointsOptions {
  readonly config: Config['agent'];
  readonly run: Run;
  readonly log: Logger;
  readonly agent: () => Agent;
  readonly history: History;
  /** The drivers of endpoints. */
  readonly drivers: readonly string[];
  /** The next look is at the kernel itself. */
  distrust(): void;
}

/** The endpoints of this host, which stand in endpoints.json of the state folder. */
export function createAgentEndpoints({config, run, log, agent, history, drivers, distrust}: AgentEndpointsOptions): Endpoints {
  const {
    stateDir,
    endpoints: {gateway4, gateway6},
  } = config;
  return createEndpoints({
    file: path.join(stateDir, 'endpoints.json'),
    files: systemFiles,
    gateways: {ipv4: parseAddress(gateway4), ipv6: parseAddress(gateway6)},
    clock: systemClock,
    log,
    readNamespaceId,
    whyNoPair: question => whyNoPair(run, question),
    async look(isKernelAsked) {
      if (isKernelAsked) distrust();
      return agent().endpoints.look();
    },
    async pass() {
      const passed = agent().endpoints.passed();
      agent().endpoints.nudge();
      await passed;
    },
    last() {
      const {node: host, endpoints: lane} = agent();
      // Passes over endpoints do without the machine's settings; how these are is told all the same.
      const node = lane.node && {...lane.node, kernelSettings: host?.kernelSettings ?? lane.node.kernelSettings};
      return {node, errors: drivers.map(history.errorOf)};
    },
  });
}
