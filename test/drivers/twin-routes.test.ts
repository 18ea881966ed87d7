import {parsePrefix} from '../../src/core/prefix.ts';
import {createBlockRoutes} from '../../src/drivers/block-routes.ts';
import {createEndpointRoutes} from '../../src/drivers/endpoint-routes.ts';
import {createNeighbourRoutes} from '../../src/drivers/neighbour-routes.ts';
import type {Driver} from '../../src/reconcile/driver.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {createDriverHost, type DriverHost, lines, routes} from './host.ts';

// The kernel keeps routes beside each other that differ only in where they lead ("ip route append" and "prepend"), and uses the first.

const test = namespaceTest();

const shown = async ({ip}: DriverHost) => {
  const outputs = await Promise.all(['-4', '-6'].map(family => ip(`-N ${family} route show table all proto 144`)));
  return lines(outputs.join('\n'));
};

const kinds: ReadonlyArray<readonly [string, (host: DriverHost) => readonly [Driver<never>, readonly never[]], readonly string[]]> = [
  [
    'neighbour routes',
    ({run}) => of(createNeighbourRoutes(run, 10), routes('10.1.0.0/29 192.168.20.31', '10.1.0.8/29 192.168.20.32,192.168.20.33')),
    [
      'VERB 10.1.0.0/29 via 192.168.20.1 table 10 proto 144 metric 64',
      'VERB 10.1.0.0/29 dev eth0 table 10 proto 144 metric 64',
      'VERB blackhole 10.1.0.0/29 table 10 proto 144 metric 64',
      'VERB 10.1.0.0/29 via inet6 2001:db8::1 dev eth0 table 10 proto 144 metric 64',
      'VERB 10.1.0.0/29 via 192.168.20.31 tos 0x10 table 10 proto 144 metric 64',
      'VERB 10.1.0.8/29 via 192.168.20.32 table 10 proto 144 metric 64',
      'VERB 10.1.0.8/29 table 10 proto 144 metric 64 nexthop via 192.168.20.33 weight 2 nexthop via 192.168.20.32',
    ],
  ],
  [
    'neighbour routes of IPv6',
    ({run}) => of(createNeighbourRoutes(run, 10), routes('fd00::400/122 2001:db8::31', 'fd00::440/122 2001:db8::31,2001:db8::32')),
    [
      '-6 VERB fd00::400/122 via 2001:db8::1 table 10 proto 144 metric 64',
      '-6 VERB unreachable fd00::400/122 table 10 proto 144 metric 64',
      '-6 VERB fd00::440/122 dev eth0 table 10 proto 144 metric 64',
      '-6 VERB unreachable fd00::440/122 table 10 proto 144 metric 64',
    ],
  ],
  [
    'block routes',
    ({run}) => of(createBlockRoutes(run), [{to: parsePrefix('10.1.0.0/29')}, {to: parsePrefix('fd00::400/122')}]),
    [
      'VERB blackhole 10.1.0.0/29 table main proto 144 metric 4096',
      'VERB 10.1.0.0/29 via 192.168.20.1 table main proto 144 metric 4096',
      '-6 VERB fd00::400/122 via 2001:db8::1 table main proto 144 metric 4096',
    ],
  ],
  [
    'endpoint routes',
    ({run}) => of(createEndpointRoutes(run), [{to: parsePrefix('10.1.0.3/32'), dev: 'eth0', endpoint: 'vm', source: undefined, mark: ''}]),
    [
      'VERB 10.1.0.3/32 via 192.168.20.1 table main proto 144',
      'VERB unreachable 10.1.0.3/32 table main proto 144',
      'VERB 10.1.0.3/32 dev lo table main proto 144',
    ],
  ],
];

// IPv6 cannot tell this one from ours: ours goes, and takes the other's place in the next pass.
const isVague = (twin: string) => /^-6 .* dev eth0 table 10/.test(twin) && !twin.includes(' via ');

function of<Item>(driver: Driver<Item>, wanted: readonly Item[]): readonly [Driver<never>, readonly never[]] {
  return [driver, wanted] as unknown as readonly [Driver<never>, readonly never[]];
}

for (const [name, create, twins] of kinds) {
  for (const verb of ['append', 'prepend']) {
    test(`${name}: what somebody puts beside ours is removed, and nothing else (${verb})`, async t => {
      const host = await createDriverHost(t, `twin-${verb}`);
      const [driver, wanted] = create(host);
      await host.make(driver, wanted);
      const right = await shown(host);
      for (const twin of twins) {
        await host.ip(twin.replace('VERB', `route ${verb}`));
        t.notDeepEqual(await shown(host), right, twin);
        host.changes.length = 0;
        await host.make(driver, wanted);
        if (isVague(twin)) await host.make(driver, wanted);
        t.deepEqual(await shown(host), right, twin);
        t.is(host.changes.length, isVague(twin) ? 2 : 1, host.changes.join('\n'));
      }
      for (const twin of twins) await host.ip(twin.replace('VERB', `route ${verb}`));
      for (let pass = 0; pass < 2; pass++) await host.make(driver, wanted);
      t.deepEqual(await shown(host), right, 'all at once');
      for (const twin of twins) await host.ip(twin.replace('VERB', `route ${verb}`));
      await host.make(driver, []);
      t.deepEqual(await shown(host), [], 'and all of them go');
    });
  }
}

test('a route of ours that changes while another stands beside it is replaced first', async t => {
  const host = await createDriverHost(t, 'twin-change');
  const driver = createNeighbourRoutes(host.run, 10);
  await host.make(driver, routes('10.1.0.0/29 192.168.20.31'));
  for (const verb of ['append', 'prepend']) {
    await host.ip(`route ${verb} 10.1.0.0/29 via 192.168.20.1 table 10 proto 144 metric 64`);
    for (const last of [32, 1, 33]) {
      await host.make(driver, routes(`10.1.0.0/29 192.168.20.${last}`));
      const [only = '', ...others] = await shown(host);
      t.true(only.includes(`via 192.168.20.${last} `), only);
      t.deepEqual(others, []);
    }
  }
});
