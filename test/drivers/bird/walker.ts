import {mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {desiredBird} from '../../../src/core/desired-bird.ts';
import type {BirdFile} from '../../../src/core/desired-bird-files.ts';
import type {NodeState} from '../../../src/core/node-state.ts';
import {type Prefix, parsePrefix} from '../../../src/core/prefix.ts';
import type {Block} from '../../../src/core/state.ts';
import {createBirdControl} from '../../../src/drivers/bird/control-socket.ts';
import {systemClock} from '../../../src/system/clock.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import type {RunningBird} from '../../helpers/bird.ts';
import {openGuards} from '../../helpers/node-state.ts';
import {waitFor} from '../../helpers/wait.ts';
import type {Templates} from './bird-host.ts';
import {createPeeringHost} from './peer.ts';
import {badTemplates, goodTemplates, invisibleBySignal} from './walk-templates.ts';

const publish = {confirm: {timeoutSeconds: 4}, guards: {...openGuards, maxWithdrawPercent: 50, allowForeign: false}};

/** Is refused as long as most of what it takes back is this host's still. */
const withdrawing: Templates = badTemplates['most prefixes gone'];

export type Walker = Awaited<ReturnType<typeof createWalker>>;

/** A host with all that can happen to it, and what must hold then. */
export async function createWalker(t: ExecutionContext, label: string, firstBlocks: readonly string[]) {
  const host = await createPeeringHost(t, label);
  const {birdConf, confDir, birdSocket} = host.paths;
  const publisher = path.join(confDir, 'publisher.conf');
  const foreign = path.join(confDir, 'other.conf');
  const hidden = `${birdSocket}.hidden`;
  const history: string[] = [];
  const everHeld = new Set<string>(firstBlocks);
  let blocks = firstBlocks;
  let wanted: Templates = goodTemplates.plain;
  let isGood = true;
  /** Of these, one is what BIRD must go on with while those that are wanted are refused: what it had, or good ones that it has been given since. */
  let acceptable: readonly Templates[] = [goodTemplates.plain];
  let bird: RunningBird | undefined = host.bird;
  let isHidden = false;
  let isConfiguredByOthers = false;
  /** Whether this agent has seen what was accepted, and whether that can be read still. */
  let [isAware, isEmptied] = [false, false];
  /** What is held has changed, and may not be announced yet. */
  let isMoving = false;
  /** Where BIRD has no socket, a file is live while it is on trial. */
  let wasHidden = false;
  let agent = startAgent();
  const readers = watchFiles(t, [publisher, birdConf], () => wasHidden);

  const note = (what: string) => history.push(what);
  const nodeOf = (templates: Templates): NodeState => {
    const node = host.node(blocks, templates, publish);
    // The store has taken the others from this host; it has not merely forgotten them.
    const released = [...everHeld].filter(cidr => !blocks.includes(cidr)).map(parsePrefix);
    const others = released.map((cidr): [Prefix, Block] => [cidr, {cidr, host: '', tenant: '', segment: ''}]);
    return {...node, state: {...node.state, blocks: new Map([...node.state.blocks, ...others])}};
  };

  return {
    history,
    readers,
    get isHidden() {
      return isHidden;
    },

    want(templates: Templates, name: string) {
      note(`templates: ${name}`);
      [wanted, isGood] = [templates, true];
      acceptable = [...acceptable, templates];
    },
    wantBad(templates: Templates, name: string) {
      // A guard compares with what is announced.
      if (templates === withdrawing && (isMoving || blocks.length < 4)) return;
      note(`bad templates: ${name}`);
      [wanted, isGood] = [templates, false];
    },
    hold(cidrs: readonly string[]) {
      if (wanted === withdrawing) return;
      isMoving = true;
      note(`blocks: ${cidrs.length}`);
      blocks = cidrs;
      for (const cidr of cidrs) everHeld.add(cidr);
    },
    pause: (ms: number) => systemClock.sleep(ms),

    /** One pass over what is wanted now, however it ends; a dead agent's never does. */
    async passBriefly() {
      const {driver, died} = agent;
      note('a pass begins');
      await Promise.race([died, host.passOnce(driver, nodeOf(wanted)).catch(() => undefined)]);
    },

    async killBird(name: NodeJS.Signals, {emptied}: {emptied: boolean}) {
      if (bird === undefined) return;
      note(`BIRD gets ${name}${emptied && isAware ? ', conf.d is emptied' : ''}`);
      await bird.kill(name);
      bird = undefined;
      isHidden = false;
      await rm(hidden, {force: true});
      if (!emptied || !isAware) return;
      isEmptied = true;
      await readers.pauseWhile(async () => {
        await rm(confDir, {recursive: true});
        await mkdir(confDir);
      });
    },
    async startBird() {
      if (bird !== undefined) return;
      note('BIRD is started');
      bird = await host.start();
    },
    async freezeBird(ms: number) {
      if (bird === undefined) return;
      note(`BIRD stands still for ${ms} ms`);
      process.kill(bird.pid, 'SIGSTOP');
      await systemClock.sleep(ms);
      process.kill(bird.pid, 'SIGCONT');
    },
    async hideSocket() {
      // What others do to a BIRD without a socket nobody can see.
      const isInvisible = invisibleBySignal.some(templates => templates === wanted);
      if (bird === undefined || isHidden || isConfiguredByOthers || isInvisible) return;
      note('the control socket is gone');
      await rename(birdSocket, hidden);
      [isHidden, wasHidden] = [true, true];
    },
    showSocket,
    async killAgent() {
      // With an empty conf.d nothing says any more what was accepted.
      if (isEmptied) return;
      note('the agent is killed and started again');
      isAware = false;
      await agent.kill();
      agent = startAgent();
    },
    async configureSomethingElse() {
      if (bird === undefined || isHidden) return;
      note('somebody else configures BIRD');
      isConfiguredByOthers = true;
      const other = path.join(host.folder, 'other-bird.conf');
      await writeFile(other, 'protocol device {}\n');
      await control().command(`configure "${other}"`);
    },
    async addForeignFile(third: number) {
      note('somebody else has a file in conf.d');
      await writeFile(`${foreign}.new`, `protocol static third { ipv4; route 10.9.${third}.0/24 reject; }\n`);
      await rename(`${foreign}.new`, foreign);
    },
    async removeForeignFile() {
      note("somebody else's file in conf.d is gone");
      await rm(foreign, {force: true});
    },
    async wakeAll() {
      await showSocket();
      if (bird === undefined) bird = await host.start();
    },

    /** Passes as the loop makes them, until all is as it must be; then one more, which must not change a thing. */
    async settle() {
      let problems: readonly string[] = [];
      let last: unknown;
      note(
        `settles; BIRD ${bird === undefined ? 'is down' : isHidden ? 'has no socket' : 'runs'}, ${blocks.length} blocks, ${isGood ? 'good' : 'bad'} templates`,
      );
      const onePass = async () => {
        last = await host.passOnce(agent.driver, nodeOf(wanted)).catch((error: unknown) => error);
        problems = await findProblems();
      };
      try {
        await waitFor(
          'all is as it must be',
          async () => {
            await onePass();
            // A pass that only tells how a trial before it has failed has not yet looked at what is wanted.
            if (problems.length === 0) await onePass();
            return problems.length === 0;
          },
          75_000,
        );
        await onePass();
        if (host.log.length > 0) problems = [...problems, `another pass has run ${host.log.join(', ')}`];
        if (problems.length > 0) throw new Error('it does not stay so');
      } catch (error) {
        const {accepted: mark, rejected, withLastGoodTemplate, reloads} = agent.driver.status();
        const status = JSON.stringify({how: mark?.how, rejected: rejected?.reason, withLastGoodTemplate, reloads, log: host.log});
        throw new Error(`${String(error)}: ${problems.join('; ')}; last: ${String(last)}; ${status}`);
      }
      isMoving = false;
      [isConfiguredByOthers, isAware, isEmptied, wasHidden] = [false, true, false, isHidden];
      acceptable = isGood && bird !== undefined ? [wanted] : await present();
    },
  };

  async function showSocket() {
    if (!isHidden) return;
    note('the control socket is back');
    await rename(hidden, birdSocket);
    isHidden = false;
  }

  function control() {
    return createBirdControl(isHidden ? hidden : birdSocket);
  }

  /** Those of the acceptable ones that lie on disk. */
  async function present(): Promise<readonly Templates[]> {
    const [text, main] = await Promise.all([publisher, birdConf].map(file => readFile(file, 'utf8').catch(() => 'missing')));
    return acceptable.filter(templates => filesOf(nodeOf(templates)).every(file => file.text === (file.path === birdConf ? main : text)));
  }

  async function findProblems(): Promise<string[]> {
    const problems: string[] = [];
    const expect = (what: string, is: boolean) => {
      if (!is) problems.push(what);
    };
    const runs = bird !== undefined;
    const {accepted: mark, rejected, trial} = agent.driver.status();
    const fitting = (isGood && runs ? [wanted] : await present())[0] ?? acceptable[0] ?? wanted;
    for (const {path: file, text} of filesOf(nodeOf(fitting))) {
      const present = await readFile(file, 'utf8').catch(() => 'missing');
      expect(`${path.basename(file)} is\n${present}and not\n${text}`, present === text);
    }
    expect('status says nothing of a rejection', isGood || rejected !== undefined || !runs);
    expect(`status says rejected: ${rejected?.reason}`, !isGood || rejected === undefined);
    expect(`status says that a trial goes on`, trial === undefined);
    expect(
      `status says ${mark?.how}`,
      mark?.how === (runs ? (isHidden ? 'signalled' : 'configured') : 'installed') ||
        (isHidden && mark?.how === 'configured') ||
        (!runs && mark?.how !== undefined),
    );
    const left = (await Promise.all([host.folder, confDir].map(folder => readdir(folder)))).flat();
    const known = [
      'bird.conf',
      'bird.ctl',
      'bird.ctl.hidden',
      'bird.pid',
      'conf.d',
      'other-bird.conf',
      'publisher.conf',
      'other.conf',
      '.romana-accepted',
    ];
    const odd = left.filter(name => !known.includes(name));
    expect(`left over: ${odd.join(', ')}`, odd.length === 0);
    const checked = await host.namespace.run('bird', ['-p', '-c', birdConf]).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(`a BIRD that is started now would not load: ${checked}`, checked === '');
    // The agent looks every 2 s who is up; of what BIRD loses before that it cannot know.
    expect('no session is noted', !runs || isHidden || (mark?.sessions ?? []).length > 0);
    if (runs && problems.length === 0) {
      const learned = await host.learned();
      expect(`the ToR has ${learned.join(' ')}`, learned.join() === blocks.toSorted().join());
      const {lines} = await control().command('show protocols');
      expect(
        `no session: ${lines.join('\n')}`,
        lines.some(line => /BGP .*Established/.test(line)),
      );
      const hasThird = (await readFile(foreign, 'utf8').catch(() => '')) !== '';
      expect(`the protocol of others: ${lines.join('\n')}`, lines.some(line => line.startsWith('third ')) === hasThird);
    }
    return problems;
  }

  /** An agent that can be killed: from then on nothing of what it asks for ever ends. What the system is doing for it ends before it is gone. */
  function startAgent() {
    let isDead = false;
    const underway = new Set<Promise<unknown>>();
    const {promise: died, resolve: die} = Promise.withResolvers<void>();
    const mortal =
      <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        if (isDead) return new Promise(() => undefined);
        const working = work(...args);
        underway.add(working);
        const result = await working.finally(() => underway.delete(working));
        return isDead ? new Promise(() => undefined) : result;
      };
    const files = new Proxy(systemFiles, {
      get(target, name) {
        const work: unknown = Reflect.get(target, name);
        return typeof work === 'function' ? mortal(async (...args: unknown[]) => Reflect.apply(work, target, args)) : work;
      },
    });
    return {
      driver: host.driver({files, run: mortal(host.namespace.run), isDead: () => isDead}),
      died,
      async kill() {
        isDead = true;
        die();
        await Promise.allSettled(underway);
      },
    };
  }
}

