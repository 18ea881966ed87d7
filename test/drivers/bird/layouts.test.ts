import {chmod, chown, mkdir, readdir, readFile, rename, stat, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {birdRoutes} from '../../helpers/bird.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {waitFor} from '../../helpers/wait.ts';
import {createBirdHost, defaultTemplates} from './bird-host.ts';

// Where operators keep BIRD's files, and whose they are.

const test = namespaceTest();
const one = ['10.1.0.0/29'];
const two = ['10.1.0.0/29', '10.1.0.8/29'];
const head = 'router id 192.168.20.30;\nlog stderr all;\nprotocol device {}\n';
const foreign = (prefix: string, name: string) => `protocol static ${name} { ipv4; route ${prefix} reject; }\n`;

for (const isHidden of [false, true]) {
  test(`conf.d far from bird.conf, other folders and single files, ${isHidden ? 'by SIGHUP' : 'by the control socket'}`, async t => {
    const host = await createBirdHost(t, 'apart', folder => ({
      birdConf: path.join(folder, 'etc/custom.conf'),
      confDir: path.join(folder, 'var/lib/romana/conf.d'),
    }));
    const {birdConf, confDir, birdSocket} = host.paths;
    const site = path.join(host.folder, 'site');
    await mkdir(path.join(host.folder, 'etc/local'), {recursive: true});
    await mkdir(site);
    await writeFile(birdConf, head);
    await writeFile(path.join(site, 'first.conf'), foreign('10.9.0.0/24', 'site1'));
    await writeFile(path.join(host.folder, 'etc/local/single.inc'), foreign('10.9.1.0/24', 'single'));
    await writeFile(path.join(confDir, 'beside.conf'), foreign('10.9.2.0/24', 'beside'));
    await host.start();
    const hidden = isHidden ? `${birdSocket}.hidden` : birdSocket;
    await rename(birdSocket, hidden);
    const control = createBirdControl(hidden);
    const routes = async (wanted: readonly string[]) =>
      waitFor(`BIRD has ${wanted}`, async () => (await birdRoutes(control)).join() === wanted.join());
    const templates = {
      ...defaultTemplates,
      'bird.conf': `${head}include "${site}/*.conf";\ninclude "local/single.inc";\n  include "${confDir}/*.conf";\n`,
    };
    const driver = host.driver();
    await host.pass(driver, host.node(one, templates));
    await routes([...one, '10.9.0.0/24', '10.9.1.0/24', '10.9.2.0/24']);
    await host.pass(driver, host.node(two, templates));
    await routes([...two, '10.9.0.0/24', '10.9.1.0/24', '10.9.2.0/24']);
    await host.pass(driver, host.node(two, templates));
    t.deepEqual(host.log, []);

    await writeFile(path.join(site, 'second.conf'), foreign('10.9.3.0/24', 'site2'));
    await writeFile(path.join(host.folder, 'etc/local/single.inc'), foreign('10.9.4.0/24', 'single'));
    await host.pass(driver, host.node(two, templates));
    await routes([...two, '10.9.0.0/24', '10.9.2.0/24', '10.9.3.0/24', '10.9.4.0/24']);
    await writeFile(path.join(site, 'second.conf'), 'nonsense\n');
    const error = await t.throwsAsync(host.pass(driver, host.node(one, templates)), {code: 'ERR_BIRD_REJECTED'});
    t.true(error?.message.includes(`${site}/second.conf:1`), error?.message);
    t.true((await readFile(path.join(confDir, 'publisher.conf'), 'utf8')).includes('10.1.0.8/29'), 'nothing live was touched');

    t.deepEqual((await readdir(confDir)).toSorted(), ['.romana-accepted', 'beside.conf', 'publisher.conf']);
    t.deepEqual((await readdir(path.dirname(birdConf))).toSorted(), ['custom.conf', 'local']);
    t.deepEqual((await readdir(site)).toSorted(), ['first.conf', 'second.conf']);
  });

  test(`BIRD as another user reads what is written for it, and others do not, ${isHidden ? 'by SIGHUP' : 'by the control socket'}`, async t => {
    const host = await createBirdHost(t, 'user', folder => ({
      birdSocket: path.join(folder, 'run/bird.ctl'),
      birdPidFile: path.join(folder, 'run/bird.pid'),
      args: ['-u', 'nobody', '-g', 'nogroup'],
    }));
    const {birdConf, confDir, birdSocket} = host.paths;
    await chmod(host.folder, 0o755);
    await mkdir(path.dirname(birdSocket));
    await chown(path.dirname(birdSocket), 65534, 65534);
    await writeFile(birdConf, defaultTemplates['bird.conf']);
    let bird = await host.start();
    const {pid} = bird;
    const user = await stat(`/proc/${pid}`);
    t.not(user.uid, 0);
    const hidden = isHidden ? `${birdSocket}.hidden` : birdSocket;
    const control = createBirdControl(hidden);
    await rename(birdSocket, hidden);
    const staged: string[] = [];
    const ownerOf = async (file: string) => {
      const {uid, gid, mode} = await stat(file);
      return `${path.basename(file)} ${uid === user.uid && gid === user.gid ? "BIRD's" : `${uid}:${gid}`} ${(mode & 0o777).toString(8)}`;
    };
    const driver = host.driver({
      async run(command, args, options) {
        const folder = path.join(host.folder, '.romana-staged');
        const files = [folder, ...['conf.d', 'bird.conf', 'conf.d/publisher.conf'].map(name => path.join(folder, name))];
        staged.push(...(await Promise.all(files.map(ownerOf))));
        return host.namespace.run(command, args, options);
      },
    });
    await host.pass(driver, host.node(one));
    await waitFor(`BIRD has ${one}`, async () => (await birdRoutes(control)).join() === one.join());
    await bird.kill('SIGTERM');
    await t.throwsAsync(host.pass(driver, host.node(two)), {code: 'ERR_BIRD_NOT_RUNNING'});
    bird = await host.start();
    t.deepEqual(await birdRoutes(bird.control), two, 'so does one that is started then');
    await rename(birdSocket, hidden);
    for (const [index, blocks] of [one, two, one].entries()) {
      const templates = {...defaultTemplates, 'bird.conf': `${defaultTemplates['bird.conf']}# ${index}\n`};
      await host.pass(driver, host.node(blocks, templates));
      await waitFor(`BIRD has ${blocks}`, async () => (await birdRoutes(control)).join() === blocks.join());
    }
    t.deepEqual(
      [...new Set(staged)].toSorted(),
      [".romana-staged BIRD's 750", "bird.conf BIRD's 640", "conf.d BIRD's 750", "publisher.conf BIRD's 640"].toSorted(),
    );
    t.is(await ownerOf(birdConf), "bird.conf BIRD's 640");
    t.is(await ownerOf(path.join(confDir, 'publisher.conf')), "publisher.conf BIRD's 640");
    t.is(await ownerOf(path.join(confDir, '.romana-accepted')), '.romana-accepted 0:0 600');
  });
}
