import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createInterface} from 'node:readline';
import type {ExecutionContext} from 'ava';
import {stringify} from 'yaml';
import {fetchAgentStatus} from '../../src/agent/client.ts';
import type {AgentStatus} from '../../src/agent/status.ts';
import {createKeys} from '../../src/store/keys.ts';
import {birdPaths, type RunningBird, startBird} from '../helpers/bird.ts';
import {temporaryFolder} from '../helpers/folder.ts';
import {connect, createNamespace, type Namespace} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';

export const templates = {
  'bird.conf': 'router id 192.168.20.30;\nlog stderr all;\nprotocol device {}\ninclude "conf.d/*.conf";\n',
  'publisher.conf': 'protocol static romana {\n  ipv4;\n{{#each Networks}}\n  route {{this}} reject;\n{{/each}}\n}\n',
};

export interface AgentProcess {
  readonly log: readonly Record<string, unknown>[];
  readonly stderr: string;
  /** Sends a signal and waits for the end; gives the exit status. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A host in a namespace for the real program: its own /etc/iproute2, templates, BIRD's folders, and an etcd to start. */
export interface AgentHost {
  readonly namespace: Namespace;
  /** What its default route leads to, 192.168.20.1. */
  readonly far: Namespace;
  readonly folder: string;
  readonly paths: ReturnType<typeof birdPaths>;
  ip(line: string): Promise<string>;
  /** Routes and rules of ours, sorted. */
  ours(): Promise<string[]>;
  startEtcd(): Promise<{kill(): Promise<void>}>;
  /** Writes host and block records into etcd: "host-2 192.168.20.31", with further addresses "host-2 192.168.20.31 192.168.21.31"; "10.1.0.0/29 host-1". */
  putHosts(...texts: readonly string[]): Promise<void>;
  putBlocks(...texts: readonly string[]): Promise<void>;
  startBird(): Promise<RunningBird>;
  /** The real daemon, on its usual port. */
  startDaemon(): Promise<void>;
  /** `through`: a command line in front of the program, in the namespace; `copy`: another copy of the program. */
  startAgent(options?: {readonly through?: readonly string[]; readonly copy?: string}): Promise<AgentProcess>;
  /** Runs bin/romana to its end inside, with the agent's configuration in the environment. */
  romana(...args: readonly string[]): Promise<{status: number; stdout: string; stderr: string}>;
  status(): Promise<AgentStatus>;
  /** Waits until the status is as told. */
  until(what: string, is: (status: AgentStatus) => boolean): Promise<AgentStatus>;
  /** The value of a metric. */
  metric(name: string): Promise<number>;
  template(name: string, text: string): Promise<void>;
  publisherConf(): Promise<string>;
  /** Every `ip` and `bird` that the agent has run and that was no mere look. */
  changingCommands(): Promise<string[]>;
  /** Name, inode and time of every file that the agent may write. */
  files(): Promise<string[]>;
}

const root = path.resolve(import.meta.dirname, '../..');
const etcdPort = 2379;
const keys = createKeys('/romana');

/** `before`: the same host after a reboot: its files are there, and nothing else. */
export async function createAgentHost(t: ExecutionContext, label: string, {before}: {before?: AgentHost} = {}): Promise<AgentHost> {
  const folder = before?.folder ?? (await temporaryFolder(t));
  const namespace = await createNamespace(t, label);
  const far = await createNamespace(t, `${label}-far`);
  await connect(namespace, far, {
    addresses: [
      ['192.168.20.30/24', '2001:db8::30/64'],
      ['192.168.20.1/24', '2001:db8::1/64'],
    ],
  });
  await namespace.run('ip', ['route', 'add', 'default', 'via', '192.168.20.1']);
  const paths = birdPaths(folder);
  const file = (name: string) => path.join(folder, name);
  const socket = file('run/agent.sock');
  const config = {
    host: {name: 'host-1'},
    agent: {
      socket,
      stateDir: file('state'),
      publish: {
        templates: file('templates'),
        birdConf: paths.birdConf,
        confDir: paths.confDir,
        birdSocket: paths.birdSocket,
        birdPidFile: paths.birdPidFile,
        settleMs: 20,
      },
    },
  };
  if (before === undefined) {
    for (const name of ['templates', 'conf.d', 'iproute2', 'bin']) await mkdir(file(name));
    for (const [name, text] of Object.entries(templates)) await writeFile(file(`templates/${name}`), text);
    await writeFile(paths.birdConf, templates['bird.conf']);
    await writeFile(file('romana.yaml'), stringify(config));
  }
  for (const command of ['ip', 'bird']) {
    const real = (await namespace.run('sh', ['-c', `command -v ${command}`])).trim();
    await writeFile(file(`bin/${command}`), `#!/bin/sh\nprintf '%s\\n' "${command} $*" >> ${file('commands')}\nexec ${real} "$@"\n`, {
      mode: 0o755,
    });
  }
  await writeFile(file('commands'), '');

  // /etc/iproute2 of the machine stays as it is: what the agent writes there is bound to a folder of the test's own.
  const inside = ['netns', 'exec', namespace.name, 'sh', '-c', 'mount --bind "$0" /etc/iproute2 && exec "$@"', file('iproute2')];
  const environment = {...process.env, ROMANA_CONFIG: file('romana.yaml'), PATH: `${file('bin')}:${process.env['PATH']}`};
  const program = path.join(root, 'bin/romana');

  const status = () => fetchAgentStatus(socket);
  /** Asks for a URL inside the namespace. */
  const request = (url: string, body?: unknown) =>
    namespace.run(process.execPath, [
      '--input-type=module',
      '-e',
      `const answer = await fetch(${JSON.stringify(url)}, ${JSON.stringify(body === undefined ? {} : {method: 'POST', body: JSON.stringify(body)})});
       if (!answer.ok) throw new Error(await answer.text());
       process.stdout.write(await answer.text());`,
    ]);
  const put = async (entries: ReadonlyArray<readonly [key: string, value: unknown]>) => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const success = entries.map(([key, value]) => ({request_put: {key: base64(key), value: base64(JSON.stringify(value))}}));
    await request(`http://127.0.0.1:${etcdPort}/v3/kv/txn`, {success});
  };

