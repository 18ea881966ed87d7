import {readdir, readFile, rename} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {NodeState} from '../../../src/core/node-state.ts';
import {createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {BirdUnconfirmedError} from '../../../src/drivers/bird/rejection.ts';
import {type FileSystem, systemFiles} from '../../../src/system/file-system.ts';
import {birdRoutes} from '../../helpers/bird.ts';
import {namespaceTest} from '../../helpers/namespace.ts';
import {openGuards} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';
import {type BirdHost, createBirdHost, defaultTemplates, type Templates, writeFirstConf} from './bird-host.ts';
import {createPeeringHost, peering} from './peer.ts';

// Every write of a change in turn finds no space, for once or from there on. Whichever it is: the live files are a whole set, old or new, BIRD runs one of
// the two, and as soon as there is space again the change is made.

const test = namespaceTest();
const one = ['10.1.0.0/29'];
const two = ['10.1.0.0/29', '10.1.0.8/29'];
const short = {confirm: {timeoutSeconds: 4}, guards: openGuards};

/** Both files change, and neither goes with the other one's old text. */
const dependent: Templates = {
  'bird.conf': defaultTemplates['bird.conf'].replace('include', 'define kept = 150;\ninclude'),
  'publisher.conf': defaultTemplates['publisher.conf'].replace('  ipv4;', '  ipv4 { preference kept; };'),
};

for (const isForGood of [false, true]) {
  for (const isHidden of [false, true]) {
    for (const [what, change] of [
      ['other prefixes', [defaultTemplates, defaultTemplates]],
      ['other templates', [defaultTemplates, dependent]],
      ['the templates of before', [dependent, defaultTemplates]],
    ] as const) {
      test(`${what}, no space ${isForGood ? 'from some write on' : 'at one write'}, ${isHidden ? 'by SIGHUP' : 'by the control socket'}`, async t => {
        const host = await createBirdHost(t, 'full');
        await writeFirstConf(host);
        await host.start();
        if (isHidden) await rename(host.paths.birdSocket, `${host.paths.birdSocket}.hidden`);
        const nodes = [host.node(one, change[0]), host.node(two, change[1])] as const;
        await atEveryWrite(t, host, {nodes, isForGood, isHidden});
      });
    }
  }
}

for (const isHidden of [false, true]) {
  test(`no space from the trial of a bad template on, ${isHidden ? 'by SIGHUP' : 'by the control socket'}: it is taken back all the same`, async t => {
    const host = await createPeeringHost(t, 'fullbad');
    if (isHidden) await rename(host.paths.birdSocket, `${host.paths.birdSocket}.hidden`);
    const toldTor = async (prefixes: readonly string[]) =>
      waitFor(`the ToR has ${prefixes}`, async () => (await host.learned()).join() === prefixes.join());
    await host.pass(host.driver(), host.node(one, peering(), short));
    await toldTor(one);
    const before = await liveText(host);
    const disk = smallDisk(() => host.log.some(line => /timeout|SIGHUP/.test(line)));
    const driver = host.driver({files: {...disk.files, keep: systemFiles.keep}});
    const bad = host.node(two, peering({session: 'password "wrong";'}), short);
    await t.throwsAsync(host.pass(driver, bad));
    t.not(disk.failed, undefined);
    t.is(await liveText(host), before);
    await toldTor(one);

    disk.empty();
    await t.throwsAsync(host.pass(driver, bad), {instanceOf: BirdUnconfirmedError});
    await toldTor(two);
    t.like(driver.status(), {withLastGoodTemplate: true, reloads: {undone: 1}});
  });
}

interface Change {
  readonly nodes: readonly [NodeState, NodeState];
  readonly isForGood: boolean;
  readonly isHidden: boolean;
}

async function atEveryWrite(t: ExecutionContext, host: BirdHost, {nodes: [from, to], isForGood, isHidden}: Change): Promise<void> {
  const control = createBirdControl(isHidden ? `${host.paths.birdSocket}.hidden` : host.paths.birdSocket);
  await host.pass(host.driver(), to);
  const after = await liveText(host);
  for (let count = 1; ; count += 1) {
    await host.pass(host.driver(), from);
    const before = await liveText(host);
    const disk = smallDisk(write => write === count || (isForGood && write > count));
    const driver = host.driver({files: disk.files});
    await host.pass(driver, to).catch((error: unknown) => error);
    if (disk.failed === undefined) {
      t.true(count > 5, 'it has been full');
      return;
    }
    const where = `write ${count}, ${disk.failed}`;
    t.log(where);

    const live = await liveText(host);
    t.true(live === before || live === after, `${where}: the live files are of one set\n${live}`);
    const routes = (await birdRoutes(control)).join();
    t.true(routes === one.join() || routes === two.join(), `${where}: BIRD has one of the two: ${routes}`);

    disk.empty();
    await host.pass(driver, to);
    t.is(await liveText(host), after, where);
    await waitFor(`${where}: BIRD has what is wanted`, async () => (await birdRoutes(control)).join() === two.join());
    await host.pass(driver, to);
    t.deepEqual(host.log, [], `${where}: all is done`);
    t.deepEqual((await readdir(host.paths.confDir)).toSorted(), ['.romana-accepted', 'publisher.conf'], where);
    t.deepEqual(
      (await readdir(host.folder)).filter(name => name.startsWith('.')),
      [],
      where,
    );
  }
}

async function liveText({paths: {birdConf, confDir}}: BirdHost): Promise<string> {
  const texts = await Promise.all([birdConf, path.join(confDir, 'publisher.conf')].map(file => readFile(file, 'utf8')));
  return texts.join('\n----\n');
}

/**
 * A disk on which some writes find no space, counted from 1. A file that has been flushed has its space, and another name for it takes none.
 */
function smallDisk(isFullAt: (write: number) => boolean) {
  const flushed = new Set<string>();
  let [writes, isFull, failed] = [0, true, undefined as string | undefined];
  const {write, makeFolder, replace, flush, move, keep} = systemFiles;
  const takeSpace = (name: string, file: string) => {
    writes += 1;
    if (!isFull || !isFullAt(writes)) return;
    failed ??= `${name} ${path.basename(file)}`;
    throw Object.assign(new Error(`ENOSPC: no space left on device, ${name} '${file}'`), {code: 'ENOSPC'});
  };
  const files: FileSystem = {
    ...systemFiles,
    async write(file, text, mode, owner) {
      // What does not fit is missing.
      await write(file, text.slice(0, text.length / 2), mode, owner);
      takeSpace('write', file);
      await write(file, text, mode, owner);
    },
    async makeFolder(folder, mode, owner) {
      takeSpace('makeFolder', folder);
      await makeFolder(folder, mode, owner);
    },
    async replace(file, text, options) {
      takeSpace('replace', file);
      await replace(file, text, options);
      flushed.add(file);
    },
    async flush(file) {
      takeSpace('flush', file);
      await flush(file);
    },
    async move(file, target) {
      if (!flushed.delete(file)) takeSpace('move', file);
      flushed.add(target);
      return move(file, target);
    },
    async keep(file, copy) {
      takeSpace('keep', file);
      await keep(file, copy);
    },
  };
  return {
    files,
    get failed() {
      return failed;
    },
    empty() {
      isFull = false;
    },
  };
}
