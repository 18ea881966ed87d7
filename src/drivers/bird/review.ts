import type {BirdConfig, ProtocolConfig} from '../../core/bird-config/model.ts';
import {parseBirdConfig} from '../../core/bird-config/parse.ts';
import {vipsOf, withoutProtocols} from '../../core/bird-config/vip-protocols.ts';
import type {Announcement} from '../../core/desired-bird.ts';
import type {BirdFile} from '../../core/desired-bird-files.ts';
import {findNamingSlips} from '../../core/naming-slips.ts';
import {checkGuards, type GuardFinding} from '../../core/publish-guards.ts';
import {GuardRefusedError} from './rejection.ts';

/** A set of files with all that it includes, and what identifies it. */
export interface WholeSet {
  readonly key: string;
  readonly files: readonly BirdFile[];
}

export type Warning = GuardFinding;

export interface Review {
  readonly before: BirdConfig | undefined;
  readonly after: BirdConfig;
  readonly warnings: readonly Warning[];
  /** What of the sessions changes: nothing (routes come and go), something, or something of OSPF, which takes long to notice. */
  readonly touches: 'nothing' | 'sessions' | 'ospf';
}

export interface ReviewOptions {
  readonly birdConf: string;
  readonly publisher: string;
}

/** Judges a set by what it does, before BIRD gets it. Throws GuardRefusedError. */
export function createReview({birdConf, publisher}: ReviewOptions) {
  // The set before and the one after, which will soon be the one before.
  let known: readonly {readonly key: string; readonly config: BirdConfig}[] = [];
  const read = ({key, files}: WholeSet): BirdConfig => {
    const config = known.find(entry => entry.key === key)?.config ?? parseBirdConfig(files, birdConf, known.at(-1)?.config);
    known = [...known.filter(entry => entry.key !== key), {key, config}].slice(-2);
    return config;
  };

  const review = (beforeSet: WholeSet | undefined, afterSet: WholeSet, announces: Announcement): Review => {
    const before = beforeSet && read(beforeSet);
    const after = read(afterSet);
    const text = afterSet.files.find(file => file.path === publisher)?.text ?? '';
    const {guards: settings, released, ...prefixes} = announces;
    const slips = findNamingSlips({after, networks: prefixes.networks, settings});
    const guarded = checkGuards({before, after, publisher: {path: publisher, text}, ...prefixes, released, settings});
    const findings = [...slips, ...guarded];
    const refusal = findings.find(({level}) => level === 'refuse');
    if (refusal !== undefined) throw new GuardRefusedError(refusal, afterSet.files);
    return {before, after, warnings: findings, touches: touchedBy(before, after)};
  };
  /** Whether a set is known by its key alone. */
  return Object.assign(review, {knows: (key: string) => known.some(entry => entry.key === key)});
}

function touchedBy(before: BirdConfig | undefined, after: BirdConfig): Review['touches'] {
  if (before === undefined) return 'sessions';
  const vips = new Set([...vipProtocols(before), ...vipProtocols(after)]);
  const isChanged = (name: string) =>
    !(isVip(before.protocols.get(name)) && isVip(after.protocols.get(name))) &&
    textOf(before.protocols.get(name), vips) !== textOf(after.protocols.get(name), vips);
  const changed = [...new Set([...before.protocols.keys(), ...after.protocols.keys()])].filter(isChanged);
  const kinds = changed.map(name => (after.protocols.get(name) ?? before.protocols.get(name))?.kind);
  if (kinds.includes('ospf')) return 'ospf';
  const isSame =
    changed.length === 0 &&
    textsOf(before.filters, vips) === textsOf(after.filters, vips) &&
    textsOf(before.globals, vips) === textsOf(after.globals, vips);
  return isSame ? 'nothing' : 'sessions';
}

/** The protocols that only let VIPs in. That sessions pass their routes on, too, is no change of a session either. */
function vipProtocols({protocols}: BirdConfig): string[] {
  return [...protocols.values()].filter(isVip).map(({name}) => name);
}

/** One that is not there lets nothing in. */
function isVip(protocol: ProtocolConfig | undefined): boolean {
  return protocol === undefined || vipsOf(protocol) !== undefined;
}

type Names = ReadonlySet<string>;

/** All of a protocol but its routes, which come and go without harm to any session. */
function textOf(protocol: ProtocolConfig | undefined, vips: Names): string {
  if (protocol === undefined) return '';
  const {kind, variant, isDisabled, options, channels} = protocol;
  const texts = [...channels].map(([name, channel]) => [name, textsOf(channel, vips)]);
  return JSON.stringify([kind, variant, isDisabled, textsOf(options, vips), texts]);
}

function textsOf(options: ReadonlyMap<string, {readonly text: string}>, vips: Names): string {
  return JSON.stringify([...options].map(([name, {text}]) => [name, withoutProtocols(text, vips)]));
}