  return {
    namespace,
    far,
    folder,
    paths,
    ip: line => namespace.run('ip', line.split(' ')),
    async ours() {
      const outputs = await Promise.all(
        ['-4 route show table 10', '-6 route show table 10', '-4 route show table main', '-6 route show table main']
          .map(line => namespace.run('ip', [...line.split(' '), 'proto', '144']).catch(() => ''))
          .concat(
            ['-4 -N rule show', '-6 -N rule show'].map(async line => {
              const rules = await namespace.run('ip', line.split(' '));
              return rules.replaceAll(/^(?!.*proto 144).*$/gm, '').replaceAll(/^/gm, `${line.slice(0, 2)} `);
            }),
          ),
      );
      return outputs
        .flatMap(output => output.split('\n'))
        .map(line =>
          line
            .trim()
            .replaceAll(/\s+/g, ' ')
            .replace(/ (dev|metric|proto) .*$/, ''),
        )
        .filter(line => line !== '' && !/^-[46]$/.test(line))
        .toSorted();
    },
    async startEtcd() {
      const url = `http://127.0.0.1:${etcdPort}`;
      const args = [
        `--data-dir=${file('etcd')}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        '--listen-peer-urls=http://127.0.0.1:0',
      ];
      const child = spawn('ip', ['netns', 'exec', namespace.name, 'etcd', ...args], {stdio: 'ignore'});
      const kill = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      };
      t.teardown(kill);
      await waitFor('etcd answers', () =>
        request(`${url}/health`).then(
          () => true,
          () => false,
        ),
      );
      return {kill};
    },
    putHosts: (...texts) =>
      put(
        texts.flatMap(text => {
          const [name = '', ip = '', ...addresses] = text.split(' ');
          return [
            ...(addresses.length === 0 ? [] : ([[keys.hostAddresses(name), {addresses}]] as const)),
            [keys.host(name), {name, ip, agentPort: 9604, drained: false, tags: {}}],
            [keys.placement(0, name), {host: name, generation: 0, groups: {}}],
          ];
        }),
      ),
    putBlocks: (...texts) =>
      put(
        texts.map(text => {
          const [cidr = '', host = ''] = text.split(' ');
          return [keys.block(cidr as never), {cidr, host, tenant: '', segment: ''}];
        }),
      ),
    startBird: () => startBird(t, namespace, paths),
    async startDaemon() {
      const child = spawn('ip', ['netns', 'exec', namespace.name, program, 'daemon'], {
        stdio: 'ignore',
        env: {...process.env, ROMANA_CONFIG: undefined},
      });
      const ended = once(child, 'exit');
      t.teardown(async () => {
        child.kill('SIGKILL');
        await ended;
      });
      await waitFor('the daemon answers', () =>
        request('http://127.0.0.1:9600/readyz').then(
          () => true,
          () => false,
        ),
      );
    },
    async startAgent({through = [], copy = root} = {}) {
      const child = spawn('ip', [...inside, ...through, path.join(copy, 'bin/romana'), 'agent'], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environment,
      });
      const log: Record<string, unknown>[] = [];
      let stderr = '';
      child.stderr.on('data', chunk => {
        stderr += String(chunk);
      });
      createInterface({input: child.stdout}).on('line', line => log.push(line.startsWith('{') ? JSON.parse(line) : {line}));
      const ended = once(child, 'close');
      const end = async (signal: NodeJS.Signals) => {
        if (child.exitCode === null && child.signalCode === null) child.kill(signal);
        await ended;
        return child.exitCode;
      };
      t.teardown(() => end('SIGKILL'));
      await waitFor('the agent runs', () => {
        if (child.exitCode !== null) throw new Error(`the agent has ended with ${child.exitCode}: ${stderr}`);
        return log.some(({msg}) => msg === 'agent is running');
      });
      return {
        log,
        get stderr() {
          return stderr;
        },
        end,
      };
    },
    async romana(...args) {
      const child = spawn('ip', [...inside, program, ...args], {stdio: ['ignore', 'pipe', 'pipe'], env: environment});
      const output = {stdout: '', stderr: ''};
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].on('data', chunk => {
          output[name] += String(chunk);
        });
      }
      await once(child, 'close');
      return {status: child.exitCode ?? -1, ...output};
    },
    status,
    async until(what, is) {
      let last: AgentStatus | undefined;
      try {
        return await waitFor(what, async () => {
          last = await status();
          return is(last) && last;
        });
      } catch (error) {
        throw new Error(`${what}: ${JSON.stringify(last, undefined, 2)}`, {cause: error});
      }
    },
    async metric(name) {
      const text = await request('http://127.0.0.1:9607/metrics');
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    },
    template: (name, text) => writeFile(file(`templates/${name}`), text),
    publisherConf: () => readFile(path.join(paths.confDir, 'publisher.conf'), 'utf8'),
    async changingCommands() {
      const commands = (await readFile(file('commands'), 'utf8')).split('\n').filter(Boolean);
      return commands.filter(command => !/^ip (netns exec|.*\b(show|monitor)\b)/.test(command));
    },
    async files() {
      const found = [paths.birdConf];
      for (const name of ['conf.d', 'iproute2']) {
        const names = await readdir(file(name), {recursive: true});
        found.push(...names.map(inner => path.join(file(name), inner)));
      }
      const described = found.toSorted().map(async name => {
        const {mtimeNs, ino} = await stat(name, {bigint: true});
        return `${path.relative(folder, name)} ${ino} ${mtimeNs}`;
      });
      return Promise.all(described);
    },
  };
}