function filesOf(node: NodeState): readonly BirdFile[] {
  const [wish] = desiredBird(node);
  if (wish === undefined || wish.today instanceof Error) throw new Error('these templates were meant to be good', {cause: wish?.today});
  return wish.today.files;
}

/** Reads the live files all the time, and keeps what nobody should be able to read: what is not whole, or is never acceptable. */
function watchFiles(t: ExecutionContext, files: readonly string[], mayBeOnTrial: () => boolean) {
  const seen = new Set<string>();
  let isOver = false;
  let isPaused = false;
  const done = (async () => {
    while (!isOver) {
      for (const file of files) {
        const text = await readFile(file, 'utf8').catch(() => undefined);
        if (isPaused || text === undefined) continue;
        const isWhole = text.endsWith('\n') && (text.match(/\{/g) ?? []).length === (text.match(/\}/g) ?? []).length;
        if (!isWhole || (!mayBeOnTrial() && /rejekt|devise|65009|wrong|disabled|192\.0\.2\.|203\.0\.113\.| 0\.0\.0\.0\/0/.test(text)))
          seen.add(`${path.basename(file)}: ${text}`);
      }
      await systemClock.sleep(1);
    }
  })();
  t.teardown(() => {
    isOver = true;
  });
  return {
    async pauseWhile(work: () => Promise<void>) {
      isPaused = true;
      await work();
      isPaused = false;
    },
    async stop() {
      isOver = true;
      await done;
      return [...seen];
    },
  };
}
