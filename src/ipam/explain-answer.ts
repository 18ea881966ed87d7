import {z} from 'zod';
import {AddressAnswer, BlockAnswer, VipAnswer} from './answers.ts';

/** A host that should announce a prefix around the address, and whether it does by the last report of its agent. */
export type AnnouncementAnswer = z.infer<typeof AnnouncementAnswer>;
export const AnnouncementAnswer = z
  .object({
    host: z.string(),
    prefix: z.string(),
    announced: z.boolean().nullable().describe('null where it is not known'),
    reason: z.string().nullable().describe('why not, why it is not known, or why only as the last choice'),
    sessions: z
      .array(
        z.object({
          name: z.string(),
          proto: z.string(),
          neighbour: z.string().optional(),
          neighbour_as: z.int().optional(),
          up: z.boolean(),
        }),
      )
      .describe('without those of BFD'),
  })
  .meta({id: 'Announcement'});

/** All that is known of one IP, from what it belongs to up to who hears of it. The chain ends with nulls. */
export type ExplanationAnswer = z.infer<typeof ExplanationAnswer>;
export const ExplanationAnswer = z
  .object({
    ip: z.string(),
    network: z.object({name: z.string(), cidr: z.string()}).nullable(),
    groups: z.array(z.object({name: z.string(), path: z.string(), cidr: z.string()})).describe('from the top down'),
    blackout: z.string().nullable().describe('the range of which no address is given out'),
    block: BlockAnswer.nullable(),
    host: z.object({name: z.string(), ip: z.string(), drained: z.boolean()}).nullable().describe('whose the block is'),
    address: AddressAnswer.nullable().describe('null while the IP is free'),
    vip: VipAnswer.nullable().describe('null where the IP is that of no VIP'),
    announced: z.array(AnnouncementAnswer),
    text: z.array(z.string()).describe('the same in sentences'),
  })
  .meta({id: 'Explanation'});
