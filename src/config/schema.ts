import {z} from 'zod';

const Listen = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:/[\]]+):\d{1,5}$/, 'expected address:port');
const File = z.string().min(1);
const Seconds = z.number().min(0);
const interfaceAddress = z.string().regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, 'expected address/length, such as 192.168.20.30/24');

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
        tls: z.strictObject({ca: File, cert: File.optional(), key: File.optional()}).optional(),
        username: z.string().min(1).optional(),
        passwordFile: File.optional(),
      })
      .prefault({}),
    host: z
      .strictObject({
        name: z.string().min(1).optional(),
        address: z.union([interfaceAddress.transform(one => [one]), z.array(interfaceAddress).min(1).max(2)]).optional(),
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
      .prefault({}),
    agent: z
      .strictObject({
        metrics: Listen.default('127.0.0.1:9607'),
        socket: File.default('/run/romana/agent.sock'),
        routes: z
          .strictObject({
            enabled: z.boolean().default(true),
            table: z.int().min(1).max(252).default(10),
            multihop: z.boolean().default(false),
            aggregate: z.boolean().default(true),
          })
          .prefault({}),
        policy: z.strictObject({enabled: z.boolean().default(true)}).prefault({}),
        vips: z.strictObject({enabled: z.boolean().default(true)}).prefault({}),
        publish: z
          .strictObject({
            enabled: z.boolean().default(true),
            templates: File.default('/etc/romana/bird'),
            birdConf: File.default('/etc/bird/bird.conf'),
            confDir: File.default('/etc/bird/conf.d'),
            birdSocket: File.default('/run/bird/bird.ctl'),
            birdPidFile: File.default('/run/bird/bird.pid'),
            localAs: z.int().min(1).max(4_294_967_295).default(65534),
            prefixes: z.enum(['blocks', 'aggregate', 'groups']).default('blocks'),
            settleMs: z.int().min(0).default(100),
            confirm: z.strictObject({timeoutSeconds: Seconds.default(30)}).prefault({}),
            guards: z
              .strictObject({
                maxWithdrawPercent: z.number().min(0).max(100).default(50),
                allowDefaultRoute: z.boolean().default(false),
                allowForeign: z.boolean().default(false),
              })
              .prefault({}),
            vars: z.record(z.string(), z.unknown()).default({}),
          })
          .prefault({}),
      })
      .prefault({}),
  })
  .check(({value: {daemon, etcd}, issues}) => {
    if (!isLoopback(daemon.listen) && (daemon.tls === undefined || daemon.tokenFile === undefined)) {
      const message = 'listens beyond loopback, which needs daemon.tls and daemon.tokenFile';
      issues.push({code: 'custom', path: ['daemon', 'listen'], input: daemon.listen, message});
    }
    if ((etcd.username === undefined) !== (etcd.passwordFile === undefined)) {
      issues.push({code: 'custom', path: ['etcd', 'username'], input: etcd.username, message: 'username and passwordFile go together'});
    }
  });

/** The settings that are understood and have no effect before their part of the system is there, with their default. */
export const settingsWithoutEffect: ReadonlyArray<readonly [path: string, unused: unknown]> = [['daemon.blockCooldownSeconds', 0]];

function isLoopback(listen: string): boolean {
  const address = listen.slice(0, listen.lastIndexOf(':'));
  return address === 'localhost' || address === '[::1]' || /^127\./.test(address);
}
