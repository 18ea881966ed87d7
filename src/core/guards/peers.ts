import type {ProtocolConfig} from '../bird-config/model.ts';
import {isNeighbourKind} from './announced-routes.ts';
import {counted, firstFew, type GuardFinding} from './finding.ts';
import type {GuardCase} from './input.ts';

/** There were sessions with neighbours, and there would be none. */
export function peersGuard({announcedBefore, announced, after, settings, publisher}: GuardCase): GuardFinding[] {
  const before = announcedBefore?.neighbours ?? [];
  if (settings.allowNoPeers || before.length === 0 || announced.neighbours.length > 0) return [];
  const disabled = [...after.protocols.values()].find(isNeighbourKind);
  const now =
    disabled === undefined
      ? 'the new configuration has no protocol bgp, ospf, rip or babel'
      : `every such protocol of the new configuration is disabled, ${disabled.name} to begin with`;
  const reason =
    `the host would lose ${before.length === 1 ? 'its only protocol with neighbours' : `all ${counted(before.length, 'protocol', 'protocols')} with neighbours`}: ` +
    `${firstFew(before.map(describe))}; ${now}; to allow it, set publish.guards.allowNoPeers to true in romana.yaml`;
  return [{guard: 'peers', level: 'refuse', reason, file: disabled?.file ?? publisher.path, ...(disabled && {line: disabled.line})}];
}

function describe({name, kind}: ProtocolConfig): string {
  return `${name} (${kind})`;
}
