import {z} from 'zod';
import {contains, familyOf, isAddress, parseAddress, parseInterfaceAddress, parsePrefix} from '../core/prefix.ts';

const Listen = z
  .string()
  .refine(
    text => /^(\[[0-9a-fA-F:]+\]|[^:/[\]]+):\d{1,5}$/.test(text) && portOf(text) <= 65_535,
    'expected address:port, such as 127.0.0.1:9600',
  );
const File = z.string().min(1);
const Seconds = z.number().min(0);
const oneAddress = 'expected address/length, such as 192.168.20.30/24';
const oneCidr = 'expected a CIDR, such as 10.96.0.0/12';
const fewAddresses = `${oneAddress}, or a list of one IPv4 and one IPv6`;
const cidr = z.string().refine(isInterfaceAddress, oneCidr).transform(parsePrefix);
const cidrs = z.union([cidr.transform(one => [one]), z.array(cidr)], {error: `${oneCidr}, or a list of them`});
const interfaceAddress = z.string().refine(isInterfaceAddress, oneAddress);

// Checks that concern two keys run even when other keys are wrong: all problems are to be listed at once.
const always = () => true;
const has = (check: (section: Readonly<Record<string, unknown>>) => boolean) => (section: unknown) =>
  typeof section !== 'object' || section === null || check(section as Record<string, unknown>);

/** romana.yaml (contract, section 2). Unknown keys are refused; every key but those without a default may be left out. */
export type Config = z.infer<typeof Config>;
export const Config = z.strictObject({
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  etcd: z
    .strictObject({
      endpoints: z
        .array(z.url({protocol: /^https?$/, error: 'expected a URL such as http://127.0.0.1:2379'}))
        .min(1)
        .default(['http://127.0.0.1:2379']),
      prefix: z.string().min(1).default('/romana'),
      tls: z
        .strictObject({ca: File, cert: File.optional(), key: File.optional()})
        .refine(
          has(tls => (tls['cert'] === undefined) === (tls['key'] === undefined)),
          {error: 'cert and key go together', path: ['cert'], when: always},
        )
        .optional(),
      username: z.string().min(1).optional(),
      passwordFile: File.optional(),
    })
    .refine(
      has(etcd => (etcd['username'] === undefined) === (etcd['passwordFile'] === undefined)),
      {
        error: 'username and passwordFile go together',
        path: ['username'],
        when: always,
      },
    )
    .refine(
      has(etcd => {
        const schemes = schemesOf(etcd['endpoints']);
        return schemes.size < 2 && (etcd['tls'] === undefined || !schemes.has('http:'));
      }),
      {
        error: 'expected https:// everywhere, as etcd.tls is set, or http:// everywhere without etcd.tls',
        path: ['endpoints'],
        when: always,
      },
    )
    .prefault({}),
  host: z
    .strictObject({
      name: z.string().min(1).optional(),
      address: z
        .union(
          [interfaceAddress.transform(one => [one]), z.array(interfaceAddress).min(1, fewAddresses).refine(haveOwnFamilies, fewAddresses)],
          {
            error: fewAddresses,
          },
        )
        .optional(),
    })
    .prefault({}),
  daemon: z
    .strictObject({
      listen: Listen.default('127.0.0.1:9600'),
      tls: z.strictObject({cert: File, key: File}).optional(),
      tokenFile: File.optional(),
      topology: File.optional(),
      blockCooldownSeconds: Seconds.default(0),
    })
    .refine(
      has(daemon => isLoopback(daemon['listen']) || (daemon['tls'] !== undefined && daemon['tokenFile'] !== undefined)),
      {
        error: 'listens beyond loopback, which needs daemon.tls and daemon.tokenFile',
        path: ['listen'],
        when: always,
      },
    )
    .prefault({}),
  agent: z
    .strictObject({
      metrics: Listen.default('127.0.0.1:9607'),
      socket: File.default('/run/romana/agent.sock'),
      stateDir: File.default('/var/lib/romana'),
      cache: z.strictObject({enabled: z.boolean().default(true), file: File.optional()}).prefault({}),
      routes: z
        .strictObject({
          enabled: z.boolean().default(true),
          table: z.int().min(1).max(252).default(10),
          multihop: z.boolean().default(false),
          aggregate: z.boolean().default(true),
          uplinks: z.array(z.string().min(1)).default([]),
          allowOverlap: z.boolean().default(false),
        })
        .prefault({}),
      endpoints: z
        .strictObject({
          gateway4: z.string().refine(isIpv4, 'expected an IPv4 address').default('169.254.1.1'),
          gateway6: z.string().refine(isLinkLocal6, 'expected a link-local IPv6 address, such as fe80::1').default('fe80::1'),
        })
        .prefault({}),
      serviceRange: cidrs.default([]),
      nat: z.strictObject({enabled: z.boolean().default(false), exclude: cidrs.default([])}).prefault({}),
      forward: z.strictObject({accept: z.boolean().default(false)}).prefault({}),
      iptables: z.enum(['auto', 'nft', 'legacy']).default('auto'),
      provision: z.boolean().default(true),
      policy: z.strictObject({enabled: z.boolean().default(true)}).prefault({}),
      vips: z.strictObject({enabled: z.boolean().default(true), leaseSeconds: z.int().min(2).max(3600).default(3)}).prefault({}),
      publish: z
        .strictObject({
          enabled: z.boolean().default(true),
          templates: File.default('/etc/romana/bird'),
          birdConf: File.default('/etc/bird/bird.conf'),
          confDir: File.default('/etc/bird/conf.d'),
          birdSocket: File.default('/run/bird/bird.ctl'),
          birdPidFile: File.default('/run/bird/bird.pid'),
          birdCommand: File.default('bird'),
          localAs: z.int().min(1).max(4_294_967_295).default(65534),
          prefixes: z.enum(['blocks', 'aggregate', 'groups']).default('blocks'),
          settleMs: z.int().min(0).default(100),
          minIntervalMs: z.int().min(0).default(200),
          confirm: z.strictObject({timeoutSeconds: Seconds.default(30)}).prefault({}),
          guards: z
            .strictObject({
              maxWithdrawPercent: z.number().min(0).max(100).default(50),
              allowDefaultRoute: z.boolean().default(false),
              allowForeign: z.boolean().default(false),
              allowEmpty: z.boolean().default(false),
              allowNoPeers: z.boolean().default(false),
              allowOpenFilters: z.boolean().default(false),
            })
            .prefault({}),
          drain: z.strictObject({timeoutSeconds: Seconds.default(60)}).prefault({}),
          vars: z.record(z.string(), z.unknown()).default({}),
        })
        .prefault({}),
    })
    .prefault({}),
});

