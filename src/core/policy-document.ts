import {InputError, messageOf} from './errors.ts';
import {isOwnerName} from './names.ts';
import {type Direction, defaultOrder, type Party, type Policy, protocolName, type Stanza, type Target, type TrafficRule} from './policy.ts';
import {parseRule} from './policy-rules.ts';
import {type EndpointShape, type PolicyShape, parsePolicyShapes} from './policy-shape.ts';
import {contains, type Prefix, parsePrefix} from './prefix.ts';

/**
 * Parses a document of policies: one as Romana 2 has it, or the `securitypolicies` of the manual.
 * Throws InputError: ERR_MALFORMED where the shape is wrong, ERR_INVALID where the shape is right and the meaning is not; all faults, one a line, each with its path.
 */
export function parsePolicies(document: unknown): Policy[] {
  const faults: string[] = [];
  const policies = parsePolicyShapes(document).flatMap(({shape, path}) => parsePolicy(shape, createFaults(faults, path)) ?? []);
  const known = new Set<string>();
  for (const {id} of policies) {
    if (known.has(id)) faults.push(`Policy ${id} appears more than once.`);
    known.add(id);
  }
  if (faults.length > 0) throw new InputError('ERR_INVALID', faults.join('\n'));
  return policies;
}

/** A policy as GET /policies answers it, and as the store keeps it: it can be posted back. */
export function renderPolicy({id, description, direction, action, order, isStaged, targets, stanzas}: Policy): PolicyShape {
  return {
    id,
    ...(description !== '' && {description}),
    direction,
    ...(action !== 'allow' && {action}),
    ...(order !== defaultOrder && {order}),
    ...(isStaged && {staged: true}),
    applied_to: targets.map(target => (target.kind === 'host' ? {dest: 'host'} : renderParty(target))),
    ingress: stanzas.map(({peers, rules}) => ({peers: peers.map(renderParty), rules: rules.map(renderRule)})),
  };
}

interface Faults {
  readonly all: string[];
  add(path: string, text: string): void;
}

function createFaults(all: string[], root: string): Faults {
  return {
    all,
    add(path, text) {
      const place = [root, path].filter(Boolean).join('.');
      all.push(place === '' ? text : `${place}: ${text}`);
    },
  };
}

function parsePolicy(shape: PolicyShape, faults: Faults): Policy | undefined {
  const before = faults.all.length;
  const id = shape.id || shape.name || '';
  if (id === '') faults.add('id', "Required 'id' or 'name' entry missing.");
  else if (!isPolicyId(id))
    faults.add(shape.id ? 'id' : 'name', `Invalid id: ${JSON.stringify(id)} (expected 1 to 200 letters, digits and . _ - : / @).`);
  const {direction = '', action, order} = shape;
  if (!isDirection(direction)) faults.add('direction', `Unknown direction '${direction ?? ''}', allowed 'egress' or 'ingress'.`);
  if (action && action !== 'allow' && action !== 'deny') faults.add('action', `Unknown action '${action}', allowed 'allow' or 'deny'.`);
  const targets = parseEndpoints(shape.applied_to ?? [], 'applied_to', faults);
  if ((shape.applied_to ?? []).length === 0) faults.add('applied_to', "Required 'applied_to' entry missing.");
  const stanzas = parseStanzas(shape, faults);
  refuseCombinations(shape, faults);
  if (faults.all.length > before || !isDirection(direction)) return undefined;
  return {
    id,
    description: shape.description ?? '',
    direction,
    action: action === 'deny' ? 'deny' : 'allow',
    order: order ?? defaultOrder,
    isStaged: shape.staged ?? false,
    targets: targets.filter((target): target is Target => target.kind !== 'any'),
    stanzas,
  };
}

/** Letters, digits and `. _ - : / @`: it stands in comments of rules, in names of metrics and in paths. */
function isPolicyId(text: string): boolean {
  return /^[\w.:/@-]{1,200}$/.test(text);
}

function isDirection(text: string | null): text is Direction {
  return text === 'ingress' || text === 'egress';
}

/** A list that is not there is no stanza: nothing is allowed (or denied) then. */
function parseStanzas({ingress, peers, rules}: PolicyShape, faults: Faults): Stanza[] {
  const isManual = (peers ?? rules ?? undefined) !== undefined;
  if (isManual && ingress) faults.add('ingress', "stands beside 'peers' and 'rules': they belong into it.");
  const all = isManual ? [{peers, rules}] : (ingress ?? []);
  return all.map((stanza, index) => {
    const path = isManual ? '' : `ingress[${index}].`;
    return {
      peers: parseEndpoints(stanza.peers ?? [], `${path}peers`, faults),
      rules: (stanza.rules ?? []).flatMap((rule, number): TrafficRule[] => {
        const own: string[] = [];
        const parsed = parseRule(rule, own);
        for (const text of own) faults.add(`${path}rules[${number}]`, `Rule #${number + 1}: ${text}`);
        return parsed === undefined ? [] : [parsed];
      }),
    };
  });
}

