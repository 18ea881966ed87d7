import test, {type ExecutionContext} from 'ava';
import type {Command} from 'commander';
import {addressCommand} from '../../src/cli/address.ts';
import {blackoutCommand} from '../../src/cli/blackout.ts';
import {blockCommand} from '../../src/cli/block.ts';
import {createClient} from '../../src/cli/client.ts';
import {explainCommand} from '../../src/cli/explain.ts';
import {hostCommand} from '../../src/cli/host.ts';
import {networkCommand} from '../../src/cli/network.ts';
import type {CliParts} from '../../src/cli/parts.ts';
import {segmentCommand} from '../../src/cli/segment.ts';
import {tenantCommand} from '../../src/cli/tenant.ts';
import {topologyCommand} from '../../src/cli/topology.ts';
import {vipCommand} from '../../src/cli/vip.ts';
import {startSystem} from '../helpers/ipam.ts';
import {runNoun} from './in-process.ts';
import {romana} from './romana.ts';

const nouns: Readonly<Record<string, (parts: CliParts) => Command>> = {
  address: addressCommand,
  blackout: blackoutCommand,
  block: blockCommand,
  explain: explainCommand,
  host: hostCommand,
  network: networkCommand,
  segment: segmentCommand,
  tenant: tenantCommand,
  topology: topologyCommand,
  vip: vipCommand,
};

const racks = ['rack-1', 'rack-2'].map(name => ({name, assignment: {rack: name}, groups: []}));
const topology = {
  networks: [
    {name: 'net1', cidr: '10.1.0.0/16', block_mask: 29},
    {name: 'net6', cidr: '2001:db8::/48', block_mask: 122, tenants: ['t6']},
  ],
  topologies: [{networks: ['net1', 'net6'], map: [{name: 'zone-A', groups: racks}]}],
};

/** A real daemon on a real etcd, and a command line that talks to it. */
async function startCli(t: ExecutionContext) {
  const {daemon} = await startSystem(t, {topology});
  const client = createClient(daemon.url, undefined);
  // "_" stands for a blank inside of a word.
  const run = (line: string, format: 'table' | 'json' = 'table') => {
    const [noun = '', ...args] = line.split(' ').map(word => word.replaceAll('_', ' '));
    const command = nouns[noun];
    if (command === undefined) throw new Error(`no noun ${noun}`);
    return runNoun(command, args, {answers: client, format});
  };
  return {
    daemon,
    run,
    /** What a command that must not fail prints. */
    async print(line: string, format: 'table' | 'json' = 'table') {
      const {stdout, stderr, error} = await run(line, format);
      t.deepEqual([stderr, error], ['', undefined], line);
      return stdout;
    },
  };
}

