import {stringify} from 'yaml';

/** A romana.yaml, with a line that says where it comes from. */
export function renderYaml(config: Record<string, unknown>): string {
  return `# Written by "romana lab up".\n${stringify(config, {lineWidth: 0})}`;
}
