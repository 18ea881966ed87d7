import {z} from 'zod';
import {answer} from './answer.ts';

/** The parts of the daemon's answers that tables show. */
export type HostView = z.infer<typeof HostView>;
export const HostView = z.object({
  name: z.string(),
  ip: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  drained: z.boolean().optional(),
  /** A prefix that is the host's own. */
  cidr: z.string().optional(),
  groups: z.record(z.string(), z.object({path: z.string(), cidr: z.string()})).optional(),
});
export const HostAnswer = answer('host', HostView);
export const HostList = answer('list of hosts', z.object({hosts: z.array(HostView)}));

export type NetworkView = z.infer<typeof NetworkView>;
const NetworkView = z.object({id: z.string(), cidr: z.string(), revision: z.number()});
export const NetworkAnswer = answer('network', NetworkView);
export const NetworkList = answer('list of networks', z.array(NetworkView));

export type BlockView = z.infer<typeof BlockView>;
const BlockView = z.looseObject({
  cidr: z.string(),
  host: z.string(),
  revision: z.number(),
  tenant: z.string(),
  segment: z.string(),
  allocated_ip_count: z.number(),
});
export const BlockList = answer('list of blocks', z.object({blocks: z.array(BlockView)}));

export type AddressView = z.infer<typeof AddressView>;
const AddressView = z.looseObject({
  name: z.string(),
  ip: z.string(),
  block: z.string(),
  host: z.string(),
  tenant: z.string(),
  segment: z.string(),
  network: z.string(),
  allocated_at: z.string(),
});
export const AddressList = answer('list of addresses', z.array(AddressView));

export const BlackoutList = answer('list of blackouts', z.array(z.object({cidr: z.string(), network: z.string()})));

export type VipView = z.infer<typeof VipView>;
const VipView = z.object({name: z.string(), ip: z.string(), hosts: z.array(z.string()), holder: z.string(), since: z.string().optional()});
export const VipAnswer = answer('VIP', VipView);
export const VipList = answer('list of VIPs', z.array(VipView));

/** Tenants, or the segments of one. */
export const NameList = answer('list of names', z.array(z.object({name: z.string()})));

const names = z.array(z.string());
const labels = z.record(z.string(), z.string());
const NetworkSpec = z.object({name: z.string(), cidr: z.string(), block_mask: z.int(), tenants: names});
const NetworkPart = NetworkSpec.partial();
const GroupPlace = z.object({network: z.string(), path: z.string(), cidr: z.string()});
const GroupSpec = z.object({...GroupPlace.shape, assignment: labels, routing: z.string()});
const GroupPart = GroupSpec.partial();
const renamed = {from: z.string(), to: z.string()};
export type PropertiesView = z.infer<typeof NetworkPart> & z.infer<typeof GroupPart>;
export type TopologyChangesView = z.infer<typeof TopologyChangesView>;
const TopologyChangesView = z.object({
  networks_added: z.array(NetworkSpec),
  networks_removed: z.array(NetworkSpec),
  networks_renamed: z.array(z.object({cidr: z.string(), ...renamed})),
  networks_changed: z.array(z.object({name: z.string(), cidr: z.string(), from: NetworkPart, to: NetworkPart})),
  networks_reordered: names,
  groups_added: z.array(GroupSpec),
  groups_removed: z.array(GroupSpec),
  groups_renamed: z.array(z.object({...GroupPlace.shape, ...renamed})),
  groups_changed: z.array(z.object({...GroupPlace.shape, from: GroupPart, to: GroupPart})),
  hosts_added: names,
  hosts_moved: names,
  hosts_unlisted: names,
});

export type DryRun = ReturnType<typeof DryRun.parse>;
export const DryRun = answer('dry run', z.object({fits: z.boolean(), problems: names, changes: TopologyChangesView}));

export const Explanation = answer('explanation', z.object({text: z.array(z.string())}));

const Entry = z.object({
  name: z.string().optional(),
  ip: z.string().optional(),
  cidr: z.string().optional(),
  get groups() {
    return z.array(Entry).optional();
  },
});
export type TopologyEntry = z.infer<typeof Entry>;
export type TopologyView = ReturnType<typeof TopologyView.parse>;
export const TopologyView = answer(
  'topology',
  z.object({
    networks: z.array(z.object({name: z.string(), cidr: z.string(), block_mask: z.int(), tenants: z.array(z.string()).optional()})),
    topologies: z.array(z.object({networks: z.array(z.string()), map: z.array(Entry)})),
  }),
);