function parseEndpoints(shapes: readonly EndpointShape[], path: string, faults: Faults): Party[] {
  return shapes.flatMap((shape, index) => {
    try {
      return [parseEndpoint(shape, path === 'applied_to')];
    } catch (error) {
      if (kindOf(shape) !== 'local') faults.add(`${path}[${index}]`, messageOf(error));
      return [];
    }
  });
}

function parseEndpoint(shape: EndpointShape, isTarget: boolean): Party {
  const {peer, dest, cidr, except} = shape;
  const [tenant, segment] = [shape.tenant_id || shape.tenant || '', shape.segment_id || shape.segment || ''];
  const named = [peer && 'peer', dest && 'dest', cidr && 'cidr', (tenant || segment) && 'tenant_id'].filter(Boolean);
  const wanted = isTarget ? 'dest, cidr or tenant_id' : 'peer, cidr or tenant_id';
  if (named.length === 0) throw new Error(`It names nobody; one of ${wanted} is expected.`);
  if (named.length > 1) throw new Error(`It names ${named.join(' and ')}; only one of ${wanted} is expected.`);
  if (except && !cidr) throw new Error("'except' belongs to a CIDR.");
  if (peer) {
    if (isTarget) throw new Error(`A target is named by ${wanted}, not by peer.`);
    if (peer === 'any' || peer === 'host') return {kind: peer};
    throw new Error(`Unknown peer '${peer}', allowed 'any' or 'host'.`);
  }
  if (dest) {
    if (!isTarget) throw new Error(`A peer is named by ${wanted}, not by dest.`);
    if (dest === 'host') return {kind: 'host'};
    throw new Error(`Unknown dest '${dest}', allowed 'host'.`);
  }
  if (cidr) return parseCidr(cidr, except ?? []);
  if (tenant === '') throw new Error('segment_id needs a tenant_id.');
  for (const name of [tenant, segment]) {
    if (name !== '' && !isOwnerName(name)) throw new Error(`No tenant or segment can be called ${JSON.stringify(name)}.`);
  }
  return {kind: 'tenant', tenant, ...(segment !== '' && {segment})};
}

function parseCidr(text: string, exceptions: readonly string[]): Party {
  const cidr = parseOne(text);
  const except = exceptions.map(parseOne);
  const outside = except.find(each => !contains(cidr, each));
  if (outside !== undefined) throw new Error(`Exception ${outside} is no part of ${cidr}.`);
  return {kind: 'cidr', cidr, except};
}

function parseOne(text: string): Prefix {
  try {
    return parsePrefix(text);
  } catch (error) {
    throw new Error(`Invalid CIDR: ${text} (${messageOf(error)}).`, {cause: error});
  }
}

/** What Romana 2 has words for, and no meaning. */
function refuseCombinations({applied_to, ingress, peers, direction}: PolicyShape, faults: Faults): void {
  const others = [...(peers ?? []), ...(ingress ?? []).flatMap(stanza => stanza.peers ?? [])].map(kindOf);
  const found = new Set<string>();
  for (const target of (applied_to ?? []).map(kindOf)) {
    for (const peer of others.length === 0 ? ['none'] : others) {
      if (target === 'local' || peer === 'local')
        found.add(`invalid combination of target=${target}, peer=${peer}, direction=${direction ?? ''}`);
    }
  }
  for (const text of found) faults.add('applied_to', text);
}

function kindOf({peer, dest, cidr, tenant_id, tenant, segment_id, segment}: EndpointShape): string {
  const named = peer || dest;
  if (named) return named;
  if (cidr) return 'cidr';
  if (segment_id || segment) return 'tenant_segment';
  return tenant_id || tenant ? 'tenant' : 'none';
}

function renderParty(party: Party): EndpointShape {
  if (party.kind === 'any' || party.kind === 'host') return {peer: party.kind};
  if (party.kind === 'cidr') return {cidr: party.cidr, ...(party.except.length > 0 && {except: [...party.except]})};
  return {tenant_id: party.tenant, ...(party.segment !== undefined && {segment_id: party.segment})};
}

function renderRule({protocol, ports, icmp, isStateful}: TrafficRule) {
  const single = ports.filter(({first, last}) => first === last).map(({first}) => first);
  const ranges = ports.filter(({first, last}) => first !== last).map(({first, last}): [number, number] => [first, last]);
  const name = protocolName(protocol);
  return {
    protocol: /^\d+$/.test(name) ? Number(name) : name,
    ...(single.length > 0 && {ports: single}),
    ...(ranges.length > 0 && {port_ranges: ranges}),
    ...(icmp !== undefined && {icmp_type: icmp.type, ...(icmp.code !== undefined && {icmp_code: icmp.code})}),
    ...(!isStateful && {is_stateful: false}),
  };
}
