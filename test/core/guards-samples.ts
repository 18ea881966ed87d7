import type {BirdConfig, Option, ProtocolConfig, StaticRoute} from '../../src/core/bird-config/model.ts';
import type {GuardSettings} from '../../src/core/node-state.ts';
import {type Prefix, parsePrefix} from '../../src/core/prefix.ts';
import {checkGuards, type GuardInput} from '../../src/core/publish-guards.ts';

/** The rendered publisher.conf of these tests. */
export const publisherPath = '/etc/bird/conf.d/publisher.conf';

/** As an operator has them who has set nothing. */
export const strictGuards: GuardSettings = {
  maxWithdrawPercent: 50,
  allowDefaultRoute: false,
  allowForeign: false,
  allowEmpty: false,
  allowNoPeers: false,
  allowOpenFilters: false,
};

/** Every switch on the side that lets pass. */
export const everythingAllowed: GuardSettings = {
  maxWithdrawPercent: 100,
  allowDefaultRoute: true,
  allowForeign: true,
  allowEmpty: true,
  allowNoPeers: true,
  allowOpenFilters: true,
};

type Texts = Readonly<Record<string, string>>;

export interface SampleProtocol {
  readonly name: string;
  readonly kind: string;
  readonly variant?: string;
  readonly file?: string;
  readonly isDisabled?: boolean;
  readonly options?: Texts;
  readonly channels?: Readonly<Record<string, Texts>>;
  readonly routes?: readonly string[];
}

/** A static protocol named "romana", with one channel for both families, as BIRD 1.6 has it. */
export function statics(routes: readonly string[], more: Partial<SampleProtocol> = {}): SampleProtocol {
  return {name: 'romana', kind: 'static', routes, ...more};
}

/** An internal session that exports "romana" only, unless its export says otherwise. */
export function session(exported = 'where proto = "romana"', more: Partial<SampleProtocol> = {}): SampleProtocol {
  const channel = {import: 'none', export: exported};
  const options = {local: 'as 65000', neighbor: '192.168.20.1 as 65000'};
  return {name: 'romana_bgp', kind: 'bgp', options, channels: {ipv4: channel, ipv6: channel}, ...more};
}

export interface SampleGlobals {
  readonly filters?: Texts;
  readonly globals?: Texts;
}

/** A configuration of these protocols. A protocol stands in line 1 of its file, its routes from line 2 on. */
export function configOf(protocols: readonly SampleProtocol[], {filters = {}, globals = {}}: SampleGlobals = {}): BirdConfig {
  return {
    protocols: new Map(protocols.map(protocol => [protocol.name, protocolOf(protocol)])),
    filters: optionsOf(filters, '/etc/bird/bird.conf'),
    globals: optionsOf(globals, '/etc/bird/bird.conf'),
  };
}

function protocolOf({file = publisherPath, options = {}, channels = {}, routes = [], ...rest}: SampleProtocol): ProtocolConfig {
  const staticRoutes: StaticRoute[] = routes.map((text, index) => ({prefix: parsePrefix(text), target: 'reject', file, line: index + 2}));
  return {
    variant: '',
    isDisabled: false,
    ...rest,
    file,
    line: 1,
    options: optionsOf(options, file),
    channels: new Map(Object.entries(channels).map(([name, texts]) => [name, optionsOf(texts, file)])),
    routes: staticRoutes,
  };
}

function optionsOf(texts: Texts, file: string): ReadonlyMap<string, Option> {
  return new Map(Object.entries(texts).map(([name, text]) => [name, {text, file, line: 1}]));
}

/** A case with strict guards in which nothing was there before and nothing has been released. */
export function inputOf(after: BirdConfig, more: Partial<GuardInput> = {}): GuardInput {
  return {
    before: undefined,
    after,
    publisher: {path: publisherPath, text: 'protocol static romana { }'},
    networks: [],
    groups: [parsePrefix('10.1.0.0/16'), parsePrefix('2001:db8:1::/48')],
    vips: [],
    released: () => false,
    localAs: 65000,
    settings: strictGuards,
    ...more,
  };
}

/** The guards that have something against it, in their order, without repetition. */
export function guardsAgainst(input: GuardInput): string[] {
  return [...new Set(checkGuards(input).map(({guard}) => guard))];
}

/** Neighbouring /29 blocks from 10.1.0.0 on. */
export function blocks(count: number): Prefix[] {
  return Array.from({length: count}, (_, index) => parsePrefix(`10.1.${index >> 5}.${(index & 31) * 8}/29`));
}
