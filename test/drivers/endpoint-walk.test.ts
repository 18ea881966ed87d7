import {desiredBlockRoutes} from '../../src/core/desired-block-routes.ts';
import {desiredEndpointAddresses} from '../../src/core/desired-endpoint-addresses.ts';
import {desiredEndpointPairs} from '../../src/core/desired-endpoint-pairs.ts';
import {desiredEndpointPorts} from '../../src/core/desired-endpoint-ports.ts';
import {desiredEndpointRoutes} from '../../src/core/desired-endpoint-routes.ts';
import type {Endpoint, EndpointFacts} from '../../src/core/endpoint.ts';
import type {NodeState} from '../../src/core/node-state.ts';
import {parseAddress} from '../../src/core/prefix.ts';
import {createBlockRoutes} from '../../src/drivers/block-routes.ts';
import {createEndpointAddresses} from '../../src/drivers/endpoint-addresses.ts';
import {createEndpointPairs} from '../../src/drivers/endpoint-pairs.ts';
import {createEndpointPorts} from '../../src/drivers/endpoint-ports.ts';
import {createEndpointRoutes} from '../../src/drivers/endpoint-routes.ts';
import {createReadKernel, mainRoutesOf} from '../../src/drivers/kernel.ts';
import {reconcile} from '../../src/reconcile/reconcile.ts';
import {type Step, step} from '../../src/reconcile/step.ts';
import {readNamespaceId} from '../../src/system/network-namespaces.ts';
import {createNamespace, type Namespace, namespaceTest} from '../helpers/namespace.ts';
import {nodeState} from '../helpers/node-state.ts';
import {createRandom, seed} from '../helpers/random.ts';
import {createDriverHost, type DriverHost, lines} from './host.ts';

// A walk between sets of endpoints, with others meddling on the way. SEED=… in the environment walks it again.

const test = namespaceTest();
const walkSteps = 20;

const handles = {
  web: 'romaaaaaaaaaaa',
  db: 'rombbbbbbbbbbb',
  vm: 'romccccccccccc',
  box: 'romddddddddddd',
  dns: 'romeeeeeeeeeee',
  ntp: 'romfffffffffff',
};
type Name = keyof typeof handles;

const stateNames = ['none', 'one of each', 'IPv4 alone', 'IPv6 alone', 'addresses change hands'] as const;

/** "name ips": what is wanted. */
const states: Readonly<Record<(typeof stateNames)[number], readonly (readonly [Name, string])[]>> = {
  none: [],
  'one of each': [
    ['web', '10.1.0.1 fd00::401'],
    ['vm', '10.1.0.3 fd00::403'],
    ['dns', '10.1.0.4 fd00::404'],
  ],
  'IPv4 alone': [
    ['web', '10.1.0.1'],
    ['db', '10.1.0.2'],
    ['vm', '10.1.0.3'],
  ],
  'IPv6 alone': [
    ['db', 'fd00::402'],
    ['box', 'fd00::405'],
    ['ntp', 'fd00::406'],
  ],
  'addresses change hands': [
    ['web', '10.1.0.3 fd00::403'],
    ['box', '10.1.0.1'],
    ['dns', '10.1.0.2'],
    ['vm', 'fd00::404'],
  ],
};

const meddling = [
  'route flush table main proto 144',
  '-6 route flush table main proto 144',
  'route del 10.1.0.1/32 proto 144',
  'route replace blackhole 10.1.0.1/32 proto 144',
  'route replace 10.1.0.3/32 via 192.168.20.1 proto 144',
  'route add 10.1.0.77/32 dev eth0 proto 144',
  '-6 route replace fd00::401/128 via 2001:db8::1 dev eth0 proto 144 metric 1024',
  '-6 route add unreachable fd00::477/128 proto 144',
  'link del romaaaaaaaaaaa',
  'link set rombbbbbbbbbbb down',
  'link set romaaaaaaaaaaa mtu 1300',
  'link set tap-vm down',
  'link property del dev tap-vm altname romccccccccccc',
  'link property add dev tap-box altname rom00000000000',
  'link add rom99999999999 group 144 type veth peer name stray',
  'address del fe80::1/64 dev tap-box',
  'address del 10.1.0.4/32 dev lo',
  'address add 10.1.0.78/32 dev lo metric 1145',
  'address add fd00::478/128 dev lo metric 1145 nodad',
] as const;

