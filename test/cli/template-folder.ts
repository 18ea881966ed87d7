import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {temporaryFolder} from '../helpers/folder.ts';
import {type Outcome, romana} from './romana.ts';

export const birdConf = 'router id 192.168.20.30;\nlog stderr all;\nprotocol device {}\ninclude "conf.d/*.conf";\n';

/** A publisher.conf that announces what it is told to, to one neighbour. */
export const publisher = `{{!-- of this test --}}
protocol static romana {
  ipv4;
{{#each Networks4}}
  route {{this}} reject;
{{/each}}
}

protocol bgp romana_bgp {
  local as {{LocalAS}};
  neighbor {{Vars.neighbor}} as 65001;
  ipv4 {
    import none;
    export where proto = "romana";
  };
}
`;

export const data = {
  host: {name: 'host-1', address: ['192.168.20.30/24', '2001:db8::30/64'], tags: {rack: 'rack-1'}},
  networks: ['10.1.0.8/29', '10.1.0.0/29'],
  groups: {net1: {cidr: '10.1.0.0/18', name: 'rack-1', path: 'zone-A/rack-1', hosts: ['host-1']}},
  vars: {neighbor: '192.168.20.1'},
};

export interface TemplateFolder {
  readonly folder: string;
  /** Writes a file of the folder. */
  write(name: string, text: string): Promise<string>;
  /** Runs `romana template`, with romana.yaml, templates and data of this folder. */
  template(verb: string, ...args: string[]): Promise<Outcome>;
}

/** A host in a folder: t/ with templates, data.json, romana.yaml, and etc/bird for what is live. */
export async function templateFolder(t: ExecutionContext, templates: Readonly<Record<string, string>> = {}): Promise<TemplateFolder> {
  const folder = await temporaryFolder(t);
  const write = async (name: string, text: string) => {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), {recursive: true});
    await writeFile(file, text);
    return file;
  };
  for (const [name, text] of Object.entries({'bird.conf': birdConf, 'publisher.conf': publisher, ...templates}))
    await write(`t/${name}`, text);
  const dataFile = await write('data.json', JSON.stringify(data));
  const publish = {templates: `${folder}/t`, birdConf: `${folder}/etc/bird/bird.conf`, confDir: `${folder}/etc/bird/conf.d`};
  const romanaYaml = await write('romana.yaml', JSON.stringify({agent: {socket: `${folder}/agent.sock`, publish}}));
  return {
    folder,
    write,
    template: (verb, ...args) => romana(['template', verb, '--data', dataFile, ...args], {environment: {ROMANA_CONFIG: romanaYaml}}),
  };
}
