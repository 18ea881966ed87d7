import test from 'ava';
import type {AgentRequest} from '../../src/agent/client.ts';
import {endpointCommand} from '../../src/cli/endpoint.ts';

/** Runs `romana endpoint …` with an agent that puts up whatever it is asked for. */
async function run(...args: readonly string[]) {
  const requests: AgentRequest[] = [];
  const output = {stdout: '', stderr: '', error: ''};
  const command = endpointCommand({
    open: async () => async request => {
      requests.push(request);
      return request.method === 'PUT' ? {name: 'web', ips: ['2001:db8::5'], interface: 'tap3', state: 'ok'} : null;
    },
    write(text) {
      output.stdout += text;
    },
    warn(text) {
      output.stderr += text;
    },
  });
  try {
    await command.parseAsync(args, {from: 'user'});
  } catch (error) {
    output.error = error instanceof Error && 'code' in error ? `${error.code} ${error.message}` : String(error);
  }
  return {...output, requests};
}

test('what is asked for goes to the agent, and its answer is shown in its own form', async t => {
  const {requests, stdout} = await run('add', 'web', '--ip', '2001:DB8:0::5', '--interface', 'tap3', '--mtu', '1400');
  t.deepEqual(requests, [{method: 'PUT', path: '/endpoints/web', body: {ips: ['2001:DB8:0::5'], interface: 'tap3', mtu: 1400}}]);
  t.is(stdout, 'Endpoint (web) added: 2001:db8::5 by tap3.\n');
});

for (const [flags, problem] of [
  ['--ip 10.1.0.300 --local', '--ip 10.1.0.300: expected an IPv4 or IPv6 address, without a length'],
  ['--ip 10.1.0.3/32 --local', '--ip 10.1.0.3/32: expected an IPv4 or IPv6 address, without a length'],
  ['--ip fe80::1%eth0 --local', '--ip fe80::1%eth0: expected an IPv4'],
  ['--ip 10.1.0.3', 'expected one of --interface, --netns and --local'],
  ['--ip 10.1.0.3 --interface tap3 --local', 'expected one of --interface, --netns and --local'],
  ['--ip 10.1.0.3 --interface a#b', '--interface a#b: expected 1 to 15 letters, digits and . _ - @,'],
  ['--ip 10.1.0.3 --interface all', '--interface all: expected 1 to 15'],
  ['--ip 10.1.0.3 --interface a123456789012345', '--interface a123456789012345: expected 1 to 15'],
  ['--ip 10.1.0.3 --netns x --ifname ..', '--ifname ..: expected 1 to 15'],
  ['--ip 10.1.0.3 --netns run/x', '--netns run/x: expected the name or the absolute path of a network namespace'],
  ['--ip 10.1.0.3 --interface tap3 --ifname eth0', '--ifname eth0: expected --netns with it'],
  ['--ip 10.1.0.3 --interface tap3 --mtu abc', '--mtu abc: expected 68 to 65535 bytes'],
  ['--ip 10.1.0.3 --interface tap3 --mtu 1e3', '--mtu 1e3: expected 68'],
  ['--ip fd00::1 --interface tap3 --mtu 1279', '--mtu 1279: expected 1280 to 65535 bytes'],
  ['--ip 10.1.0.3 --local --mtu 1400', '--mtu 1400: expected no --local with it'],
] as const) {
  test(`refused before the agent is asked: ${flags}`, async t => {
    const {error, requests} = await run('add', 'web', ...flags.split(' '));
    t.true(error.startsWith(`ERR_USAGE cannot add the endpoint: ${problem}`), error);
    t.deepEqual(requests, []);
  });
}

test('all that is wrong is told at once, and what could not be seen is quoted', async t => {
  const {error} = await run('add', 'web', '--ip', 'x', '--ip', '', '--interface', 'a b', '--mtu', '-1');
  t.deepEqual(
    error
      .replace('ERR_USAGE cannot add the endpoint: ', '')
      .split('; ')
      .map(text => text.split(':')[0]),
    ['--ip x', '--ip ""', '--interface "a b"', '--mtu -1'],
  );
});

test('a name that is a step in a path is of no endpoint', async t => {
  for (const name of ['.', '..', '']) {
    for (const args of [
      ['add', name, '--ip', '10.1.0.3', '--local'],
      ['remove', name],
    ]) {
      t.like(await run(...args), {error: `ERR_USAGE no endpoint can have the name ${JSON.stringify(name)}`, requests: []});
    }
  }
  const both = await run('remove', '..', 'web');
  t.deepEqual(
    [both.stderr, both.stdout, both.requests.length],
    ['romana: no endpoint can have the name ".."\n', 'Endpoint (web) removed successfully.\n', 1],
  );
});