const foreignObjects = [
  'link add tap9 type veth peer name f9',
  'link property add dev tap9 altname tap9-of-mine',
  'link add rom12345678901 type veth peer name f8',
  'link set tap9 up',
  'address add fe80::1/64 dev tap9 nodad',
  'address add 10.1.0.9/32 dev lo',
  'address add fd00::409/128 dev lo nodad',
  'route add 10.1.0.10/32 dev tap9 proto static',
  '-6 route add fd00::40a/128 dev tap9 proto bird',
  'route add 10.1.0.1/32 dev tap9 metric 50',
];

test(`every walk between sets of endpoints ends in the wanted one, and what is not ours survives (SEED=${seed})`, async t => {
  const host = await createDriverHost(t, 'ewalk');
  const workloads = {web: await createNamespace(t, 'web'), db: await createNamespace(t, 'db')};
  for (const dev of ['tap-vm', 'tap-box']) {
    await host
      .ip(`link add ${dev} addrgenmode none type veth peer name far-${dev}`)
      .catch(() => host.ip(`link add ${dev} type veth peer name far-${dev}`));
    await host.ip(`link set far-${dev} up`);
  }
  for (const line of foreignObjects) await host.ip(line);
  const foreign = await foreignOf(host);
  const random = createRandom(seed);
  const readKernel = createReadKernel(host.run);
  const steps: ReadonlyArray<Step<NodeState>> = [
    step(createEndpointPairs(host.run, readKernel), desiredEndpointPairs),
    step(createEndpointPorts(host.run, readKernel), desiredEndpointPorts),
    step(createEndpointRoutes(host.run, readKernel), desiredEndpointRoutes),
    step(createEndpointAddresses(host.run, readKernel), desiredEndpointAddresses),
    step(createBlockRoutes(host.run, readKernel), desiredBlockRoutes),
  ];
  const pass = async (name: keyof typeof states) => {
    const endpoints = await factsOf(name, workloads);
    const node = nodeState({addresses: ['192.168.20.30/24', '2001:db8::30/64'], blocks: ['10.1.0.0/29', 'fd00::400/122']});
    const kernel = readKernel();
    return reconcile(
      steps,
      kernel.then(known => ({...node, endpoints, mainRoutes: mainRoutesOf(known), interfaces: known.interfaces})),
    );
  };

  const path: string[] = [];
  for (let index = 0; index < walkSteps; index += 1) {
    const name = random.pick(stateNames);
    path.push(name);
    for (let count = random.between(0, 3); count > 0; count -= 1) {
      const line = random.pick(meddling);
      path.push(`(${line})`);
      await host.ip(line).catch(() => '');
    }
    const where = `after ${path.join(', ')}`;
    const failed = (await pass(name)).filter(({error}) => error !== undefined);
    t.deepEqual(failed, [], where);
    t.deepEqual(await oursOf(host, workloads), wantedOf(name), where);
    t.deepEqual(await foreignOf(host), foreign, where);
    host.changes.length = 0;
    await pass(name);
    t.deepEqual(host.changes, [], `a second pass changes nothing ${where}`);
  }
});

async function factsOf(state: keyof typeof states, workloads: Readonly<Record<'web' | 'db', Namespace>>): Promise<EndpointFacts> {
  const paths = {web: `/run/netns/${workloads.web.name}`, db: `/run/netns/${workloads.db.name}`};
  const wanted = states[state].map(([name, ips]): Endpoint => {
    const own = {name, ips: ips.split(' ').map(parseAddress), handle: handles[name]};
    if (name === 'web' || name === 'db') return {...own, attachment: {kind: 'netns', netns: paths[name], ifname: 'eth0'}};
    if (name === 'vm' || name === 'box') return {...own, attachment: {kind: 'interface', dev: `tap-${name}`}};
    return {...own, attachment: {kind: 'local'}};
  });
  const ids = await Promise.all(Object.values(paths).map(async file => [file, (await readNamespaceId(file)) ?? ''] as const));
  return {wanted, namespaces: new Map(ids), gateways: {ipv4: parseAddress('169.254.1.1'), ipv6: parseAddress('fe80::1')}};
}

