import {readFileSync} from 'node:fs';

/** A unit file: section → directive → its values in order, emptied by an empty one as systemd does. */
export type Unit = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Parses a unit file. Throws for a line that is neither a section, a directive nor a comment. */
export function parseUnit(file: string): Unit {
  const sections = new Map<string, Map<string, string[]>>();
  let section: Map<string, string[]> | undefined;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, heading] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (heading !== undefined) {
      section = new Map();
      sections.set(heading, section);
    } else if (name !== undefined && value !== undefined && section !== undefined) {
      section.set(name, value === '' ? [] : [...(section.get(name) ?? []), value]);
    } else if (line !== '' && !line.startsWith('#')) throw new Error(`${file}: ${line}`);
  }
  return sections;
}

/** The words of a directive, all its lines together. */
export function words(unit: Unit, section: string, name: string): readonly string[] {
  return (unit.get(section)?.get(name) ?? []).flatMap(value => value.split(' '));
}
