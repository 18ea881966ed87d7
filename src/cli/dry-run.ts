import {pageWidth, wrap} from './table.ts';
import type {DryRun} from './wire.ts';

/** What a topology would change, and why it would not fit, a sentence a paragraph. */
export function renderDryRun({fits, problems, changes}: DryRun): string {
  const changed = Object.entries(changes).filter(([, names]) => names.length > 0);
  const sentences = [
    fits ? 'The topology fits. Nothing has been changed.' : 'The topology does not fit:',
    ...problems.flatMap(problem => problem.split('\n')).map(problem => `  ${problem}`),
    ...(changed.length === 0
      ? ['No host would be added or moved.']
      : changed.map(([what, names]) => `${wordsOf(what)}: ${names.join(', ')}`)),
  ];
  return `${sentences.flatMap(sentence => wrap(sentence, pageWidth)).join('\n')}\n`;
}

/** "hosts_added" as "Hosts added". */
function wordsOf(key: string): string {
  const words = key.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
