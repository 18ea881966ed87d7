import type {Random} from '../../helpers/random.ts';

/** How a run divides the network that is open to everyone: not at all, so that it can grow, or in groups, of which there can be more. */
export type Style = 'flat' | 'split';

export interface DocumentOptions {
  readonly random: Random;
  readonly style: Style;
  /** Found again in the document that is in force. */
  readonly mark: string;
  /** Hosts that the document lists. */
  readonly hosts: readonly {readonly name: string; readonly ip: string}[];
  /** Now and then one that is odd. */
  readonly hasOddities: boolean;
}

export interface StormDocument {
  readonly body: unknown;
  readonly mark: string;
  readonly hosts: readonly string[];
  /** Addresses may be in its way. */
  readonly mayNotFit: boolean;
  /** Once it is in force, addresses may be in the way of every other document. */
  readonly isOdd: boolean;
}

/** A topology in which every host finds a place in the network that is open to everyone. */
export function someDocument({random, style, mark, hosts, hasOddities}: DocumentOptions): StormDocument {
  const isWide = random.number() < 0.8;
  const isElsewhere = hasOddities && random.number() < 0.05;
  const groups = random.pick([3, 4, 4, 4, 4, 4, 4, hasOddities ? 5 : 4]);
  const racks = random.pick([3, 4, 4, 4, 4, 4, 4, hasOddities ? 5 : 4]);
  const hasExtra = random.number() < 0.85;
  // Where it has few addresses, or none just now, a network may also be another one.
  const extra = `10.${hasOddities ? random.between(8, 10) : 8}.0.0/16`;
  const open = `open${random.between(1, 3)}`;
  const six = `six${random.between(1, 2)}`;
  const first = {name: `g${random.between(1, 2)}`, routing: mark, hosts};
  const others = Array.from({length: groups - 1}, (_, index) => ({name: `g-${index}`}));
  const rackMap = Array.from({length: racks}, (_, index) => ({name: `rack-${index + 1}`, assignment: {rack: `r${index + 1}`}}));
  const wideOrNot = style === 'flat' && isWide ? '10.0.0.0/15' : '10.1.0.0/16';
  const body = {
    networks: [
      {name: open, cidr: isElsewhere ? '10.64.0.0/16' : wideOrNot, block_mask: random.pick([28, 29, 30, 31])},
      {name: six, cidr: isWide ? '2001:db8::/48' : '2001:db8::/56'},
      {name: 'racks', cidr: '10.2.0.0/16', tenants: random.pick([['rt'], ['rt', 't1'], ['rt', 't2']])},
      ...(hasExtra ? [{name: 'extra', cidr: extra, tenants: ['xt']}] : []),
    ],
    topologies: [
      {networks: [open], map: style === 'flat' ? [first] : [first, ...others]},
      {networks: [six], map: []},
      {networks: ['racks'], map: rackMap},
      ...(hasExtra ? [{networks: ['extra'], map: [{}, {}]}] : []),
    ],
  };
  const isOdd = extra !== '10.8.0.0/16' || isElsewhere || racks === 5 || (style === 'split' && groups === 5);
  const isSmaller = !isWide || racks < 4 || !hasExtra || (style === 'split' && groups < 4);
  return {body, mark, hosts: hosts.map(({name}) => name), mayNotFit: isOdd || isSmaller, isOdd};
}

/** Well formed, and wrong: two networks overlap. */
export function wrongDocument(mark: string): unknown {
  const networks = [
    {name: 'a', cidr: '10.1.0.0/16'},
    {name: 'b', cidr: '10.1.128.0/17'},
  ];
  return {networks, topologies: [{networks: ['a', 'b'], map: [{name: 'all', routing: mark}]}]};
}
