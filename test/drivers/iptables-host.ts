import type {ExecutionContext} from 'ava';
import type {Chain} from '../../src/core/desired-chains.ts';
import {chainItem, type createIptables, type IptablesOptions} from '../../src/drivers/iptables.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {step} from '../../src/reconcile/step.ts';
import type {Run} from '../../src/system/run.ts';
import {createNamespace, type Namespace} from '../helpers/namespace.ts';

export type Backend = 'nft' | 'legacy';

/** A namespace with iptables in it. */
export interface IptablesHost {
  readonly namespace: Namespace;
  /** What the driver ran: program and, of what changes something, its input. */
  readonly commands: string[];
  readonly options: Omit<IptablesOptions, 'backend' | 'isUsed'>;
  /** So many milliseconds later. */
  pass(ms: number): void;
  /** Hands rules, as iptables-save shows them, to a backend. */
  put(backend: Backend, rules: string, family?: 'iptables' | 'ip6tables'): Promise<void>;
  /** All rules of a backend, without marks, counters and what differs from look to look. */
  rules(backend: Backend, family?: 'iptables' | 'ip6tables'): Promise<string[]>;
}

export async function createIptablesHost(t: ExecutionContext, label: string): Promise<IptablesHost> {
  const namespace = await createNamespace(t, label);
  const commands: string[] = [];
  let now = 0;
  const run: Run = (command, args, options) => {
    commands.push([command, ...args, options?.input ?? ''].join(' ').trim());
    return namespace.run(command, args, options);
  };
  return {
    namespace,
    commands,
    options: {run, files: {read: file => namespace.run('cat', [file]).catch(() => undefined)}, clock: {now: () => now}},
    pass(ms) {
      now += ms;
    },
    async put(backend, rules, family = 'iptables') {
      await namespace.run(`${family}-${backend}-restore`, ['--noflush', '-w', '30'], {input: `${rules.trim()}\n`});
    },
    async rules(backend, family = 'iptables') {
      const text = await namespace.run(`${family}-${backend}-save`, []);
      let table = '';
      return text.split('\n').flatMap(line => {
        if (line.startsWith('*')) table = line.slice(1);
        if (line === '' || /^([#*]|COMMIT)/.test(line)) return [];
        return [`${table} ${line.replace(/ \[\d+:\d+\]$/, '').replace(/ -m comment --comment "?romana:[0-9a-f]{12}"?/, '')}`];
      });
    },
  };
}

/** Makes chains be as wanted by a driver, in the way the agent does; throws what failed, and gives how many were different. */
export async function make(driver: ReturnType<typeof createIptables>, chains: readonly Chain[]): Promise<number> {
  const [result] = await reconcile([step(driver, () => chains.map(chainItem))], undefined);
  if (result?.error !== undefined) throw result.error;
  return result?.changes ?? 0;
}

/** Rules as a container engine, a service proxy and a firewall put them there, and as an operator does by hand. */
export const foreignRules = `
*nat
:DOCKER - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -m comment --comment "service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SERVICES ! -s 10.1.0.0/16 -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-MARK-MASQ
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
:DOCKER - [0:0]
:ufw-before-forward - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -j ufw-before-forward
-A FORWARD -s 10.1.0.9/32 -m comment --comment "romana is not to send this" -j DROP
-A DOCKER-USER -j RETURN
-A ufw-before-forward -p icmp -m icmp --icmp-type 3 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "it's ssh; \\"quoted\\"" -j ACCEPT
COMMIT
`;
