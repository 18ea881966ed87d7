import {mkdir, readdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {BirdNotRunningError, createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {BirdRejectedError} from '../../../src/drivers/bird/rejection.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import {birdRoutes} from '../../helpers/bird.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';
import {createBirdHost, defaultTemplates, writeFirstConf} from './bird-host.ts';

const test = namespaceTest();
const one = ['10.1.0.0/29'];
const two = ['10.1.0.0/29', '10.1.0.8/29'];
const published = ['bird -p', 'configure ".romana-staged/bird.conf" timeout 30', 'configure confirm'];
const wrongPrefix = {...defaultTemplates, 'publisher.conf': 'protocol static romana {\n  ipv4;\n  route 10.0.0.1/29 reject;\n}\n'};

test('a good set goes live, and a second pass does nothing', async t => {
  const host = await createBirdHost(t, 'good');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();

  await host.pass(driver, host.node(one));
  t.deepEqual(await birdRoutes(control), one);
  t.deepEqual(host.log, published);
  t.is((await stat(path.join(host.paths.confDir, 'publisher.conf'))).mode & 0o777, 0o640);
  t.like(driver.status(), {accepted: {how: 'configured'}, rejected: undefined});
  t.deepEqual(
    driver.status().chosen.map(file => path.basename(file)),
    ['bird.conf', 'publisher.conf'],
  );

  await host.pass(driver, host.node(two));
  t.deepEqual(await birdRoutes(control), two);
  await host.pass(driver, host.node(two));
  t.deepEqual(host.log, []);
  await host.pass(host.driver(), host.node(two));
  t.deepEqual(host.log, [], 'nor does another process that has only the mark to go by');
  t.deepEqual((await readdir(host.folder)).toSorted(), ['bird.conf', 'bird.ctl', 'bird.pid', 'conf.d']);
  t.deepEqual((await readdir(host.paths.confDir)).toSorted(), ['.romana-accepted', 'publisher.conf']);

  await host.pass(driver, host.node([]));
  t.deepEqual(await birdRoutes(control), [], 'a host without any block announces nothing');
});

test('a refused template leaves the last good file and routes, is not tried twice, and names template, line and reason', async t => {
  const host = await createBirdHost(t, 'refused');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(two));
  const before = await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8');

  const bad = {...defaultTemplates, 'publisher.conf': defaultTemplates['publisher.conf'].replace('reject', 'rejekt')};
  const error = await t.throwsAsync(host.pass(driver, host.node(two, bad)), {instanceOf: BirdRejectedError, code: 'ERR_BIRD_REJECTED'});
  t.like(error, {file: path.join(host.folder, 'templates/publisher.conf'), line: 5, text: '  route 10.1.0.0/29 rejekt;'});
  t.regex(error?.reason ?? '', /^syntax error/);
  t.true(
    error?.message.endsWith(
      `(${path.join(host.folder, 'templates/publisher.conf')}:5)\n  route 10.1.0.0/29 rejekt;\n                    ^`,
    ),
    error?.message,
  );
  t.deepEqual(host.log, ['bird -p'], 'refused on the copy: nothing live was touched');

  await t.throwsAsync(host.pass(driver, host.node(two, bad)), {is: error});
  t.deepEqual(host.log, []);
  t.like(driver.status(), {accepted: {how: 'configured'}, rejected: {line: 5}});
  t.is(await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8'), before);
  t.deepEqual(await birdRoutes(control), two);

  await host.pass(driver, host.node(two));
  t.deepEqual(host.log, [], 'the old template is back: it is live already');
  t.is(driver.status().rejected, undefined);
});

test('a set that only BIRD itself refuses is taken back', async t => {
  const host = await createBirdHost(t, 'takenback');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(two));
  const before = await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8');

  // The check is made to pass, as if BIRD were of another version than the program that checks.
  const blind = host.driver({run: async () => ''});
  const error = await t.throwsAsync(host.pass(blind, host.node(two, wrongPrefix)), {instanceOf: BirdRejectedError});
  t.like(error, {file: path.join(host.folder, 'templates/publisher.conf'), line: 3, text: '  route 10.0.0.1/29 reject;'});
  t.regex(error?.reason ?? '', /^Invalid IPv4 prefix 10\.0\.0\.1\/29/);
  t.deepEqual(host.log, published.slice(0, 2), 'nothing live was touched');
  t.is(await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8'), before);
  t.deepEqual(await birdRoutes(control), two);
  await t.throwsAsync(host.pass(blind, host.node(two, wrongPrefix)), {is: error});
  t.deepEqual(host.log, []);
  t.like(blind.status(), {reloads: {accepted: 0, refused: 1}});
});

test('a crash before the files are in place is noticed, and what BIRD has and what lies on disk agree again', async t => {
  const host = await createBirdHost(t, 'crash');
  await writeFirstConf(host);
  const {control} = await host.start();
  await host.pass(host.driver(), host.node(one));
  const crashing = host.driver({
    files: {
      ...systemFiles,
      async move() {
        throw new Error('crash');
      },
    },
  });

  await t.throwsAsync(host.pass(crashing, host.node(two)), {message: 'crash'});
  t.deepEqual(await birdRoutes(control), two, 'BIRD has it already');
  t.false((await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8')).includes('10.1.0.8/29'));
  await host.pass(host.driver(), host.node(two));
  t.deepEqual(host.log, published);
  t.true((await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8')).includes('10.1.0.8/29'));
  t.deepEqual(await birdRoutes(control), two);

  await t.throwsAsync(host.pass(crashing, host.node(one)), {message: 'crash'});
  await host.pass(host.driver(), host.node(two));
  t.deepEqual(host.log, ['configure "bird.conf"'], 'wanted again is what lies on disk');
  t.deepEqual(await birdRoutes(control), two);
});

test('somebody else configures BIRD: it is brought back to what was accepted', async t => {
  const host = await createBirdHost(t, 'foreignconf');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(two));
  const other = path.join(host.folder, 'other.conf');
  await writeFile(other, 'protocol device {}\n');
  await control.command(`configure "${other}"`);
  await waitFor('BIRD has lost the routes', async () => (await birdRoutes(control)).length === 0);
  await host.pass(driver, host.node(two));
  t.deepEqual(host.log, ['configure "bird.conf"']);
  t.deepEqual(await birdRoutes(control), two);
  await host.pass(driver, host.node(two));
  t.deepEqual(host.log, []);
});

test('BIRD killed: the files wait for it in place, and are accepted once it is back', async t => {
  const host = await createBirdHost(t, 'killed');
  await writeFirstConf(host);
  const first = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(one));
  await first.kill();

  const error = await t.throwsAsync(host.pass(driver, host.node(two)), {instanceOf: BirdNotRunningError, code: 'ERR_BIRD_NOT_RUNNING'});
  t.regex(error?.message ?? '', /^BIRD is not running: .* its next start loads them$/);
  await t.throwsAsync(host.pass(driver, host.node(two)), {instanceOf: BirdNotRunningError});
  t.deepEqual(host.log, [], 'checked once, and in place');

  const second = await host.start();
  t.deepEqual(await birdRoutes(second.control), two, 'BIRD has loaded them by itself');
  await host.pass(driver, host.node(two));
  t.like(driver.status(), {accepted: {how: 'configured'}});
  await host.pass(driver, host.node(two));
  t.deepEqual(host.log, []);
});

test('a mistake that is mended while BIRD is down is not shown any more', async t => {
  const host = await createBirdHost(t, 'mended');
  await writeFirstConf(host);
  const bird = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(one));
  await bird.kill();
  const bad = {...defaultTemplates, 'publisher.conf': defaultTemplates['publisher.conf'].replace('each Networks', 'each Nets')};
  await t.throwsAsync(host.pass(driver, host.node(one, bad)), {code: 'ERR_TEMPLATE'});
  t.not(driver.status().rejected, undefined);
  const mended = {...defaultTemplates, 'publisher.conf': `${defaultTemplates['publisher.conf']}# mended\n`};
  await t.throwsAsync(host.pass(driver, host.node(one, mended)), {instanceOf: BirdNotRunningError});
  t.is(driver.status().rejected, undefined);

  const before = await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8');
  await t.throwsAsync(host.pass(driver, host.node(two, mended)), {instanceOf: BirdNotRunningError, message: /tried when it runs again$/});
  t.not(
    await readFile(path.join(host.paths.confDir, 'publisher.conf'), 'utf8'),
    before,
    'what is announced follows, with the last good template',
  );
  await t.throwsAsync(host.pass(driver, host.node(two, mended)), {instanceOf: BirdNotRunningError});
  t.deepEqual(host.log, [], 'both are checked once');
});

test('conf.d emptied while BIRD restarts: announced again at the next pass', async t => {
  const host = await createBirdHost(t, 'emptied');
  await writeFirstConf(host);
  const first = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(one));
  await first.kill();
  await rm(host.paths.confDir, {recursive: true});
  await mkdir(host.paths.confDir);
  const second = await host.start();
  t.deepEqual(await birdRoutes(second.control), []);
  await host.pass(driver, host.node(one));
  t.deepEqual(await birdRoutes(second.control), one);
});

test('files of other programs in conf.d survive, and are part of the check', async t => {
  const host = await createBirdHost(t, 'foreign');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();
  const foreign = path.join(host.paths.confDir, 'other.conf');
  await writeFile(foreign, 'protocol static third { ipv4; route 10.9.0.0/24 reject; }\n');
  await host.pass(driver, host.node(one));
  t.deepEqual(await birdRoutes(control), [...one, '10.9.0.0/24']);

  await writeFile(foreign, 'protocol static romana { ipv4; }\n');
  await t.throwsAsync(host.pass(driver, host.node(two)), {
    instanceOf: BirdRejectedError,
    message: /already defined|redefined|syntax error/i,
  });
  await writeFile(foreign, 'protocol static third { ipv4; route 10.9.1.0/24 reject; }\n');
  await host.pass(driver, host.node(two));
  t.deepEqual(await birdRoutes(control), [...two, '10.9.1.0/24'], 'their change makes the refused set worth another try');
  t.is(await readFile(foreign, 'utf8'), 'protocol static third { ipv4; route 10.9.1.0/24 reject; }\n');
});

test('no socket: SIGHUP to the process of the pid file, if it is BIRD', async t => {
  const host = await createBirdHost(t, 'sighup');
  await writeFirstConf(host);
  const {pid} = await host.start();
  const driver = host.driver();
  // Out of the driver's sight, but not of the test's.
  const hidden = `${host.paths.birdSocket}.hidden`;
  await rename(host.paths.birdSocket, hidden);
  const control = createBirdControl(hidden);
  await host.pass(driver, host.node(one));
  t.deepEqual(host.log, ['bird -p', 'SIGHUP']);
  await waitFor('BIRD has read the files', async () => (await birdRoutes(control)).join() === one.join());
  t.like(driver.status(), {accepted: {how: 'signalled'}});
  await host.pass(driver, host.node(one));
  t.deepEqual(host.log, []);

  await writeFile(host.paths.birdPidFile, `${process.pid}\n`);
  await t.throwsAsync(host.pass(driver, host.node(two)), {instanceOf: BirdNotRunningError}, 'a process that is not BIRD gets no signal');
  t.deepEqual(host.log, ['bird -p']);
  await writeFile(host.paths.birdPidFile, `${pid}\n`);
  await host.pass(driver, host.node(two));
  t.deepEqual(host.log, ['SIGHUP']);
  await waitFor('BIRD has read the files', async () => (await birdRoutes(control)).join() === two.join());
});

test("a bird.conf that does not include conf.d is refused, today's prefixes go out with the last good one", async t => {
  const host = await createBirdHost(t, 'include');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();
  await host.pass(driver, host.node(one));
  const templates = {...defaultTemplates, 'bird.conf': 'protocol device {}\n'};
  const error = await t.throwsAsync(host.pass(driver, host.node(two, templates)), {
    code: 'ERR_BIRD_INCLUDE',
    message: `${path.join(host.folder, 'templates/bird.conf')} does not include ${path.join(host.paths.confDir, 'publisher.conf')}, nothing would be announced: add the line include "conf.d/*.conf";`,
  });
  t.deepEqual(await birdRoutes(control), two);
  t.like(driver.status(), {rejected: {file: path.join(host.folder, 'templates/bird.conf')}, withLastGoodTemplate: true});
  await t.throwsAsync(host.pass(driver, host.node(two, templates)), {is: error});
  t.deepEqual(host.log, []);
});

test('removing withdraws and leaves the files of others', async t => {
  const host = await createBirdHost(t, 'remove');
  await writeFirstConf(host);
  const {control} = await host.start();
  const driver = host.driver();
  await writeFile(path.join(host.paths.confDir, 'other.conf'), 'protocol static third { ipv4; route 10.9.0.0/24 reject; }\n');
  await host.pass(driver, host.node(two));
  await driver.apply({create: [], update: [], remove: await driver.read()});
  await waitFor('BIRD has withdrawn', async () => (await birdRoutes(control)).join() === '10.9.0.0/24');
  t.deepEqual(await readdir(host.paths.confDir), ['other.conf']);
  t.deepEqual(await driver.read(), []);
});