function isIpv4(text: string): boolean {
  return isAddress(text) && !text.includes(':');
}

/** The same address stands on every interface of an endpoint, which goes only for those that mean nothing beyond it. */
function isLinkLocal6(text: string): boolean {
  return isAddress(text) && text.includes(':') && contains(parsePrefix('fe80::/64'), parseAddress(text));
}

function isInterfaceAddress(text: string): boolean {
  try {
    parseInterfaceAddress(text);
    return true;
  } catch {
    return false;
  }
}

function haveOwnFamilies(texts: readonly string[]): boolean {
  const valid = texts.filter(isInterfaceAddress);
  return new Set(valid.map(text => familyOf(parseInterfaceAddress(text).address))).size === valid.length;
}

function portOf(listen: string): number {
  return Number(listen.slice(listen.lastIndexOf(':') + 1));
}

/** What is no list of URLs is another problem, and reported as that. */
function schemesOf(endpoints: unknown): ReadonlySet<string> {
  const urls = Array.isArray(endpoints) ? endpoints.filter(url => typeof url === 'string' && URL.canParse(url)) : [];
  return new Set(urls.map(url => new URL(url).protocol).filter(protocol => /^https?:$/.test(protocol)));
}

/** What is no text at all is another problem, and reported as that. */
function isLoopback(listen: unknown): boolean {
  if (typeof listen !== 'string') return true;
  const address = listen.slice(0, listen.lastIndexOf(':'));
  return address === 'localhost' || address === '[::1]' || (isAddress(address) && address.startsWith('127.'));
}