test('hosts, addresses, blocks and networks of a real daemon, from the first host to the last address', async t => {
  const {print} = await startCli(t);
  t.is(await print('host add host-1 192.168.20.1 --tag rack=rack-1'), 'Host (host-1) added successfully.\n');
  await print('host add host-2 192.168.20.2 --tag rack=rack-2');
  t.is(await print('address allocate web-1 --host host-1 --tenant t1 --segment s1'), '10.1.0.0\n');
  t.is(await print('address allocate web-2 --host host-1 --tenant t1 --segment s1'), '10.1.0.1\n');
  t.is(await print('address allocate db/1:x --host host-2 --tenant t6'), '10.1.128.0\n');
  t.is(await print('address allocate db/1:x --host host-2 --tenant t6 --family ipv6'), '2001:db8:0:8000::\n');

  t.is(
    withoutRevisions(await print('network list')),
    `Network List
Network Name  Network CIDR   Revision  Blocks used/free    Addresses used/free
net1          10.1.0.0/16    N         #....... 2/8,190    #....... 3/65,533
net6          2001:db8::/48  N         #....... 1/1.88e22  #....... 1/1.20e24
`,
  );
  t.is(
    await print('topology show'),
    `Networks
Name  CIDR           Tenants  Blocks used/free    Addresses used/free
net1  10.1.0.0/16    *        #....... 2/8,190    #....... 3/65,533
net6  2001:db8::/48  t6       #....... 1/1.88e22  #....... 1/1.20e24

Topology for Network/s: [net1]
Name      CIDR           Nodes  Blocks used/free  Addresses used/free
zone-A    10.1.0.0/16    2      #....... 2/8,190  #....... 3/65,533
  rack-1  10.1.0.0/17    1      #....... 1/4,095  #....... 2/32,766
      host-1(192.168.20.1)
  rack-2  10.1.128.0/17  1      #....... 1/4,095  #....... 1/32,767
      host-2(192.168.20.2)

Topology for Network/s: [net6]
Name      CIDR                  Nodes  Blocks used/free    Addresses used/free
zone-A    2001:db8::/48         2      #....... 1/1.88e22  #....... 1/1.20e24
  rack-1  2001:db8::/49         1      ........ 0/9.44e21  ........ 0/6.04e23
      host-1(192.168.20.1)
  rack-2  2001:db8:0:8000::/49  1      #....... 1/9.44e21  #....... 1/6.04e23
      host-2(192.168.20.2)
`,
  );
  t.is(
    await print('host list'),
    `Host List
Host IP       Host Name  Tags         Groups         Blocks  Addresses  State
192.168.20.1  host-1     rack=rack-1  zone-A/rack-1  1       2          in use
192.168.20.2  host-2     rack=rack-2  zone-A/rack-2  2       2          in use
`,
  );
  t.regex(await print('host show host-1'), /^Host host-1\n.*Blocks +1\n {2}Addresses +#####\.+ +25 % {2}2 used, 6 free in its blocks\n$/s);
  t.regex(await print('block list --tenant t1'), /^Block List\n.*\n10\.1\.0\.0\/29 +host-1 +\d+ +t1 +s1 +2\n$/);
  t.regex(await print('block show 10.1.0.0/29'), /^Block 10\.1\.0\.0\/29\n.*10\.1\.0\.0 +web-1 .*\n10\.1\.0\.1 +web-2 .*\n$/s);
  t.is(JSON.parse(await print('address list --host host-2', 'json')).length, 2);
  t.regex(await print('address show db/1:x'), /^Address 10\.1\.128\.0\n.*\n\nAddress 2001:db8:0:8000::\n {2}Name +db\/1:x\n/s);
  t.regex(await print('address show 2001:db8:0:8000:0:0:0:0'), /^Address 2001:db8:0:8000::\n/);
  t.is(await print('address release db/1:x web-2'), 'Address (db/1:x) released successfully.\nAddress (web-2) released successfully.\n');
  t.is(await print('host remove 192.168.20.1 host-2'), 'Host (host-1) removed successfully.\nHost (host-2) removed successfully.\n');
  t.is(await print('address list'), 'Address List\nIP  Name  Host  Tenant  Segment  Block  Network\n');
});

test('an address is explained, in use or not', async t => {
  const {print, run} = await startCli(t);
  await print('host add host-1 192.168.20.1 --tag rack=rack-1');
  await print('address allocate web-1 --host host-1 --tenant shop --segment web');
  const text = await print('explain 10.1.0.0 10.1.0.1');
  const [used = '', unused = ''] = text.split('\n\n');
  for (const word of ['web-1', 'shop', 'web', '10.1.0.0/29', 'host-1', 'zone-A/rack-1']) t.true(used.includes(word), `${word} in ${used}`);
  t.false(unused.includes('web-1'), unused);
  t.true(unused.includes('10.1.0.0/29'), unused);
  t.deepEqual(
    text.split('\n').filter(line => line.length > 100),
    [],
  );
  const json = JSON.parse(await print('explain 10.1.0.0', 'json'));
  t.is(json.text.join(' ').replaceAll(/\s+/g, ' '), used.replaceAll(/\s+/g, ' '));
  t.regex((await run('explain 10.1.0')).error ?? '', /10\.1\.0.*\(422\)$/);
});

test('names that look like paths are shown and released as they are', async t => {
  const {print, run} = await startCli(t);
  await print('host add host-1 192.168.20.1 --tag rack=rack-1');
  for (const name of ['a/../b', '/x/', 'x//y', '..', 'a/.', 'b']) {
    const ip = (await print(`address allocate ${name} --host host-1`)).trim();
    if (name !== '..') t.regex(await print(`address show ${name}`), new RegExp(`^Address ${ip}\\n {2}Name +${name}\\n`));
    t.is(JSON.parse(await print(`address show ${ip}`, 'json'))[0].name, name);
  }
  t.regex((await run('address show ..')).error ?? '', /no URL can hold it$/);
  await print('address release a/../b /x/ x//y .. a/.');
  t.deepEqual(
    JSON.parse(await print('address list', 'json')).map(({name}: {name: string}) => name),
    ['b'],
  );
  t.regex((await run('host remove ../addresses')).error ?? '', /\.\.\/addresses.*\(404\)$/);
});

test('hosts with odd names are shown, tagged, filtered by and removed', async t => {
  const {print} = await startCli(t);
  const name = 'a_b/c?d#e%20f&g=h+i:ä';
  const shown = name.replaceAll('_', ' ');
  t.is(await print(`host add ${name} 192.168.20.1 --tag rack=rack-1`), `Host (${shown}) added successfully.\n`);
  await print(`host tag ${name} role=x`);
  await print(`address allocate a --host ${name}`);
  const text = await print(`host show ${name}`);
  t.true(text.startsWith(`Host ${shown}\n`), text);
  t.regex(text, /^ {2}Tags +(rack=rack-1,role=x|role=x,rack=rack-1)$/m);
  t.is(JSON.parse(await print(`block list --host ${name}`, 'json')).blocks.length, 1);
  t.is(JSON.parse(await print(`address list --host ${name}`, 'json')).length, 1);
  t.is(await print(`host drain --no-wait ${name}`), `Host (${shown}) drained successfully.\n`);
  t.is(await print(`host remove ${name}`), `Host (${shown}) removed successfully.\n`);
});

test('what is blacked out is neither used nor free, and is listed by value', async t => {
  const {print, run} = await startCli(t);
  await print('host add host-1 192.168.20.1 --tag rack=rack-1');
  t.is(await print('blackout list'), 'Blackout List\nCIDR  Network  Addresses\n');
  t.is(
    await print('blackout add 2001:db8::/49 10.1.0.0/30 10.1.128.0/17 10.1.0.9/29'),
    '2001:db8::/49 10.1.0.0/30 10.1.128.0/17 10.1.0.9/29'.replaceAll(/(\S+) ?/g, 'Blackout ($1) added successfully.\n'),
  );
  t.is(
    await print('blackout list'),
    `Blackout List
CIDR           Network  Addresses
10.1.0.0/30    net1     4
10.1.0.8/29    net1     8
10.1.128.0/17  net1     32,768
2001:db8::/49  net6     6.04e23
`,
  );
  t.is(await print('address allocate a --host host-1'), '10.1.0.4\n');
  t.regex(await print('network show net1'), /Blocks +#\.+ +<1 % {2}1 used, 4,094 free, 4,097 blacked out\n/);
  t.regex(await print('network show net1'), /Addresses +#\.+ +<1 % {2}1 used, 32,755 free, 32,780 blacked out\n/);
  t.regex(await print('block show 10.1.0.0/29'), /Addresses +#####\.+ +25 % {2}1 used, 3 free, 4 blacked out\n/);

  const used = await run('blackout add 10.1.0.4/31 10.1.1.0/24');
  t.is(used.stdout, 'Blackout (10.1.1.0/24) added successfully.\n');
  t.regex(used.stderr, /^romana: POST http\S+\/blackouts: .*already allocated.* \(409\)\n$/);
  t.is(used.error, '1 of 2 failed');
  t.is(await print('blackout remove 10.1.128.0/17'), 'Blackout (10.1.128.0/17) removed successfully.\n');
  t.regex((await run('blackout remove 10.1.128.0/17')).error ?? '', /\(404\)$/);
  t.regex((await run('blackout add nonsense')).error ?? '', /nonsense.*\(422\)$/);
  t.deepEqual(
    JSON.parse(await print('blackout list', 'json')).map(({cidr}: {cidr: string}) => cidr),
    ['10.1.0.0/30', '10.1.0.8/29', '10.1.1.0/24', '2001:db8::/49'],
  );
});

test('a host with a prefix of its own', async t => {
  const {print, run} = await startCli(t);
  t.is(await print('host add host-1 192.168.20.1 10.1.5.0/24 --tag rack=rack-1'), 'Host (host-1) added successfully.\n');
  t.is(await print('address allocate a --host host-1'), '10.1.5.0\n');
  t.regex(await print('host show host-1'), /^ {2}Own prefix {2}10\.1\.5\.0\/24\n +#\.+ +<1 % {2}1 used, 255 free\n/m);
  t.regex(await print('host list'), / zone-A\/rack-1 \(10\.1\.5\.0\/24\) /);
  t.regex((await run('host add host-2 192.168.20.2 10.1.5.128/25 --tag rack=rack-1')).error ?? '', /\(409\)$/);
  t.regex((await run('host add host-2 192.168.20.2 10.1.5.0 --tag rack=rack-1')).error ?? '', /10\.1\.5\.0.*\(422\)$/);
});

test('VIPs are added, replaced, shown, explained and removed', async t => {
  const {print, run} = await startCli(t);
  await print('host add host-1 192.168.20.1 --tag rack=rack-1');
  t.is(await print('vip add prod/db 10.1.0.0 --host host-1'), 'VIP (prod/db) added successfully.\n');
  t.is(await print('vip add web 2001:db8:9::1'), 'VIP (web) added successfully.\n');
  t.is(
    await print('vip list'),
    `VIP List
VIP Name  IP             Holder  Since  Hosts
prod/db   10.1.0.0       -       -      host-1
web       2001:db8:9::1  -       -      any
`,
  );
  t.is(await print('address allocate a --host host-1'), '10.1.0.1\n');
  t.regex(await print('explain 10.1.0.0'), /^10\.1\.0\.0 is VIP prod\/db, which no host holds\.\nOnly host-1 may hold it\.\n/);
  t.regex((await run('vip add web 10.1.0.1')).error ?? '', /it is the address of a on host host-1\. \(409\)$/);
  t.regex((await run('vip add web 10.1.0.9 --host zz')).error ?? '', /zz.*\(404\)$/);
  t.regex((await run('vip add web nonsense')).error ?? '', /nonsense.*\(422\)$/);
  t.is(await print('vip add prod/db 192.168.20.100'), 'VIP (prod/db) replaced successfully (before: 10.1.0.0, hosts: host-1).\n');
  t.deepEqual(JSON.parse(await print('vip show prod/db', 'json')), {name: 'prod/db', ip: '192.168.20.100', hosts: [], holder: ''});
  t.is(await print('vip remove prod/db web'), 'VIP (prod/db) removed successfully.\nVIP (web) removed successfully.\n');
  t.regex((await run('vip remove web')).error ?? '', /A VIP named "web" does not exist\. \(404\)$/);
  t.deepEqual(JSON.parse(await print('vip list', 'json')), []);
});

test('tenants and segments are made known, shown with what they hold, and forgotten', async t => {
  const {print, run} = await startCli(t);
  await print('host add host-1 192.168.20.1 --tag rack=rack-1');
  t.is(
    await print('tenant create shop t6 Bank-1.x'),
    ['shop', 't6', 'Bank-1.x'].map(name => `Tenant (${name}) created successfully.\n`).join(''),
  );
  t.is(
    await print('segment add shop web db'),
    'Segment (web) of tenant (shop) added successfully.\nSegment (db) of tenant (shop) added successfully.\n',
  );
  await print('address allocate a --host host-1 --tenant shop --segment web');
  await print('address allocate b --host host-1 --tenant shop --segment other');
  t.is(
    await print('tenant list'),
    'Tenant List\nTenant Name  Blocks  Addresses\nBank-1.x     0       0\nshop         2       2\nt6           0       0\n',
  );
  t.is(
    await print('segment list shop'),
    'Segment List of Tenant shop\nSegment Name  Blocks  Addresses\ndb            0       0\nweb           1       1\n',
  );
  t.is(
    await print('tenant show t6 shop'),
    `Tenant t6
  Segments   -
  Networks   net6, net1
  Blocks     0
  Addresses  0

Tenant shop
  Segments   db, web
  Networks   net1
  Blocks     2
  Addresses  2
`,
  );
  t.is(await print('segment show shop web'), 'Segment web\n  Tenant     shop\n  Hosts      host-1\n  Blocks     1\n  Addresses  1\n');

  const again = await run('tenant create shop new');
  t.is(again.stdout, 'Tenant (new) created successfully.\n');
  t.regex(again.stderr, /^romana: POST http\S+\/tenants: .*shop.* \(409\)\n$/);
  t.is(again.error, '1 of 2 failed');
  t.regex((await run('tenant delete shop')).error ?? '', /\(409\)$/);
  t.regex((await run('segment remove shop web')).error ?? '', /\(409\)$/);
  t.regex((await run('segment list nobody')).error ?? '', /nobody.*\(404\)$/);
  t.regex((await run('tenant create a/b')).error ?? '', /a\/b.*\(422\)$/);
  await print('address release a b');
  t.is(await print('segment remove shop web'), 'Segment (web) of tenant (shop) removed successfully.\n');
  t.is(await print('tenant delete shop new'), 'Tenant (shop) deleted successfully.\nTenant (new) deleted successfully.\n');
  t.deepEqual(JSON.parse(await print('tenant list', 'json')), [{name: 'Bank-1.x'}, {name: 't6'}]);
});

test('a topology is tried before it is taken', async t => {
  const {daemon} = await startCli(t);
  const update = (document: unknown, ...flags: string[]) =>
    romana(['-r', daemon.url, 'topology', 'update', ...flags], {input: JSON.stringify(document)});
  await daemon.post('/hosts', {name: 'host-1', ip: '192.168.20.1', tags: {rack: 'rack-1'}});
  await daemon.allocate('a', 'host-1');
  const grown = {...topology, networks: [...topology.networks, {name: 'net2', cidr: '10.2.0.0/16'}]};
  t.deepEqual(await update(grown, '--dry-run'), {
    status: 0,
    stdout: `The topology fits. Nothing has been changed.
Networks added:
  net2 (10.2.0.0/16): blocks of /29; any tenant; no groups, so no addresses
`,
    stderr: '',
  });
  t.is((await daemon.get('/networks')).body.length, 2);

  const other = {...topology, networks: topology.networks.map(network => ({...network, cidr: network.cidr.replace('10.1.', '10.3.')}))};
  const refused = await update(other, '--dry-run');
  t.is(refused.status, 1);
  t.regex(refused.stdout, /^The topology does not fit:\n {2}.*10\.1\.0\.0.*\n/);
  t.is(refused.stderr, 'romana: the topology in standard input does not fit\n');
  t.is((await update(other)).status, 1);
  t.deepEqual(await update(grown), {status: 0, stdout: 'Topology updated successfully.\n', stderr: ''});
  t.is((await daemon.get('/networks')).body.length, 3);
  t.is((await update(grown, '--dry-run')).stdout, 'The topology fits. Nothing has been changed.\nNothing would change.\n');
});

/** The column's width stays, whatever the store's revision is. */
function withoutRevisions(text: string): string {
  return text.replaceAll(/^(net\d +\S+ +)(\d+)/gm, (_, before, revision) => before + 'N'.padEnd(revision.length));
}
