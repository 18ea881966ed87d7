import {counted, firstFew, type GuardFinding} from './finding.ts';
import type {GuardCase} from './input.ts';

/** BIRD takes a publisher.conf without a word in it for a wish to withdraw everything. */
export function emptyGuard({publisher, networks, vips, withdrawn, settings}: GuardCase): GuardFinding[] {
  if (settings.allowEmpty || !isBlank(publisher.text)) return [];
  const wanted = [...networks, ...vips];
  if (wanted.length === 0 && withdrawn.prefixes().length === 0) return [];
  const what =
    wanted.length > 0
      ? `this host has ${counted(wanted.length, 'prefix', 'prefixes')} to announce: ${firstFew(wanted)}`
      : `BIRD announces ${firstFew(withdrawn.prefixes())}, which nobody has released`;
  const reason = `publisher.conf renders to nothing that BIRD would read, but ${what}; to allow it, set publish.guards.allowEmpty to true in romana.yaml`;
  return [{guard: 'empty', level: 'refuse', reason, file: publisher.path, line: 1}];
}

/** True for a text of nothing but space and BIRD's comments. */
export function isBlank(text: string): boolean {
  const gap = /\s+|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
  while (gap.lastIndex < text.length) if (!gap.test(text)) return false;
  return true;
}
