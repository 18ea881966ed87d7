import path from 'node:path';
import type {TemplateFile} from './node-state.ts';
import {type Address, contains, familyOf, firstAddress, type InterfaceAddress, isAddress, parseAddress, toNumber} from './prefix.ts';

export type TemplateName = 'bird.conf' | 'publisher.conf';

export interface TemplateChoice {
  /** The best match, or undefined when none of the candidates exists. */
  readonly file: TemplateFile | undefined;
  /** The file names that were looked for, best first. */
  readonly candidates: readonly string[];
}

/**
 * Chooses a host's template: the one named after its address, else after its network's address, else the plain one. IPv4 goes before IPv6. What
 * has such a name and is no file is chosen like a file: that it cannot be read must be noticed.
 */
export function chooseTemplate(name: TemplateName, files: readonly TemplateFile[], addresses: readonly InterfaceAddress[]): TemplateChoice {
  const candidates = candidatesOf(name, addresses).map(candidate => candidate.file);
  const byName = new Map(files.map(file => [path.basename(file.file), file]));
  const chosen = candidates.find(candidate => byName.has(candidate));
  return {file: chosen === undefined ? undefined : byName.get(chosen), candidates};
}

/** What to say where none of the candidates exists in the folder. */
export function missingTemplate(name: TemplateName, candidates: readonly string[], folder: string): string {
  const sample = name === 'bird.conf' ? 'bird/bird.conf' : 'templates/bird2/bgp/publisher.conf';
  return `no template for ${name}: none of ${candidates.join(', ')} in ${folder}: copy a sample there, such as ${sample}`;
}

export interface ExplainedChoice extends TemplateChoice {
  readonly name: TemplateName;
  /** Every file of that name in the folder: those that this host looks for first, best first; then the others by name. */
  readonly files: readonly ExplainedFile[];
}

export interface ExplainedFile {
  readonly file: string;
  readonly isChosen: boolean;
  readonly reason: string;
}

/** The choice of chooseTemplate, with the reason why each file is taken or not. Of the files, those of the other name are left out. */
export function explainChoice(name: TemplateName, files: readonly TemplateFile[], addresses: readonly InterfaceAddress[]): ExplainedChoice {
  const choice = chooseTemplate(name, files, addresses);
  const candidates = candidatesOf(name, addresses);
  const chosen = choice.file && path.basename(choice.file.file);
  const explained = files
    .map(({file, problem}) => ({file, base: path.basename(file), problem}))
    .filter(({base}) => base.startsWith(name))
    .map(({file, base, problem}) => {
      const but = problem === undefined ? '' : `; ${problem}`;
      const rank = candidates.findIndex(candidate => candidate.file === base);
      const why = candidates[rank]?.why;
      const isChosen = base === chosen;
      if (why === undefined)
        return {file, rank: candidates.length, isChosen, reason: whyNot(name, base.slice(name.length), addresses) + but};
      const chosenWhy = base === name ? `${why}: no file is for this host or its subnet` : why;
      return {file, rank, isChosen, reason: (isChosen ? chosenWhy : `${why}; ${chosen} goes before it`) + but};
    })
    .sort((a, b) => a.rank - b.rank || (a.file < b.file ? -1 : 1));
  return {...choice, name, files: explained.map(({file, isChosen, reason}) => ({file, isChosen, reason}))};
}

interface Candidate {
  readonly file: string;
  readonly why: string;
}

function candidatesOf(name: TemplateName, addresses: readonly InterfaceAddress[]): Candidate[] {
  const sorted = addresses.toSorted((a, b) => familyOf(a.address).localeCompare(familyOf(b.address)));
  const all = [
    ...sorted.map(({address}) => ({file: `${name}.${address}`, why: `for this host, ${address}`})),
    ...sorted.map(({prefix}) => ({file: `${name}.${firstAddress(prefix)}`, why: `for this host's subnet ${prefix}`})),
    {file: name, why: 'general'},
  ];
  return all.filter(({file}, index) => all.findIndex(other => other.file === file) === index);
}

/** Why this host does not look for a file whose name ends in `rest`. */
function whyNot(name: TemplateName, rest: string, addresses: readonly InterfaceAddress[]): string {
  const nobody = 'not a name that any host looks for';
  const suffix = rest.slice(1);
  if (!rest.startsWith('.')) return `${nobody}: expected ${name}, or ${name}. and an address`;
  if (!isAddress(suffix)) return `${nobody}: ${JSON.stringify(suffix)} is no address`;
  const address = parseAddress(suffix);
  if (address !== suffix) return `${nobody}: write ${name}.${address}`;
  const family = familyOf(address);
  const own = addresses.find(candidate => familyOf(candidate.address) === family);
  if (own === undefined) return `for ${kindOf(address)} ${address}, this host has no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`;
  if (!contains(own.prefix, address)) return `for ${kindOf(address)} ${address}, this host is in ${own.prefix}`;
  // Who thinks of every subnet as a /24 names the file after the wrong one.
  const hint = looksLikeSubnet(address) ? `; that of this host's subnet ${own.prefix} is ${name}.${firstAddress(own.prefix)}` : '';
  return `for host ${address}${hint}`;
}

/** Outside of the host's own subnet nothing tells a host's address from a network's but how it ends. */
function kindOf(address: Address): string {
  if (looksLikeSubnet(address)) return 'subnet';
  return toNumber(address) % 2n === 0n ? 'host or subnet' : 'host';
}

function looksLikeSubnet(address: Address): boolean {
  return address.endsWith('::') || address.endsWith('.0');
}
