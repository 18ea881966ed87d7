import {z} from 'zod';

// What ipamd answers (contract, section 4). Prefixes and addresses are in their canonical form.

const Revision = z.int().describe('the revision of the store that wrote it');
const Tags = z.record(z.string(), z.string());

export type NetworkAnswer = z.infer<typeof NetworkAnswer>;
export const NetworkAnswer = z
  .object({revision: z.int().describe('the revision of the store that this daemon has read'), id: z.string(), cidr: z.string()})
  .meta({id: 'Network'});

export type BlockListAnswer = z.infer<typeof BlockListAnswer>;
export type BlockAnswer = z.infer<typeof BlockAnswer>;
export const BlockAnswer = z
  .object({
    revision: Revision,
    cidr: z.string(),
    tenant: z.string(),
    segment: z.string(),
    host: z.string().describe('empty while the block waits to be reused'),
    allocated_ip_count: z.int(),
  })
  .meta({id: 'Block'});
export const BlockListAnswer = z.object({revision: z.int(), blocks: z.array(BlockAnswer)}).meta({id: 'BlockList'});

export type HostAnswer = z.infer<typeof HostAnswer>;
export const HostAnswer = z
  .object({
    name: z.string(),
    ip: z.string(),
    agent_port: z.int(),
    tags: Tags,
    k8s_info: z.null(),
    drained: z.boolean().describe('gets no new addresses, and its prefixes are withdrawn'),
    cidr: z.string().optional().describe('the prefix that only this host gets addresses from; without it, those of its groups'),
    groups: z
      .record(z.string(), z.object({name: z.string(), path: z.string(), cidr: z.string()}))
      .describe('by network, the group that the host was placed in'),
  })
  .meta({id: 'Host'});

export type HostListAnswer = z.infer<typeof HostListAnswer>;
export const HostListAnswer = z.object({hosts: z.array(HostAnswer), revision: z.int()}).meta({id: 'HostList'});

export type AddressAnswer = z.infer<typeof AddressAnswer>;
export const AddressAnswer = z
  .object({
    name: z.string(),
    ip: z.string(),
    cidr: z.string().describe('the same as block'),
    block: z.string(),
    host: z.string(),
    tenant: z.string(),
    segment: z.string(),
    network: z.string(),
    allocated_at: z.iso.datetime(),
  })
  .meta({id: 'Address'});

/** A group, or a host inside a leaf. */
const TopologyGroupAnswer = z
  .object({
    name: z.string().optional(),
    ip: z.string().optional().describe('a host has one, a group has none'),
    cidr: z.string().optional().describe('a group has one, a host has none'),
    assignment: Tags.optional().describe('of a group: the tags that a host must have; of a host: its tags'),
    routing: z.string().optional(),
    get groups() {
      return z.array(TopologyGroupAnswer).optional();
    },
  })
  .meta({id: 'TopologyGroup'});
const TopologyNetworkAnswer = z
  .object({name: z.string(), cidr: z.string(), block_mask: z.int(), tenants: z.array(z.string())})
  .meta({id: 'TopologyNetwork'});
export const TopologyAnswer = z
  .object({
    networks: z.array(TopologyNetworkAnswer),
    topologies: z.array(z.object({networks: z.array(z.string()), map: z.array(TopologyGroupAnswer)})),
  })
  .meta({id: 'Topology', description: 'It can be posted back.'});

const names = z.array(z.string());
const renamed = {from: z.string().describe('the name now'), to: z.string().describe('the name then')};
const networkProperties = z.object({cidr: z.string().optional(), block_mask: z.int().optional(), tenants: names.optional()});
const groupProperties = z.object({cidr: z.string().optional(), assignment: Tags.optional(), routing: z.string().optional()});
const groupPlace = {network: z.string(), path: z.string(), cidr: z.string()};
const groups = z.array(z.object({...groupPlace, name: z.string(), assignment: Tags, routing: z.string()}));
const TopologyChangesAnswer = z
  .object({
    networks_added: z.array(TopologyNetworkAnswer),
    networks_removed: z.array(TopologyNetworkAnswer),
    networks_renamed: z.array(z.object({cidr: z.string(), ...renamed})).describe('the CIDR stays, and with it all that lies in there'),
    networks_changed: z
      .array(z.object({name: z.string(), cidr: z.string(), from: networkProperties, to: networkProperties}))
      .describe('name and cidr as they are then; from and to have the properties that change'),
    networks_reordered: names.describe('all networks in the order that they have then, if it changes: the first with room is used'),
    groups_added: groups.describe('those of networks that come are among them'),
    groups_removed: groups.describe('those of networks that go are among them'),
    groups_renamed: z.array(z.object({...groupPlace, ...renamed})).describe('the CIDR stays; path and network as they are then'),
    groups_changed: z
      .array(z.object({...groupPlace, from: groupProperties, to: groupProperties}))
      .describe('network, path and cidr as they are then; from and to have the properties that change'),
    hosts_added: names.describe('those that the document lists and that are not there yet'),
    hosts_moved: names.describe('those that get new blocks elsewhere then'),
    hosts_unlisted: names.describe('those that the document does not list any more; they stay until they are removed'),
  })
  .meta({id: 'TopologyChanges'});

export const TopologyPreviewAnswer = z
  .object({
    fits: z.boolean(),
    problems: z.array(z.string()).describe('why it would be refused, each a sentence'),
    changes: TopologyChangesAnswer,
  })
  .meta({id: 'TopologyPreview'});

export type VipAnswer = z.infer<typeof VipAnswer>;
export const VipAnswer = z
  .object({
    name: z.string(),
    ip: z.string(),
    hosts: z.array(z.string()).readonly().describe('the hosts that may hold it; empty: every host may'),
    holder: z.string().describe('the host that holds it; empty while none does'),
    since: z.iso.datetime().optional().describe('since when, by the clock of that host'),
  })
  .meta({id: 'Vip'});

export type BlackoutAnswer = z.infer<typeof BlackoutAnswer>;
export const BlackoutAnswer = z.object({cidr: z.string(), network: z.string()}).meta({id: 'Blackout'});
