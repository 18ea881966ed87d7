import {z} from 'zod';
import {InputError} from './errors.ts';

/** A peer or a target as written; '' stands for what is not there, as clients of Romana 2 send it. */
export type EndpointShape = z.infer<typeof EndpointShape>;
const EndpointShape = z
  .strictObject({
    peer: z.string().nullish().describe('any or host'),
    dest: z.string().nullish().describe('host, in applied_to'),
    cidr: z.string().nullish(),
    except: z.array(z.string()).nullish().describe('parts of the CIDR that are not meant'),
    tenant_id: z.string().nullish(),
    segment_id: z.string().nullish(),
    tenant: z.string().nullish().describe('the same as tenant_id'),
    segment: z.string().nullish().describe('the same as segment_id'),
  })
  .meta({id: 'PolicyEndpoint'});

export type RuleShape = z.infer<typeof RuleShape>;
const RuleShape = z
  .strictObject({
    protocol: z.union([z.string(), z.int()]).nullish().describe('tcp, udp, sctp, icmp, icmpv6, any, or a number'),
    ports: z.array(z.int()).nullish(),
    port_ranges: z.array(z.tuple([z.int(), z.int()])).nullish(),
    icmp_type: z.int().nullish(),
    icmp_code: z.int().nullish(),
    is_stateful: z.boolean().nullish().describe('default true'),
  })
  .meta({id: 'PolicyRule'});

const StanzaShape = z.strictObject({peers: z.array(EndpointShape).nullish(), rules: z.array(RuleShape).nullish()});

export type PolicyShape = z.infer<typeof PolicyShape>;
export const PolicyShape = z
  .strictObject({
    id: z.string().nullish().describe('default: the name'),
    name: z.string().nullish(),
    description: z.string().nullish(),
    direction: z.string().nullish().describe('ingress or egress'),
    action: z.string().nullish().describe('allow (the default) or deny'),
    order: z.int().nullish().describe('lower ones come first; default 1000'),
    staged: z.boolean().nullish().describe('only counts and logs what it would drop'),
    applied_to: z.array(EndpointShape).nullish(),
    ingress: z.array(StanzaShape).nullish().describe('of both directions'),
    peers: z.array(EndpointShape).nullish().describe('with rules, in place of ingress'),
    rules: z.array(RuleShape).nullish(),
  })
  .meta({id: 'Policy'});

const Document = z.strictObject({securitypolicies: z.array(PolicyShape)});

/** A policy, with where it stands in the document. */
export interface Placed<Shape> {
  readonly shape: Shape;
  /** As in "securitypolicies[1]"; '' for a document that is one policy. */
  readonly path: string;
}

/** The policies of a document in either form, their shape checked and their values not. Throws InputError ERR_MALFORMED with one problem a line. */
export function parsePolicyShapes(document: unknown): Placed<PolicyShape>[] {
  if (typeof document === 'object' && document !== null && 'securitypolicies' in document) {
    return check(Document, document).securitypolicies.map((shape, index) => ({shape, path: `securitypolicies[${index}]`}));
  }
  return [{shape: check(PolicyShape, document), path: ''}];
}

function check<Schema extends z.ZodType>(schema: Schema, document: unknown): z.infer<Schema> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  throw new InputError('ERR_MALFORMED', result.error.issues.map(describe).join('\n'));
}

function describe({path, message, ...issue}: z.core.$ZodIssue): string {
  const place = path
    .map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  const text = issue.code === 'unrecognized_keys' ? `unknown field ${issue.keys.map(key => JSON.stringify(key)).join(', ')}` : message;
  return place === '' ? text : `${place}: ${text}`;
}
