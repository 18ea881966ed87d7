import {z} from 'zod';
import {parseRecord} from './records.ts';

const Session = z.object({
  name: z.string(),
  proto: z.string(),
  state: z.string(),
  isUp: z.boolean(),
  since: z.string(),
  info: z.string(),
  neighbour: z.string().optional(),
  neighbourAs: z.number().optional(),
  lastError: z.string().optional(),
  imported: z.number(),
  exported: z.number(),
  filtered: z.number(),
  /** What BFD says of the neighbour: up, down, init. */
  bfd: z.string().optional(),
});

const Problem = z.object({
  reason: z.string(),
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  text: z.string().optional(),
});

const BirdRecord = z.object({
  isRunning: z.boolean(),
  unanswered: z.string().optional(),
  accepted: z.object({at: z.number(), how: z.string()}).optional(),
  isStale: z.boolean(),
  staleReason: z.string().optional(),
  staleSince: z.number().optional(),
  problem: Problem.optional(),
  trial: z.object({since: z.number(), deadline: z.number(), waitingFor: z.array(z.string())}).optional(),
  warnings: z.array(z.object({guard: z.string(), reason: z.string(), file: z.string().optional(), line: z.number().optional()})),
  withLastGoodTemplate: z.boolean(),
  reloads: z.record(z.string(), z.number()),
  sessions: z.array(Session),
});

/** What an agent reports of its host. Times in milliseconds since 1970. Unlike a status it holds nothing that differs at every look. */
export type HostReport = z.infer<typeof HostReport>;
export const HostReport = z.object({
  version: z.string(),
  addresses: z.array(z.string()),
  /** How many prefixes. */
  announced: z.number(),
  /** What of its blocks: each of them, those that make a whole as one, or the group that they lie in. Agents of old do not say. */
  prefixes: z.enum(['blocks', 'aggregate', 'groups']).optional(),
  drivers: z.array(z.object({name: z.string(), wanted: z.number(), error: z.string().optional(), waitsFor: z.string().optional()})),
  bird: BirdRecord.optional(),
  drain: z
    .object({
      state: z.enum(['draining', 'drained']),
      since: z.number(),
      deadline: z.number().optional(),
      withOtherPath: z.number(),
      prefixes: z.number(),
    })
    .optional(),
});

/** A sign of life: when, by the clock of the host, and which revision of the store the agent has read. */
export type Beat = z.infer<typeof Beat>;
export const Beat = z.object({at: z.number(), revision: z.number()});

/** Parses the value of a report's key; throws InputError that names the key and the field. */
export function parseReport(key: string, text: string): HostReport {
  return parseRecord(HostReport, key, text);
}

export function parseBeat(key: string, text: string): Beat {
  return parseRecord(Beat, key, text);
}
