import {birdRoutes} from '../helpers/bird.ts';
import {namespaceTest} from '../helpers/namespace.ts';
import {waitFor} from '../helpers/wait.ts';
import type {AgentHost} from './agent-host.ts';
import {createNetworkedHost} from './networked-host.ts';

// The real program on a host where a network has addresses that are somebody else's.

const test = namespaceTest();

/** "driver: its error", "driver: waits for …", sorted. */
const errorsOf = ({pass}: Awaited<ReturnType<AgentHost['status']>>) =>
  (pass?.drivers ?? [])
    .flatMap(({name, error, heldBackBy}) => {
      const problem = error ?? (heldBackBy && `waits for ${heldBackBy}`);
      return problem === undefined ? [] : [`${name}: ${problem}`];
    })
    .toSorted();
const refusal = (message: string) => ['bird: waits for block-routes', `block-routes: ${message}`, `neighbour-routes: ${message}`];

test('when the host gets on a subnet of a network, all stays as it is until that is over', async t => {
  const {bird, ...host} = await createNetworkedHost(t, 'subnet');
  const agent = await host.startAgent();
  const announced = async () => (await birdRoutes(bird.control)).join();
  await waitFor('BIRD announces', async () => (await announced()) === '10.1.0.0/29');
  const ours = await host.ours();
  t.true(ours.includes('unreachable 10.1.0.0/29'), ours.join());

  await host.ip('link add lan0 type veth peer name lan1');
  await host.ip('address add 10.1.77.1/24 dev lan0');
  await host.ip('link set lan1 up');
  await host.ip('link set lan0 up');
  const message =
    'routes stay as they are: network net1 (10.1.0.0/16) overlaps 10.1.77.0/24, a subnet that this host is on (lan0): give the network other addresses ' +
    '(romana topology update), or, where endpoints are to share a subnet with hosts, set agent.routes.allowOverlap: true';
  const refused = await host.until('it is refused', status => errorsOf(status).length === 3);
  t.deepEqual(errorsOf(refused), refusal(message));
  await host.putBlocks('10.1.0.16/29 host-1', '10.1.0.8/29 host-1');
  await host.until('the change is known', ({revision}) => revision > refused.revision);
  const since = Date.now();
  await host.until('another pass', ({pass}) => (pass?.at ?? 0) > since);
  t.deepEqual(await host.ours(), ours);
  t.is(await announced(), '10.1.0.0/29');
  t.is(agent.log.filter(({msg}) => msg === 'reconcile failed, will retry').length, 2, 'once for each of the two');

  await host.ip('link del lan0');
  await waitFor('the change comes after all', async () => (await announced()) === '10.1.0.0/29,10.1.0.16/29,10.1.0.8/29');
  t.deepEqual(errorsOf(await host.until('all is well', ({pass}) => pass?.isGood === true)), []);
});

test('where a network overlaps the service range, nothing of it is made', async t => {
  const {bird, ...host} = await createNetworkedHost(t, 'services', {serviceRange: '10.0.0.0/12'});
  await host.startAgent();
  const message =
    'routes stay as they are: network net1 (10.1.0.0/16) overlaps the service range 10.0.0.0/12 (agent.serviceRange): give the network other addresses ' +
    '(romana topology update)';
  t.deepEqual(errorsOf(await host.until('it is refused', status => errorsOf(status).length === 3)), refusal(message));
  t.deepEqual(
    (await host.ours()).filter(line => !line.includes('lookup')),
    [],
  );
  t.is((await birdRoutes(bird.control)).join(), '');
  t.regex(
    (await host.romana('agent', 'status')).stdout,
    /^block-routes +0 +routes stay as they are: network net1 \(10\.1\.0\.0\/16\) overlaps/m,
  );
});
