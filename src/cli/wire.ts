import {z} from 'zod';

/** The parts of the daemon's answers that tables show. */
export type HostView = z.infer<typeof HostView>;
export const HostView = z.object({
  name: z.string(),
  ip: z.string(),
  tags: z.record(z.string(), z.string()).nullish(),
  drained: z.boolean().optional(),
  groups: z.record(z.string(), z.object({path: z.string(), cidr: z.string()})).optional(),
});
export const HostList = z.object({hosts: z.array(HostView)});

export const NetworkList = z.array(z.object({id: z.string(), cidr: z.string(), revision: z.number()}));

export const BlockList = z.object({
  blocks: z.array(
    z.object({
      cidr: z.string(),
      host: z.string(),
      revision: z.number(),
      tenant: z.string(),
      segment: z.string(),
      allocated_ip_count: z.number(),
    }),
  ),
});

export const AddressList = z.array(
  z.object({
    name: z.string(),
    ip: z.string(),
    block: z.string(),
    host: z.string(),
    tenant: z.string(),
    segment: z.string(),
    network: z.string(),
    allocated_at: z.string(),
  }),
);

const Entry = z.object({
  name: z.string().optional(),
  ip: z.string().optional(),
  cidr: z.string().optional(),
  get groups() {
    return z.array(Entry).optional();
  },
});
export type TopologyEntry = z.infer<typeof Entry>;
export const TopologyView = z.object({
  networks: z.array(z.object({name: z.string(), cidr: z.string(), tenants: z.array(z.string()).optional()})),
  topologies: z.array(z.object({networks: z.array(z.string()), map: z.array(Entry)})),
});
