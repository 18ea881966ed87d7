import path from 'node:path';
import type {TemplateFile} from './node-state.ts';
import {type Address, familyOf, firstAddress, type InterfaceAddress} from './prefix.ts';

export type TemplateName = 'bird.conf' | 'publisher.conf';

export interface TemplateChoice {
  /** The best match, or undefined when none of the candidates exists. */
  readonly file: TemplateFile | undefined;
  /** The file names that were looked for, best first. */
  readonly candidates: readonly string[];
}

/** Chooses a host's template: the one named after its address, else after its network's address, else the plain one. IPv4 goes before IPv6. */
export function chooseTemplate(name: TemplateName, files: readonly TemplateFile[], addresses: readonly InterfaceAddress[]): TemplateChoice {
  const candidates = candidateNames(name, addresses);
  const byName = new Map(files.map(file => [path.basename(file.file), file]));
  const chosen = candidates.find(candidate => byName.has(candidate));
  return {file: chosen === undefined ? undefined : byName.get(chosen), candidates};
}

function candidateNames(name: TemplateName, addresses: readonly InterfaceAddress[]): string[] {
  const sorted = addresses.toSorted((a, b) => familyOf(a.address).localeCompare(familyOf(b.address)));
  const suffixes: Address[] = [...sorted.map(({address}) => address), ...sorted.map(({prefix}) => firstAddress(prefix))];
  return [...new Set([...suffixes.map(suffix => `${name}.${suffix}`), name])];
}