/** "device: what it has", "address: where it is", "route". */
function wantedOf(state: keyof typeof states): string[] {
  const endpoints = states[state];
  const deviceOf = (name: Name) =>
    name === 'web' || name === 'db' ? handles[name] : name === 'vm' || name === 'box' ? `tap-${name}` : undefined;
  const devices = endpoints.flatMap(([name, ips]) => {
    const dev = deviceOf(name);
    if (dev === undefined) return [];
    const arp = /\d\.\d/.test(ips) ? ' arp' : '';
    return [`${dev}: ${handles[name]} up strict${arp}${ips.includes(':') ? ' fe80::1' : ''}`];
  });
  const rest = endpoints.flatMap(([name, ips]) =>
    ips.split(' ').map(ip => (deviceOf(name) === undefined ? `lo ${ip}` : `${ip} dev ${deviceOf(name)}`)),
  );
  const hasIpv4 = endpoints.some(([name, ips]) => deviceOf(name) !== undefined && ips.includes('.'));
  const blocks = ['unreachable 10.1.0.0/29', 'unreachable fd00::400/122'];
  const inside = endpoints.flatMap(([name, ips]) => (name === 'web' || name === 'db' ? [`${name}: ${ips}`] : []));
  return [...devices, ...inside, ...rest, ...(hasIpv4 ? ['169.254.1.1 dev eth0'] : []), ...blocks].toSorted();
}

async function oursOf({ip, namespace}: DriverHost, workloads: Readonly<Record<'web' | 'db', Namespace>>): Promise<string[]> {
  const routes = await Promise.all(['-4', '-6'].map(family => ip(`${family} route show table main proto 144`)));
  const {interfaces} = await createReadKernel(namespace.run)();
  const devices = await Promise.all(
    interfaces.map(async ({name, isEnabled, altNames, group, addresses}) => {
      const isOwn = group === '144';
      const handle = isOwn ? name : altNames.filter(each => each.startsWith('rom')).join();
      if (handle === '') return [];
      const read = async (setting: string) => (await namespace.run('cat', [`/proc/sys/net/ipv4/conf/${name}/${setting}`])).trim();
      const words = [
        handle,
        ...(isEnabled ? ['up'] : []),
        ...((await read('rp_filter')) === '1' ? ['strict'] : []),
        ...((await read('proxy_arp')) === '1' ? ['arp'] : []),
        ...addresses.filter(({metric}) => metric === 1145).map(({address}) => address),
      ];
      return [`${name}: ${words.join(' ')}`];
    }),
  );
  const inside = await Promise.all(
    Object.entries(workloads).map(async ([name, workload]) => {
      const eth0 = (await createReadKernel(workload.run)()).interfaces.find(each => each.name === 'eth0');
      const ips = eth0?.addresses.filter(({address}) => !address.startsWith('fe80:')).map(({address}) => address);
      return ips === undefined ? [] : [`${name}: ${ips.join(' ')}`];
    }),
  );
  const local = interfaces.filter(({name}) => name === 'lo').flatMap(({addresses}) => addresses.filter(({metric}) => metric === 1145));
  return [
    ...lines(routes.join('\n')).map(line => line.replace(/ (scope|src|metric|linkdown).*$/, '').replace(/(unreachable \S+) dev lo$/, '$1')),
    ...devices.flat(),
    ...inside.flat(),
    ...local.map(({address}) => `lo ${address}`),
  ].toSorted();
}

async function foreignOf({ip}: DriverHost): Promise<string[]> {
  const outputs = await Promise.all(['-4 route show table all', '-6 route show table all'].map(ip));
  const routes = lines(outputs.join('\n')).filter(line => !/proto (144|kernel)/.test(line));
  const devices = await Promise.all(['tap9', 'rom12345678901', 'eth0'].map(dev => ip(`-details address show ${dev}`)));
  const lo = lines(await ip('address show lo')).filter(line => line.startsWith('inet') && !line.includes('metric'));
  return [...routes, ...lines(devices.join('\n').replaceAll(/(valid|preferred)_lft \S+| tentative/g, '')), ...lo];
}
