import {z} from 'zod';

const Time = z.iso.datetime();
const Age = z.number().describe('seconds');

const Problem = z.object({
  reason: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  text: z.string().optional().describe('the line of the file'),
});

const Session = z
  .object({
    name: z.string(),
    proto: z.string(),
    state: z.string(),
    up: z.boolean(),
    since: z.string().describe('as BIRD writes it'),
    info: z.string(),
    neighbour: z.string().optional(),
    neighbour_as: z.int().optional(),
    last_error: z.string().optional(),
    imported: z.int(),
    exported: z.int(),
    filtered: z.int(),
    bfd: z.string().optional(),
  })
  .meta({id: 'Session'});

const Bird = z
  .object({
    running: z.boolean(),
    unanswered: z.string().optional().describe('why nothing is known of a BIRD that runs'),
    accepted_at: Time.optional(),
    accepted_age_seconds: Age.optional(),
    accepted_how: z.string().optional(),
    stale: z.boolean().describe('what is wanted is not what BIRD has accepted'),
    stale_reason: z.string().optional(),
    stale_since: Time.optional(),
    stale_age_seconds: Age.optional(),
    problem: Problem.optional(),
    trial: z.object({since: Time, deadline: Time, waiting_for: z.array(z.string())}).optional(),
    warnings: z.array(z.object({guard: z.string(), reason: z.string(), file: z.string().optional(), line: z.int().optional()})),
    with_last_good_template: z.boolean(),
    reloads: z.record(z.string(), z.int()),
    sessions: z.array(Session),
  })
  .meta({id: 'Bird'});

const host = {host: z.string(), ip: z.string(), drained: z.boolean()};

const Report = z.object({
  ...host,
  reported: z.literal(true),
  at: Time.describe('when the agent last gave a sign of life, by its own clock'),
  age_seconds: Age,
  version: z.string(),
  revision: z.int().describe('the revision of the store that the agent has read'),
  addresses: z.array(z.string()),
  announced: z.int().describe('how many prefixes BIRD announces'),
  prefixes: z.enum(['blocks', 'aggregate', 'groups']).optional().describe('whether it announces blocks, aggregates or groups'),
  bird: Bird.nullable().describe('null where publishing is off'),
  drivers: z.array(z.object({name: z.string(), wanted: z.int(), error: z.string().optional(), waits_for: z.string().optional()})),
  drain: z
    .object({
      state: z.enum(['draining', 'drained']),
      since: Time,
      deadline: Time.optional(),
      with_other_path: z.int().describe('how many of the prefixes the neighbours reach by another path already'),
      prefixes: z.int(),
    })
    .optional(),
});
const NoReport = z.object({...host, reported: z.literal(false)});

/** A host with the last report of its agent, or without one. */
export type HostStatusAnswer = z.infer<typeof HostStatusAnswer>;
export const HostStatusAnswer = z.discriminatedUnion('reported', [Report, NoReport]).meta({id: 'HostStatus'});
