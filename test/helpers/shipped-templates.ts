import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {type Family, familyOf, joinPrefixes, type Prefix, parseInterfaceAddress, parsePrefix} from '../../src/core/prefix.ts';
import {templateVariables} from '../../src/core/publish.ts';
import {renderTemplate} from '../../src/core/template.ts';
import {bird1Missing, bird1Programs} from './bird1.ts';

export const repository = path.resolve(import.meta.dirname, '../..');

export type Vars = Readonly<Record<string, unknown>>;

/** A template under templates/, with what its name says about it. */
export interface ShippedTemplate {
  /** "bird2/bgp-v4". */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly kind: 'bgp' | 'ospf';
  readonly families: readonly Family[];
  readonly announces: 'blocks' | 'aggregates' | 'groups';
  /** The daemon that reads what it renders, the shipped bird.conf for it, and why it is missing. */
  readonly program: string;
  readonly birdConf: string;
  readonly missing: string | undefined;
}

export const shippedTemplates: readonly ShippedTemplate[] = ['bird2', 'bird1'].flatMap(version =>
  readdirSync(path.join(repository, 'templates', version))
    .toSorted()
    .map(folder => shippedTemplate(`${version}/${folder}`)),
);

function shippedTemplate(name: string): ShippedTemplate {
  const file = path.join(repository, 'templates', name, 'publisher.conf');
  const isBird2 = name.startsWith('bird2/');
  const only = name.includes('-v6') ? 'ipv6' : name.includes('-v4') || !isBird2 ? 'ipv4' : undefined;
  return {
    name,
    file,
    text: readFileSync(file, 'utf8'),
    kind: name.includes('/bgp') ? 'bgp' : 'ospf',
    families: only === undefined ? ['ipv4', 'ipv6'] : [only],
    announces: name.endsWith('-aggregates') ? 'aggregates' : name.endsWith('-groups') ? 'groups' : 'blocks',
    program: isBird2 ? 'bird' : bird1Programs[only ?? 'ipv4'],
    birdConf: isBird2 ? 'bird/bird.conf' : `bird/bird1/${only === 'ipv6' ? 'bird6' : 'bird'}.conf`,
    missing: isBird2 ? undefined : bird1Missing,
  };
}

export interface TemplateHost {
  readonly addresses: readonly string[];
  readonly networks: readonly string[];
  readonly vars: Vars;
  readonly draining?: boolean;
  readonly vips?: readonly string[];
}

/** The groups of every host here. It owns no block in the last one, which must not be announced. */
const groups = {net1: '10.1.0.0/18', net6: '2001:db8:1::/64', spare: '10.9.0.0/18'};

export function renderShipped(
  {file, text}: {file: string; text: string},
  {addresses, networks, vars, draining = false, vips = []}: TemplateHost,
): string {
  const data = templateVariables({
    self: {name: 'host-1', addresses: addresses.map(parseInterfaceAddress)},
    networks: networks.map(parsePrefix),
    groups: Object.fromEntries(
      Object.entries(groups).map(([network, cidr]) => [
        network,
        {CIDR: parsePrefix(cidr), Name: 'rack-1', Path: 'zone-A/rack-1', Hosts: ['host-1']},
      ]),
    ),
    readBlocks: () => [],
    vips: vips.map(parsePrefix),
    tags: {},
    localAs: 65010,
    vars,
    draining,
  });
  return renderTemplate({file, text}, data).text;
}

/** The prefixes that a shipped template announces for these networks, sorted. */
export function announcedPrefixes({families, announces}: ShippedTemplate, networks: readonly string[]): Prefix[] {
  const own = networks.map(parsePrefix).filter(prefix => families.includes(familyOf(prefix)));
  const has = (family: Family) => own.some(prefix => familyOf(prefix) === family);
  if (announces === 'groups') return [...(has('ipv4') ? [groups.net1] : []), ...(has('ipv6') ? [groups.net6] : [])].map(parsePrefix);
  return announces === 'aggregates' ? joinPrefixes(own) : own;
}

/** The prefixes of the routes in a rendered file, in its order. */
export function renderedRoutes(text: string): string[] {
  return [...text.matchAll(/^ {2}route (\S+) reject;$/gm)].map(([, prefix]) => prefix ?? '');
}

export const hostKinds = ['v4', 'v6', 'dual'] as const;

/** Hosts of each kind, with blocks in the order of their value. */
export const hostFamilies: Readonly<Record<(typeof hostKinds)[number], {addresses: readonly string[]; networks(count: number): string[]}>> =
  {
    v4: {addresses: ['192.168.20.30/24'], networks: count => sequence(count, block4)},
    v6: {addresses: ['2001:db8::30/64'], networks: count => sequence(count, block6)},
    dual: {
      addresses: ['192.168.20.30/24', '2001:db8::30/64'],
      networks: count => [...sequence(Math.ceil(count / 2), block4), ...sequence(Math.floor(count / 2), block6)],
    },
  };

/** Pairs of neighbouring blocks with a gap after every fourth one, so that some can be joined. */
function block4(index: number): string {
  const at = index + Math.floor(index / 4);
  return `10.1.${Math.floor(at / 32)}.${(at % 32) * 8}/29`;
}

function block6(index: number): string {
  const at = (index + Math.floor(index / 4)) * 64;
  return `2001:db8:1::${at > 0xffff ? `${(at >> 16).toString(16)}:` : ''}${(at & 0xffff).toString(16)}/122`;
}

function sequence(count: number, block: (index: number) => string): string[] {
  return Array.from({length: count}, (_, index) => parsePrefix(block(index)));
}
