import {parseBirdConfig} from '../core/bird-config/parse.ts';
import type {BirdFile} from '../core/desired-bird-files.ts';
import {forecast, type ProtocolChange} from '../core/forecast.ts';
import {itemsOnlyIn} from '../core/guards/address-space.ts';
import {announcedRoutes} from '../core/guards/announced-routes.ts';
import {firstFew} from '../core/guards/finding.ts';
import {comparePrefixes, type Prefix} from '../core/prefix.ts';
import type {GuardFinding} from '../core/publish-guards.ts';
import {findingLine, guardFiles} from './template-guards.ts';
import type {TemplateHost} from './template-parts.ts';

/** What BIRD would make of a change. */
export interface Foresight {
  /** Prefixes that neighbours would hear of, or not any more. */
  readonly added: readonly Prefix[];
  readonly withdrawn: readonly Prefix[];
  /** What BIRD does with its protocols, those that hold sessions and the others. */
  readonly sessions: readonly ProtocolChange[];
  readonly findings: readonly GuardFinding[];
}

/** Compares two whole sets of files, with all that they include. An empty `before` is that of a host without BIRD's files. */
export function foresee(host: TemplateHost, beforeFiles: readonly BirdFile[], afterFiles: readonly BirdFile[]): Foresight {
  const before = parseBirdConfig(beforeFiles, host.birdConf);
  const after = parseBirdConfig(afterFiles, host.birdConf);
  const [old, fresh] = [before, after].map(config =>
    announcedRoutes(config)
      .routes()
      .map(({prefix}) => prefix),
  );
  return {
    added: sorted(itemsOnlyIn(fresh ?? [], old ?? [])),
    withdrawn: sorted(itemsOnlyIn(old ?? [], fresh ?? [])),
    sessions: forecast(before, after),
    findings: guardFiles(host, afterFiles, {before: beforeFiles.length === 0 ? undefined : before, after}),
  };
}

/** As lines that a program which reads the diff passes over. */
export function foresightLines({added, withdrawn, sessions, findings}: Foresight): string[] {
  const prefixes = [...few('+', added), ...few('-', withdrawn)];
  const held = sessions.filter(({isSession}) => isSession).map(change => `Sessions: ${change.name} ${describe(change)}`);
  // Routes that come and go are told already.
  const others = sessions.filter(({isSession, action}) => !isSession && action !== 'update');
  return [
    `Prefixes: ${prefixes.length === 0 ? 'no change' : prefixes.join(', ')}`,
    ...(held.length === 0 ? ['Sessions: no change'] : held),
    ...others.map(change => `Others: ${change.name} (${change.kind}) ${describe(change)}`),
    ...findings.map(findingLine),
  ].map(line => `# ${line}`);
}

const words = {
  add: 'starts',
  remove: 'stops',
  restart: 'restarts',
  reload: 'stays up and sends or asks for its routes anew',
  update: 'stays up',
};

function describe({action, reasons}: ProtocolChange): string {
  return `${words[action]}: ${reasons.join('; ')}`;
}

const shown = 20;

function few(sign: '+' | '-', prefixes: readonly Prefix[]): string[] {
  return prefixes.length === 0
    ? []
    : [
        firstFew(
          prefixes.map(prefix => `${sign} ${prefix}`),
          shown,
        ),
      ];
}

function sorted(prefixes: readonly Prefix[]): Prefix[] {
  return [...new Set(prefixes)].sort(comparePrefixes);
}
