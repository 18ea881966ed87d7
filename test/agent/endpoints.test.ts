import {namespaceTest} from '../helpers/namespace.ts';
import {createEndpointHost, createMachine, createNamespace, reach} from './endpoint-host.ts';

// The real agent with workloads of every kind, and packets between them.

const test = namespaceTest();

test('workloads of every kind reach each other and the neighbour, in both families', async t => {
  const host = await createEndpointHost(t, 'kinds');
  const web = await createNamespace(t, 'web');
  const db = await createNamespace(t, 'db');
  const vm = await createMachine(t, host, 'tap3', ['10.1.0.3/32', 'fd00::403/128']);

  t.regex(
    await host.add('web-1', '--ip', '10.1.0.1', '--ip', 'fd00::401', '--netns', web.name),
    /^Endpoint \(web-1\) added: 10\.1\.0\.1, fd00::401 by rom[0-9a-f]{11}, but 10\.1\.0\.1 is not allocated/,
  );
  await host.add('shop/db:1', '--ip', '10.1.0.2', '--ip', 'fd00::402', '--netns', `/run/netns/${db.name}`, '--ifname', 'net0');
  await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3');
  await host.add('dns', '--ip', '10.1.0.4', '--ip', 'fd00::404', '--local');

  const ips = {
    web: ['10.1.0.1', 'fd00::401'],
    db: ['10.1.0.2', 'fd00::402'],
    vm: ['10.1.0.3', 'fd00::403'],
    dns: ['10.1.0.4', 'fd00::404'],
  };
  for (const [name, from] of Object.entries({web, db, vm, host: host.namespace, far: host.far})) {
    for (const [other, addresses] of Object.entries(ips)) {
      if (other === name) continue;
      for (const ip of addresses) await t.notThrowsAsync(reach(from, ip), `${name} to ${ip}`);
    }
  }
  for (const from of [web, db, vm]) for (const ip of ['192.168.20.1', '2001:db8::1']) await reach(from, ip);
  t.log((await host.romana('endpoint', 'list')).stdout);
  t.log((await host.romana('agent', 'status')).stdout);
  t.log(await host.ip('route show'));
  t.log(await host.ip('-6 route show'));
});
