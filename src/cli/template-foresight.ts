import {parseBirdConfig} from '../core/bird-config/parse.ts';
import type {BirdFile} from '../core/desired-bird-files.ts';
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
    findings: guardFiles(host, afterFiles, {before: beforeFiles.length === 0 ? undefined : before, after}),
  };
}

/** As lines that a program which reads the diff passes over. */
export function foresightLines({added, withdrawn, findings}: Foresight): string[] {
  const prefixes = [...few('+', added), ...few('-', withdrawn)];
  return [`Prefixes: ${prefixes.length === 0 ? 'no change' : prefixes.join(', ')}`, ...findings.map(findingLine)].map(line => `# ${line}`);
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
