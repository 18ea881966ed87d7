import path from 'node:path';
import type {BirdConfig, ProtocolConfig} from './bird-config/model.ts';
import {createAddressSpace, itemsOnlyIn} from './guards/address-space.ts';
import {type AnnouncedRoutes, announcedRoutes, type ChannelEnd} from './guards/announced-routes.ts';
import {matchesPattern} from './guards/filter-values.ts';
import {askedProtocols} from './guards/filter-verdict.ts';
import {firstFew, type GuardFinding} from './guards/finding.ts';
import type {GuardSettings} from './node-state.ts';
import {type Family, type Prefix, splitByFamily} from './prefix.ts';
import type {TemplateFault} from './template-error.ts';
import {lineStarts, positionAt} from './template-tags.ts';

export interface NamingInput {
  readonly after: BirdConfig;
  /** What this host announces. */
  readonly networks: readonly Prefix[];
  readonly settings: Pick<GuardSettings, 'allowEmpty'>;
}

/**
 * Finds that none of this host's prefixes can reach a neighbour: most often an export filter asks for a protocol by a wrong name, and BIRD takes
 * any. Where only those of one family cannot, that is a warning.
 */
export function findNamingSlips({after, networks, settings}: NamingInput): GuardFinding[] {
  if (settings.allowEmpty) return [];
  const announced = announcedRoutes(after);
  const own = splitByFamily(networks);
  const families = (['ipv4', 'ipv6'] as const).flatMap(family => {
    const prefixes = own[family];
    const exits = announced.exits.filter(exit => exit.families.includes(family));
    return prefixes.length > 0 && exits.length > 0 ? [{family, prefixes, exits}] : [];
  });
  const silent = families.flatMap(({family, prefixes, exits}) => {
    const holders = holdersOf(prefixes, after);
    if (mayHear(holders, otherSources(after), prefixes, announced)) return [];
    const {reason, ...place} = explain(holders, exits, after);
    return [{reason: `${silence(prefixes, names[family])} (${firstFew(prefixes, 3)}): ${reason}; ${howToAllow}`, ...place}];
  });
  const level = silent.length === families.length ? 'refuse' : 'warn';
  return silent.map(finding => ({guard: 'nothing-announced', level, ...finding}));
}

const names: Readonly<Record<Family, string>> = {ipv4: 'IPv4', ipv6: 'IPv6'};
const howToAllow = 'to allow it, set publish.guards.allowEmpty to true in romana.yaml';

function silence({length}: readonly Prefix[], family: string): string {
  return length === 1
    ? `this host's only ${family} prefix would not be announced`
    : `none of this host's ${length} ${family} prefixes would be announced`;
}

/** The static protocols, disabled ones too, that hold one of the prefixes, a part of one, or one around it. */
function holdersOf(prefixes: readonly Prefix[], {protocols}: BirdConfig): ProtocolConfig[] {
  const statics = [...protocols.values()].filter(({kind}) => kind === 'static');
  const exact = statics.filter(({routes}) => {
    // As a template writes them by the thousands.
    if (routes.length > 0 && routes[0]?.prefix === prefixes[0]) return true;
    const held = routes.map(({prefix}) => prefix);
    return itemsOnlyIn(held, prefixes).length < held.length;
  });
  if (exact.length > 0) return exact;
  const space = createAddressSpace(prefixes);
  return statics.filter(({routes}) => routes.some(({prefix}) => !prefix.endsWith('/0') && space.missingOf(prefix)[0] !== prefix));
}

/** A host may also announce what stands on its interfaces or in the kernel. */
function otherSources({protocols}: BirdConfig): ProtocolConfig[] {
  return [...protocols.values()].filter(({kind, options}) => kind === 'direct' || (kind === 'kernel' && options.has('learn')));
}

/** Of the other sources also what their filters say of the prefix: a protocol for VIPs lets nothing else through. */
function mayHear(
  holders: readonly ProtocolConfig[],
  others: readonly ProtocolConfig[],
  [prefix]: readonly Prefix[],
  {mayAnnounce, mayAnnounceExactly}: AnnouncedRoutes,
): boolean {
  const isEnabled = ({isDisabled}: ProtocolConfig) => !isDisabled;
  return (
    prefix !== undefined &&
    (holders.some(protocol => isEnabled(protocol) && mayAnnounce(protocol, prefix)) ||
      others.some(protocol => isEnabled(protocol) && mayAnnounceExactly(protocol, prefix)))
  );
}

interface Explanation {
  readonly reason: string;
  readonly file?: string;
  readonly line?: number;
}

function explain(holders: readonly ProtocolConfig[], exits: readonly ChannelEnd[], config: BirdConfig): Explanation {
  const [disabled] = holders;
  if (disabled === undefined) return {reason: 'no static protocol has a route for any of them'};
  const {file, line} = disabled;
  const enabled = holders.filter(({isDisabled}) => !isDisabled);
  const called = (enabled.length > 0 ? enabled : holders).map(({name}) => `"${name}"`).join(', ');
  if (enabled.length === 0) return {reason: `the static protocol that holds them, ${called}, is disabled`, file, line};
  const slip = exits.flatMap(exit => wrongNames(exit, config).map(name => ({exit, name})))[0];
  if (slip === undefined) {
    const [exit] = exits;
    const filters = exits.map(({protocol, text}) => `${protocol.name} ("export ${text}")`);
    return {reason: `no neighbour's export lets routes of protocol static ${called} through: ${firstFew(filters)}`, ...placeOf(exit)};
  }
  const {exit, name} = slip;
  const reason =
    `the export filter of ${exit.protocol.name} asks for protocol "${name}", and no protocol is called so; ` +
    `the static protocol with this host's prefixes is called ${called}`;
  return {reason, ...placeOf(exit)};
}

function placeOf(exit: ChannelEnd | undefined): {readonly file?: string; readonly line?: number} {
  return exit === undefined ? {} : {file: exit.file, line: exit.line};
}

function wrongNames({text}: ChannelEnd, config: BirdConfig): string[] {
  const protocols = [...config.protocols.keys()];
  return askedProtocols(text, config).filter(asked => !protocols.some(name => matchesPattern(name, asked)));
}

/** The first tag of a template in a file that is copied as it is, or undefined. Tags in BIRD's own comments and in its texts do no harm. */
export function findTagsInStaticFile(file: string, text: string): TemplateFault | undefined {
  for (const {0: tag, index, groups} of text.matchAll(tagOrQuiet)) {
    if (groups?.['tag'] === undefined) continue;
    const name = path.basename(file);
    const template = name.replace(/^bird\.conf/, 'publisher.conf');
    const named = template === 'publisher.conf' ? 'publisher.conf, for a subnet publisher.conf.192.168.20.0' : template;
    const reason = `${name} is copied as it is, so that BIRD would read ${tag.replaceAll(/\s+/g, ' ')}; a template with tags is named ${named}`;
    return {...positionAt(lineStarts(text), index), reason};
  }
  return undefined;
}

/** A tag never holds ";" or braces, which a BIRD block inside of another does. */
const tagOrQuiet = /#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"[^"\n]*"|(?<tag>\{?\{\{[^;{}]*\}\}\}?)/g;
