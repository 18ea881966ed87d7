import type {LabFile} from './lab-file.ts';

/** Where the state of running labs lies: a folder per lab, in it a folder per node. */
export const labsFolder = '/run/romana-lab';

/** The name of a node's network namespace. Neither part holds a dot, so a lab's namespaces are those with its prefix. */
export function namespaceOf(lab: string, node: string): string {
  return `${namespacePrefix(lab)}${node}`;
}

/** What the names of all namespaces of a lab begin with. */
export function namespacePrefix(lab: string): string {
  return `romana.${lab}.`;
}

/** The hosts of every rack: their given names, or host-1, host-2, … counted through the lab. */
export function hostNames(file: LabFile): readonly (readonly string[])[] {
  let count = 0;
  return file.racks.map(({hosts}) => {
    if (typeof hosts !== 'number') return hosts;
    return Array.from({length: hosts}, () => `host-${++count}`);
  });
}

/** The ToR's name of the rack with that index: its own, or tor-1, tor-2, … */
export function torName(file: LabFile, index: number): string {
  return file.racks[index]?.tor.name ?? `tor-${index + 1}`;
}

export function spineNames(file: LabFile): string[] {
  return Array.from({length: file.spines.count}, (_, index) => `spine-${index + 1}`);
}
