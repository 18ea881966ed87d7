import {readFile, writeFile} from 'node:fs/promises';
import {request} from 'node:http';
import path from 'node:path';
import {createNamespace, namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import {createAgentHost} from './agent-host.ts';
import {createEndpointHost, createMachine, reach} from './endpoint-host.ts';

// What the local API refuses, with which status and sentence; and what it does not do until it may.

const test = namespaceTest();

/** Sends the agent a request; gives the status and the body. */
function ask(folder: string, method: string, url: string, body?: unknown): Promise<{status: number; body: Record<string, unknown>}> {
  return new Promise((resolve, reject) => {
    const call = request({socketPath: path.join(folder, 'run/agent.sock'), method, path: url}, response => {
      let text = '';
      response.on('data', chunk => {
        text += String(chunk);
      });
      response.on('end', () => resolve({status: response.statusCode ?? 0, body: JSON.parse(text)}));
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

test('what does not go with the store, the host or other endpoints is refused, and changes nothing', async t => {
  const host = await createEndpointHost(t, 'refuse');
  const web = await createNamespace(t, 'web');
  await createMachine(t, host, 'tap3', ['10.1.0.3/32']);
  await createMachine(t, host, 'tap4', ['10.1.0.4/32']);
  for (const line of [
    'link add br0 type bridge',
    'link add v0 type veth peer name v1',
    'link set v0 master br0',
    'link set tap4 up',
    'route add 10.1.0.6/32 dev tap4 proto static',
  ]) {
    await host.ip(line);
  }
  await host.allocate('10.1.0.2', 'host-2');
  await host.allocate('10.1.0.1');
  await host.add('vm', '--ip', '10.1.0.3', '--interface', 'tap3');
  await host.add('web-1', '--ip', '10.1.0.1', '--netns', web.name);
  await waitFor('the store is known', async () => (await host.stateOf('web-1')) === 'ok');
  const file = path.join(host.folder, 'state/endpoints.json');
  const before = [await readFile(file, 'utf8'), await host.ip('route'), await host.ip('-details link')];

  const ownNamespace = '/proc/self/ns/net';
  const cases: ReadonlyArray<readonly [status: number, details: RegExp, name: string, body: unknown]> = [
    [400, /^The body is not JSON/, 'x', '{'],
    [400, /^Field ips is required\.$/, 'x', {local: true}],
    [400, /^Unknown field "colour" in the body\.$/, 'x', {ips: ['10.1.0.5'], local: true, colour: 'red'}],
    [400, /^Field ips\.0: expected an IP address\.$/, 'x', {ips: ['10.1.0'], local: true}],
    [400, /^Exactly one of the fields interface, netns and local is required\.$/, 'x', {ips: ['10.1.0.5']}],
    [422, /^The name "a b" is not valid/, 'a%20b', {ips: ['10.1.0.5'], local: true}],
    [409, /^There is an endpoint vm already, and it is another one: remove that first\.$/, 'vm', {ips: ['10.1.0.5'], interface: 'tap3'}],
    [409, /^There is an endpoint vm already/, 'vm', {ips: ['10.1.0.3'], interface: 'tap3', mtu: 1400}],
    [409, /^10\.1\.0\.3 is in use here already, by endpoint vm\.$/, 'x', {ips: ['10.1.0.3'], local: true}],
    [409, /^Interface tap3 is in use already, by endpoint vm\.$/, 'x', {ips: ['10.1.0.5'], interface: 'tap3'}],
    [409, /^Network namespace \S+ is in use already, by endpoint web-1\.$/, 'x', {ips: ['10.1.0.5'], netns: web.name, ifname: 'eth1'}],
    [422, /^There is no interface tap9 on this host\.$/, 'x', {ips: ['10.1.0.5'], interface: 'tap9'}],
    [422, /^Interface v0 is a part of br0/, 'x', {ips: ['10.1.0.5'], interface: 'v0'}],
    [422, /^Interface eth0 joins this host to its network/, 'x', {ips: ['10.1.0.5'], interface: 'eth0'}],
    [422, /^There is no network namespace at \/run\/netns\/not-there\.$/, 'x', {ips: ['10.1.0.5'], netns: 'not-there'}],
    [422, /^There is no network namespace at \/etc\/hostname\.$/, 'x', {ips: ['10.1.0.5'], netns: '/etc/hostname'}],
    [
      422,
      /^Network namespace \S+ is that of this host itself: what runs in it is a local endpoint\.$/,
      'x',
      {ips: ['10.1.0.5'], netns: ownNamespace},
    ],
    [409, /^There is a route to 10\.1\.0\.6 already \(dev tap4\), which is of another program\.$/, 'x', {ips: ['10.1.0.6'], local: true}],
  ];
  for (const [status, details, name, body] of cases) {
    const answer = await ask(host.folder, 'PUT', `/endpoints/${name}`, body);
    t.is(answer.status, status, JSON.stringify([body, answer.body]));
    t.is(answer.body['status_code'], status);
    t.regex(String(answer.body['details']), details);
  }
  t.like(await ask(host.folder, 'DELETE', '/endpoints/x'), {status: 404, body: {resource_type: 'endpoint', resource_id: 'x'}});

  for (const [ip, reason] of [
    [
      '10.1.0.9',
      /^10\.1\.0\.9 is not for a workload of this host: it lies in 10\.1\.0\.8\/29, a block of host-2\. .* romana address allocate x --host host-1$/,
    ],
    ['10.2.0.1', /it lies in no block of host-1/],
  ] as const) {
    const answer = await ask(host.folder, 'PUT', '/endpoints/x', {ips: [ip], local: true});
    t.is(answer.status, 409);
    t.regex(String(answer.body['details']), reason);
  }
  const another = await ask(host.folder, 'PUT', '/endpoints/x', {ips: ['192.168.20.31'], local: true});
  t.regex(String(another.body['details']), /^192\.168\.20\.31 is not for a workload of this host: it is an address of host host-2\./);
  const given = await ask(host.folder, 'PUT', '/endpoints/x', {ips: ['10.1.0.2'], local: true});
  t.regex(String(given.body['details']), /it is given to host-2, as name-of-10\.1\.0\.2/);

  t.deepEqual([await readFile(file, 'utf8'), await host.ip('route'), await host.ip('-details link')], before);
});

test('the command line says what was refused, and may be repeated', async t => {
  const host = await createEndpointHost(t, 'repeat');
  await createMachine(t, host, 'tap3', ['10.1.0.3/32']);
  const add = ['endpoint', 'add', 'vm', '--ip', '10.1.0.3', '--interface', 'tap3'];
  await host.allocate('10.1.0.3');
  for (const _time of [1, 2])
    t.deepEqual(await host.romana(...add), {status: 0, stdout: 'Endpoint (vm) added: 10.1.0.3 by tap3.\n', stderr: ''});
  const other = await host.romana('endpoint', 'add', 'vm', '--ip', '10.1.0.4', '--local');
  t.deepEqual(other, {
    status: 1,
    stdout: '',
    stderr: 'romana: There is an endpoint vm already, and it is another one: remove that first.\n',
  });
  t.is((await host.romana('endpoint', 'add', 'vm')).status, 2);
  const removed = await host.romana('endpoint', 'remove', 'vm', 'never-there');
  t.is(removed.status, 1);
  t.is(removed.stdout, 'Endpoint (vm) removed successfully.\n');
  t.regex(removed.stderr, /There is no endpoint never-there on this host\./);
  t.deepEqual(JSON.parse((await host.romana('endpoint', 'list', '-f', 'json')).stdout), []);

  await host.agent.end('SIGTERM');
  const alone = await host.romana('endpoint', 'list');
  t.is(alone.status, 1);
  t.regex(
    alone.stderr,
    /^romana: cannot ask the agent at \S+: no agent is running there \(.*\): is the agent running\? Another socket is named by --socket FILE\n$/,
  );
});

test('an address that is allocated only now is waited for; one that is released later is told of, and its workload runs on', async t => {
  const host = await createEndpointHost(t, 'released');
  const web = await createNamespace(t, 'web');
  const adding = host.add('web-1', '--ip', '10.1.0.17', '--netns', web.name);
  await host.allocate('10.1.0.17');
  await host.putBlocks('10.1.0.16/29 host-1');
  t.regex(await adding, /^Endpoint \(web-1\) added: 10\.1\.0\.17 by rom\w+\.\n$/);
  await host.far.run('ip', ['route', 'add', '10.1.0.16/29', 'via', '192.168.20.30']);
  await reach(host.far, '10.1.0.17');

  await host.allocate('10.1.0.17', '');
  await waitFor(
    'it is told',
    async () => (await host.stateOf('web-1')) === 'not allocated: 10.1.0.17 is not allocated: another workload may be given it',
  );
  await reach(host.far, '10.1.0.17');
  await host.putBlocks('10.1.0.16/29 host-2');
  await waitFor(
    'it is told',
    async () => (await host.stateOf('web-1')) === 'not allocated: 10.1.0.17 lies in 10.1.0.16/29, a block of host-2',
  );
  t.regex(await host.ip('route show 10.1.0.17'), /^10\.1\.0\.17 dev rom/, 'its route and interface are for its operator to take away');
  await host.remove('web-1');
});

test('where the list of endpoints cannot be read, nothing of any endpoint is touched until it can', async t => {
  const host = await createEndpointHost(t, 'unreadable');
  const web = await createNamespace(t, 'web');
  await host.add('web-1', '--ip', '10.1.0.1', '--ip', 'fd00::401', '--netns', web.name);
  await host.add('dns', '--ip', '10.1.0.4', '--local');
  await reach(host.far, '10.1.0.1');
  await host.agent.end('SIGKILL');
  const file = path.join(host.folder, 'state/endpoints.json');
  const good = await readFile(file, 'utf8');
  await writeFile(file, good.slice(0, 40));
  const before = [await host.ip('route show proto 144'), await host.ip('-details address')];

  const agent = await host.startAgent();
  const {pass} = await host.until(
    'the passes are over',
    status => status.pass?.drivers.some(({name}) => name === 'endpoint-routes') === true,
  );
  for (const driver of ['endpoint-pairs', 'endpoint-ports', 'endpoint-routes', 'endpoint-addresses']) {
    t.regex(pass?.drivers.find(({name}) => name === driver)?.error ?? '', /^cannot read \S+\/endpoints\.json: /);
  }
  t.is(pass?.drivers.find(({name}) => name === 'block-routes')?.error, undefined, 'all else goes on');
  for (const args of [['list'], ['add', 'x', '--ip', '10.1.0.5', '--local'], ['remove', 'web-1']]) {
    const {status, stderr} = await host.romana('endpoint', ...args);
    t.is(status, 1);
    t.regex(
      stderr,
      /^romana: cannot read \S+\/endpoints\.json: it is not JSON: .*: endpoints stay as they are until it can be read: put it right, or remove it /,
    );
  }
  const answer = await ask(host.folder, 'GET', '/endpoints');
  t.deepEqual([answer.status, answer.body['status_code']], [503, 503]);
  const failures = agent.log.filter(({msg}) => msg === 'reconcile failed, will retry');
  t.deepEqual(
    failures.map(({driver}) => driver),
    ['endpoint-pairs, endpoint-ports, endpoint-routes, endpoint-addresses'],
    'it is said once',
  );
  const shown = (await host.romana('agent', 'status')).stdout.replaceAll(/\s+/g, ' ');
  t.is(shown.split('endpoints stay as they are until it can be read').length, 2, shown);
  t.deepEqual([await host.ip('route show proto 144'), await host.ip('-details address')], before);
  t.is(await readFile(file, 'utf8'), good.slice(0, 40));
  await writeFile(file, good);
  await waitFor('it is read again', async () => (await host.status()).endpoints.length === 2);
  await host.remove('dns');
});

test('before the first whole state nothing is added, and what is listed waits', async t => {
  const host = await createAgentHost(t, 'early');
  const file = path.join(host.folder, 'state/endpoints.json');
  await host.namespace.run('mkdir', ['-p', path.dirname(file)]);
  await writeFile(
    file,
    '{"version": 1, "endpoints": [{"name": "dns", "ips": ["10.1.0.4"], "local": true}, {"name": "old", "ips": ["10.1.0.5"], "local": true}]}',
  );
  await host.startAgent();
  const refused = await host.romana('endpoint', 'add', 'web', '--ip', '10.1.0.3', '--local');
  t.is(refused.status, 1);
  t.regex(refused.stderr, /^romana: Nothing is done on this host before the agent has read the first whole state of the store\.\n$/);
  t.regex((await host.romana('endpoint', 'list')).stdout, /^dns +10\.1\.0\.4 +this host +waiting/m);
  t.is((await host.romana('endpoint', 'remove', 'old')).status, 0);
  t.notRegex(await host.ip('address show lo'), /10\.1\.0/);

  await host.startEtcd();
  await host.putHosts('host-1 192.168.20.30');
  await host.putBlocks('10.1.0.0/29 host-1');
  await waitFor('it is there', async () => /10\.1\.0\.4\/32/.test(await host.ip('address show lo')));
  t.notRegex(await host.ip('address show lo'), /10\.1\.0\.5/);
});

test("another program's route that takes an endpoint's place is not taken over, and the state says what is in the way", async t => {
  const host = await createEndpointHost(t, 'taken');
  const vm = await createMachine(t, host, 'tap3', ['10.1.0.3/32', 'fd00::403/128']);
  await host.add('vm', '--ip', '10.1.0.3', '--ip', 'fd00::403', '--interface', 'tap3');
  await reach(host.far, '10.1.0.3');
  const foreign = '10.1.0.3 via 192.168.20.1 dev eth0 proto static';
  await host.ip(`route replace ${foreign}`);
  await waitFor('it is told', async () =>
    /^failed: ip route add 10\.1\.0\.3\/32 dev tap3 .*File exists$/.test((await host.stateOf('vm')) ?? ''),
  );
  t.is((await host.ip('route show 10.1.0.3')).trim(), foreign);
  await reach(vm, '2001:db8::1');
  await host.ip('route del 10.1.0.3 proto static');
  await reach(host.far, '10.1.0.3');
});
