import type {DrainPhase} from '../../src/core/drain.ts';
import type {NodeState, PublishSettings, TemplateFile} from '../../src/core/node-state.ts';
import {parseAddress, parseInterfaceAddress, parsePrefix} from '../../src/core/prefix.ts';
import type {State} from '../../src/core/state.ts';

export interface NodeOptions {
  readonly name?: string;
  readonly addresses?: readonly string[];
  readonly publish?: Partial<PublishSettings>;
  readonly templates?: readonly TemplateFile[];
  /** The blocks of this host; every one belongs to tenant t1. */
  readonly blocks?: readonly string[];
  readonly state?: Partial<State>;
  readonly drain?: DrainPhase;
  readonly vips?: readonly string[];
}

/** A node's state for tests of the desired-* functions: a host with what the options say and nothing more. */
export function nodeState({
  name = 'host-1',
  addresses = ['192.168.20.30/24'],
  publish,
  templates = [],
  blocks = [],
  state,
  drain = 'none',
  vips = [],
}: NodeOptions = {}): NodeState {
  const own = blocks.map(cidr => ({cidr: parsePrefix(cidr), host: name, tenant: 't1', segment: ''}));
  const self = {name, addresses: addresses.map(parseInterfaceAddress)};
  const host = {name, ip: self.addresses[0]?.address ?? parseAddress('192.0.2.1'), agentPort: 9604, tags: {}, groups: {}, drained: false};
  return {
    self,
    settings: {
      provision: true,
      serviceRange: [],
      nat: {enabled: false, exclude: []},
      forward: {accept: false},
      iptables: 'auto',
      routes: {enabled: true, table: 10, multihop: false, aggregate: true, uplinks: [], allowOverlap: false},
      publish: {
        enabled: true,
        birdConf: '/etc/bird/bird.conf',
        confDir: '/etc/bird/conf.d',
        localAs: 65534,
        prefixes: 'blocks',
        vars: {},
        confirm: {timeoutSeconds: 30},
        guards: openGuards,
        drain: {timeoutSeconds: 60},
        ...publish,
      },
    },
    state: {
      revision: 1,
      trees: [],
      hosts: new Map([[name, host]]),
      blocks: new Map(own.map(block => [block.cidr, block])),
      addresses: new Map(),
      hostAddresses: new Map(),
      vips: new Map(),
      vipHolders: new Map(),
      ...state,
    },
    mainRoutes: [],
    interfaces: [],
    kernelSettings: {values: new Map(), learnsRoutes: new Set()},
    templates,
    drain,
    vips: {held: vips.map(parsePrefix), leaving: [], former: []},
  };
}

/** Guards as the contract's defaults have them, but for those of which a test's made-up prefixes know nothing. */
export const openGuards = {
  maxWithdrawPercent: 100,
  allowDefaultRoute: false,
  allowForeign: true,
  allowEmpty: false,
  allowNoPeers: false,
  allowOpenFilters: false,
};
