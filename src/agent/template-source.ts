import type {NodeState} from '../core/node-state.ts';
import {templateData} from '../core/publish.ts';

/** What the templates of a host are rendered with, as JSON: what GET /template-data answers and `romana template --data` reads. */
export interface TemplateDataDocument {
  readonly host: {readonly name: string; readonly address: readonly string[]; readonly tags: Readonly<Record<string, string>>};
  readonly localAS: number;
  readonly networks: readonly string[];
  readonly groups: Readonly<
    Record<string, {readonly cidr: string; readonly name: string; readonly path: string; readonly hosts: readonly string[]}>
  >;
  readonly blocks: ReadonlyArray<{
    readonly cidr: string;
    readonly tenant: string;
    readonly segment: string;
    readonly network: string;
    readonly count: number;
  }>;
  readonly vips: readonly string[];
  readonly vipPool: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly draining: boolean;
}

/** The document of this host as it is now. It holds `vars` as they are, and with them whatever password is there: for root's eyes only. */
export function templateSource(node: NodeState): TemplateDataDocument {
  const {Tags, LocalAS, Networks, HostGroups, Blocks, Vips, VipPool, Vars, Draining} = templateData(node);
  const {name, addresses} = node.self;
  const groups = Object.entries(HostGroups).map(([network, {CIDR, Name, Path, Hosts}]) => {
    return [network, {cidr: CIDR, name: Name, path: Path, hosts: Hosts}] as const;
  });
  return {
    host: {name, address: addresses.map(({address, length}) => `${address}/${length}`), tags: Tags},
    localAS: LocalAS,
    networks: Networks,
    groups: Object.fromEntries(groups),
    blocks: Blocks.map(block => ({
      cidr: block.CIDR,
      tenant: block.Tenant,
      segment: block.Segment,
      network: block.Network,
      count: block.Count,
    })),
    vips: Vips,
    vipPool: VipPool,
    vars: Vars,
    draining: Draining,
  };
}
