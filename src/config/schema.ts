import {z} from 'zod';
import {whyNoHostAddress, whyNoUnicast} from '../core/host-address.ts';
import {isHostName, maxHostName} from '../core/names.ts';
import {contains, familyOf, isAddress, parseAddress, parseInterfaceAddress, parsePrefix} from '../core/prefix.ts';

const Listen = z
  .string()
  .refine(
    text => /^(\[[0-9a-fA-F:]+\]|[^:/[\]]+):\d{1,5}$/.test(text) && portOf(text) <= 65_535,
    'expected address:port, such as 127.0.0.1:9600',
  );
const File = z.string().min(1);
// Commands ask for the same file from wherever they are started.
const AbsolutePath = z.string().refine(text => text.startsWith('/') && !text.includes('\0'), 'expected an absolute path');
const Seconds = z.number().min(0);
const oneAddress = 'expected address/length, such as 192.168.20.30/24';
const oneCidr = 'expected a CIDR, such as 10.96.0.0/12';
const fewAddresses = `${oneAddress}, or a list of one IPv4 and one IPv6`;
const cidr = z.string().refine(isInterfaceAddress, oneCidr).transform(parsePrefix);
const cidrs = z.union([cidr.transform(one => [one]), z.array(cidr)], {error: `${oneCidr}, or a list of them`});
const interfaceAddress = z.string().refine(isInterfaceAddress, oneAddress);
const ownAddress = interfaceAddress.superRefine(refuseForeignAddress);

// Checks that concern two keys run even when other keys are wrong: all problems are to be listed at once.
const always = () => true;
const has = (check: (section: Readonly<Record<string, unknown>>) => boolean) => (section: unknown) =>
  typeof section !== 'object' || section === null || check(section as Record<string, unknown>);

/** romana.yaml (contract, section 2). Unknown keys are refused; every key but those without a default may be left out. */
export type Config = z.infer<typeof Config>;
export const Config = z
  .strictObject({
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
        name: z
          .string()
          .refine(isHostName, `expected a name: 1 to ${maxHostName} characters, none of them a control, no IP, and not . or ..`)
          .optional(),
        address: z
          .union(
            [
              // In this order: what has failed before is not turned into a list, and so is no case of its own.
              interfaceAddress.transform(one => [one]).superRefine(([one = ''], context) => refuseForeignAddress(one, context)),
              z.array(ownAddress).min(1, fewAddresses).refine(haveOwnFamilies, fewAddresses),
            ],
            {error: fewAddresses},
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
        socket: AbsolutePath.default('/run/romana/agent.sock'),
        stateDir: AbsolutePath.default('/var/lib/romana'),
        cache: z.strictObject({enabled: z.boolean().default(true), file: AbsolutePath.optional()}).prefault({}),
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
            gateway4: z.string().refine(isIpv4, 'expected an IPv4 address that a machine can have').default('169.254.1.1'),
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
            templates: AbsolutePath.default('/etc/romana/bird'),
            birdConf: AbsolutePath.default('/etc/bird/bird.conf'),
            confDir: AbsolutePath.default('/etc/bird/conf.d'),
            birdSocket: AbsolutePath.default('/run/bird/bird.ctl'),
            birdPidFile: AbsolutePath.default('/run/bird/bird.pid'),
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
  })
  .refine(hasOwnGateway, {
    error: 'host.address is the same, expected an address that nobody has',
    path: ['agent', 'endpoints', 'gateway4'],
    when: always,
  });

function isIpv4(text: string): boolean {
  return isAddress(text) && !text.includes(':') && whyNoUnicast(parseAddress(text)) === undefined;
}

/** The same address stands on every interface of an endpoint, which goes only for those that mean nothing beyond it. */
function isLinkLocal6(text: string): boolean {
  return isAddress(text) && text.includes(':') && contains(parsePrefix('fe80::/64'), parseAddress(text));
}

/** What is no address at all is another problem, and reported as that. */
function refuseForeignAddress(text: string, context: z.RefinementCtx<unknown>): void {
  const reason = isInterfaceAddress(text) ? whyNoHostAddress(parseInterfaceAddress(text)) : undefined;
  if (reason !== undefined) {
    context.addIssue({code: 'custom', message: `expected the address of this host, such as 192.168.20.30/24, and not ${reason}`});
  }
}

function isInterfaceAddress(text: string): boolean {
  try {
    parseInterfaceAddress(text);
    return true;
  } catch {
    return false;
  }
}

/** An IPv6 gateway is link-local, which no address of a host is. */
function hasOwnGateway(config: unknown): boolean {
  const gateway = textsAt(config, ['agent', 'endpoints', 'gateway4']);
  const own = textsAt(config, ['host', 'address']).filter(isInterfaceAddress);
  return !own.some(text => gateway.includes(parseInterfaceAddress(text).address));
}

/** The text that stands there, or those of the list. */
function textsAt(value: unknown, path: readonly string[]): string[] {
  const found = path.reduce((inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value);
  return [found].flat().filter(text => typeof text === 'string');
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
