import {mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {isSameTime} from '../../../src/drivers/bird/bird-status.ts';
import {createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {BirdUnconfirmedError, GuardRefusedError} from '../../../src/drivers/bird/rejection.ts';
import {NotYetError} from '../../../src/reconcile/driver.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {openGuards} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';
import type {BirdHost} from './bird-host.ts';
import {createPeeringHost, learnedExactly, peering} from './peer.ts';

const test = namespaceTest();
const one = ['10.1.0.0/29'];
const two = ['10.1.0.0/29', '10.1.0.8/29'];
const short = {confirm: {timeoutSeconds: 6}, guards: {...openGuards, maxWithdrawPercent: 50}};

test('routes come and go without a touch of the session', async t => {
  const host = await createPeeringHost(t, 'routes');
  const driver = host.driver();
  await host.pass(driver, host.node(one, peering()));
  await learnedExactly(host, one);
  const since = await host.upSince();
  await host.pass(driver, host.node(two, peering()));
  await learnedExactly(host, two);
  await host.pass(driver, host.node(one, peering()));
  await learnedExactly(host, one);
  t.true(isSameTime((await host.upSince()) ?? '', since ?? ''));
});

test('a change that restarts the session is confirmed when it is up again', async t => {
  const host = await createPeeringHost(t, 'restart');
  const driver = host.driver();
  await host.pass(driver, host.node(one, peering()));
  await learnedExactly(host, one);
  const since = await host.upSince();
  const changed = peering({session: 'graceful restart on;'});
  await t.throwsAsync(host.passOnce(driver, host.node(one, changed)), {instanceOf: NotYetError, message: /trial.*tor is /});
  await host.pass(driver, host.node(one, changed));
  t.not(await host.upSince(), since, 'it is another session');
  t.like(driver.status(), {
    accepted: {how: 'configured', sessions: ['tor']},
    rejected: undefined,
    trial: undefined,
    reloads: {accepted: 2, undone: 0},
  });
  t.true((await livePublisher(host)).includes('graceful restart on;'));
  await host.pass(driver, host.node(one, changed));
  t.deepEqual(host.log, []);
});

for (const [what, bad, reason] of [
  ['a wrong AS of its own', peering({local: 65009}), /tor is .*Bad peer AS/],
  ['a password that the neighbour does not have', peering({session: 'password "wrong";'}), /tor is start/],
  [
    'an export filter that lets nothing pass',
    peering({channel: 'export filter { if net ~ [ 192.0.2.0/24+ ] then accept; reject; };'}),
    /tor is given 0 prefixes, at least 1 were expected/,
  ],
  ['another name and a wrong AS of its own', peering({name: 'uplink', local: 65009}), /uplink is .*Bad peer AS/],
] as const) {
  test(`${what}: taken back, never live, not tried again; today's prefixes go out with the last good template`, async t => {
    const host = await createPeeringHost(t, 'bad');
    const driver = host.driver();
    await host.pass(driver, host.node(two, peering(), short));
    await learnedExactly(host, two);
    const reader = watchLive(t, host);

    const error = await t.throwsAsync(host.pass(driver, host.node(two, bad, short)), {instanceOf: BirdUnconfirmedError});
    t.regex(error?.reason ?? '', reason);
    t.is(error?.file, path.join(host.folder, 'templates/publisher.conf'));
    await learnedExactly(host, two);
    t.like(driver.status(), {rejected: {reason: error?.reason}, withLastGoodTemplate: true, reloads: {undone: 1}});
    const since = await host.upSince();

    await t.throwsAsync(host.pass(driver, host.node(two, bad, short)), {is: error});
    t.deepEqual(host.log, [], 'not tried again');
    await t.throwsAsync(host.pass(driver, host.node(one, bad, short)), {is: error});
    await learnedExactly(host, one);
    await t.throwsAsync(
      host.pass(host.driver(), host.node(two, bad, short)),
      {instanceOf: BirdUnconfirmedError},
      'another process knows, too',
    );
    await learnedExactly(host, two);
    t.true(isSameTime((await host.upSince()) ?? '', since ?? ''), 'the session has not been touched since');
    t.deepEqual(await reader.stop(), [], 'nobody could read the bad one');

    await host.pass(driver, host.node(one, peering({session: 'graceful restart on;'}), short));
    await learnedExactly(host, one);
    t.is(driver.status().rejected, undefined);
  });
}

for (const [what, bad] of [
  ['another AS of a neighbour that is up', peering({as: 65009})],
  ['the same under another name', peering({name: 'uplink', as: 65009})],
] as const) {
  test(`${what}: not tried at all, and the session is not touched`, async t => {
    const host = await createPeeringHost(t, 'otheras');
    const driver = host.driver();
    await host.pass(driver, host.node(two, peering(), short));
    await learnedExactly(host, two);
    const since = await host.upSince();

    const error = await t.throwsAsync(host.pass(driver, host.node(one, bad, short)), {instanceOf: GuardRefusedError});
    t.regex(error?.message ?? '', /guard "neighbour-as" .* is up with AS 65000 .*"Bad peer AS".*\(.*publisher\.conf:9\)$/);
    await learnedExactly(host, one);
    t.like(driver.status(), {rejected: {reason: error?.reason}, withLastGoodTemplate: true, reloads: {undone: 0}});
    t.true(isSameTime((await host.upSince()) ?? '', since ?? ''));

    const unconfirmed = {...short, confirm: {timeoutSeconds: 0}};
    await host.pass(host.driver(), host.node(one, bad, unconfirmed));
    await waitFor('BIRD has it all the same', async () => (await host.upSince()) === undefined);
  });
}

test('killed while a configuration is on trial: another process ends up with the last good one, and knows that it was bad', async t => {
  const host = await createPeeringHost(t, 'killed');
  await host.pass(host.driver(), host.node(one, peering(), short));
  await learnedExactly(host, one);
  const wrong = host.node(two, peering({session: 'password "wrong";'}), short);
  const dying = host.driver({isDead: until('show protocols all', 2)});
  await t.throwsAsync(host.passOnce(dying, wrong), {instanceOf: NotYetError});
  await waitFor('the session is down', async () => (await host.upSince()) === undefined);
  t.false((await livePublisher(host)).includes('wrong'), 'a BIRD that is started now reads the good one');

  const next = host.driver();
  await waitFor('it is known to be bad', async () => {
    const error = await host.pass(next, wrong).catch((failure: unknown) => failure);
    return error instanceof BirdUnconfirmedError;
  });
  await learnedExactly(host, two);
  t.false((await livePublisher(host)).includes('wrong'));
});

test('BIRD killed while it has a configuration on trial: it comes back with the last good one', async t => {
  const host = await createPeeringHost(t, 'birdkilled');
  const driver = host.driver();
  await host.pass(driver, host.node(one, peering(), short));
  await learnedExactly(host, one);
  const wrong = host.node(two, peering({session: 'password "wrong";'}), short);
  await t.throwsAsync(host.passOnce(driver, wrong), {instanceOf: NotYetError});
  await host.bird.kill();
  await waitFor("today's prefixes are in place", async () => {
    // The first may still hear of the trial that was broken off.
    await t.throwsAsync(host.pass(driver, wrong), {message: /BIRD/});
    return (await livePublisher(host)).includes('10.1.0.8/29');
  });
  await host.start();
  await learnedExactly(host, two);
  t.false((await livePublisher(host)).includes('wrong'), "today's prefixes, but no template that nobody has tried");
  await waitFor('it is known to be bad', async () => {
    const error = await host.pass(driver, wrong).catch((failure: unknown) => failure);
    return error instanceof BirdUnconfirmedError;
  });
  await learnedExactly(host, two);
});

test('BIRD started anew without a file of anybody: what was accepted comes back, and then the templates that have changed meanwhile', async t => {
  const host = await createPeeringHost(t, 'emptied');
  await writeFile(path.join(host.paths.confDir, 'other.conf'), 'protocol static foreign1 { ipv4; }\n');
  const driver = host.driver();
  await host.pass(driver, host.node(one, peering(), short));
  await learnedExactly(host, one);
  await waitFor('its session is noted', async () => {
    await host.pass(driver, host.node(one, peering(), short));
    return driver.status().accepted?.sessions?.includes('tor');
  });
  await host.bird.kill();
  await rm(host.paths.confDir, {recursive: true});
  await mkdir(host.paths.confDir);
  await host.start();
  await host.pass(driver, host.node(two, peering({session: 'graceful restart on;'}), short));
  await learnedExactly(host, two);
  t.like(driver.status(), {rejected: undefined, accepted: {how: 'configured'}});
});

test("a neighbour that goes down during a trial is not the template's fault", async t => {
  const host = await createPeeringHost(t, 'tordown');
  const driver = host.driver();
  await host.pass(driver, host.node(one, peering(), short));
  await learnedExactly(host, one);
  const changed = host.node(one, peering({session: 'graceful restart on;'}), short);
  await t.throwsAsync(host.passOnce(driver, changed), {instanceOf: NotYetError});
  await host.tor.kill();
  const error = await t.throwsAsync(host.pass(driver, changed), {instanceOf: BirdUnconfirmedError});
  t.false(error?.isFinal);
  t.regex(error?.message ?? '', /did not bring it back either, it is tried again in a while/);
});

test('somebody else configures BIRD the moment after it has read what is on trial: no template is blamed, and it goes live the next time', async t => {
  const host = await createPeeringHost(t, 'meddled');
  const other = path.join(host.folder, 'other.conf');
  await writeFile(other, 'protocol device {}\n');
  let isOnTrial = false;
  let meddled = 0;
  const driver = host.driver({
    async meddle(question) {
      if (question === 'show status' && isOnTrial) {
        isOnTrial = false;
        meddled += 1;
        await host.control.command(`configure "${other}"`);
      }
      if (/^configure ".*" timeout/.test(question) && meddled === 0) isOnTrial = true;
    },
  });
  await host.pass(driver, host.node(one, peering(), {...short, confirm: {timeoutSeconds: 0}}));
  await learnedExactly(host, one);
  await t.throwsAsync(host.pass(driver, host.node(two, peering(), short)), {message: /configured by somebody else/});
  t.is(meddled, 1);
  t.is(driver.status().rejected, undefined);
  await host.pass(driver, host.node(two, peering(), short));
  await learnedExactly(host, two);
});

test('without a control socket: a wrong AS is noticed from outside, and the old files are put back', async t => {
  const host = await createPeeringHost(t, 'signal');
  const hidden = `${host.paths.birdSocket}.hidden`;
  await rename(host.paths.birdSocket, hidden);
  const control = createBirdControl(hidden);
  const driver = host.driver();
  await host.pass(driver, host.node(one, peering(), short));
  const isUp = async () => (await control.command('show protocols')).lines.some(line => /BGP .*Established/.test(line));
  await waitFor('the session is up', isUp);
  await t.throwsAsync(host.pass(driver, host.node(two, peering({as: 65009}), short)), {
    instanceOf: BirdUnconfirmedError,
    message: /no BGP connection any more to 192\.168\.20\.1/,
  });
  t.false((await livePublisher(host)).includes('65009'));
  await waitFor('the session is up', isUp);
  await waitFor('the ToR has both', async () => (await host.learned()).join() === two.join());
});

test("without a control socket, BIRD's log tells that it refuses the files", async t => {
  const host = await createPeeringHost(t, 'log');
  await rename(host.paths.birdSocket, `${host.paths.birdSocket}.hidden`);
  const log = path.join(host.folder, 'bird.log');
  await writeFile(log, 'older lines\n');
  const logging = (template: string) => ({
    'bird.conf': (peering()['bird.conf'] ?? '').replace('log stderr all;', `log "${log}" all;`),
    'publisher.conf': template,
  });
  const good = peering()['publisher.conf'] ?? '';
  const blind = host.driver({run: async () => ''});
  await host.pass(blind, host.node(one, logging(good)));
  const error = await t.throwsAsync(host.pass(blind, host.node(one, logging(good.replace('reject', 'rejekt')))), {
    code: 'ERR_BIRD_REJECTED',
  });
  t.regex(error?.message ?? '', /templates\/publisher\.conf:4/);
  t.false((await livePublisher(host)).includes('rejekt'));
});

function livePublisher({paths}: BirdHost): Promise<string> {
  return readFile(path.join(paths.confDir, 'publisher.conf'), 'utf8');
}

/** Reads the live file all the time, and keeps what nobody should be able to read: other contents than whole good ones. */
function watchLive(t: ExecutionContext, host: BirdHost) {
  const seen = new Set<string>();
  let isOver = false;
  const done = (async () => {
    while (!isOver) {
      const text = await livePublisher(host).catch(() => 'no file');
      const isGood = text.startsWith('# Rendered') && text.endsWith('}\n') && text.includes('neighbor 192.168.20.1 as 65000;');
      if (!isGood || text.includes('wrong') || text.includes('192.0.2.0')) seen.add(text);
      await new Promise(resolve => setImmediate(resolve));
    }
  })();
  t.teardown(() => {
    isOver = true;
  });
  return {
    async stop() {
      isOver = true;
      await done;
      return [...seen];
    },
  };
}

/** A control that never answers again after so many of one question, as for a program that was killed. */
function until(question: string, count: number) {
  let asked = 0;
  let isDead = false;
  return (text: string) => {
    if (text === question) asked += 1;
    if (asked > count) isDead = true;
    return isDead;
  };
}
