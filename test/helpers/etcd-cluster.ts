import type {ExecutionContext} from 'ava';
import type {EtcdOptions} from '../../src/store/etcd.ts';
import {createKeys, type Keys} from '../../src/store/keys.ts';
import type {Listing, Store} from '../../src/store/store.ts';
import {createRun} from '../../src/system/run.ts';
import {dump, openStore} from './etcd.ts';
import {createEtcdProcess, type EtcdProcess, freePort} from './etcd-process.ts';
import {temporaryFolder} from './folder.ts';
import {waitFor} from './wait.ts';

/** A real cluster of one test. */
export interface TestCluster {
  readonly endpoints: readonly string[];
  readonly members: readonly TestMember[];
  readonly keys: Keys;
  /** A client of its own; it is closed with the test. */
  openStore(options?: Partial<EtcdOptions>): Store;
  dump(): Promise<Listing>;
  /** The member that leads, and those that follow it. Waits until there is one. */
  roles(): Promise<{leader: TestMember; followers: readonly TestMember[]}>;
  /** Makes a member the leader. */
  moveLeader(to: TestMember): Promise<void>;
}

export interface TestMember extends Omit<EtcdProcess, 'output'> {
  readonly endpoint: string;
}

const run = createRun();

/** Starts three etcds on free ports of loopback, and waits until they serve. They end with the test, failed or not. */
export async function startCluster(t: ExecutionContext): Promise<TestCluster> {
  const folder = await temporaryFolder(t);
  const names = ['a', 'b', 'c'];
  const sites = await Promise.all(
    names.map(async name => ({name, client: `http://127.0.0.1:${await freePort()}`, peer: `http://127.0.0.1:${await freePort()}`})),
  );
  const members = sites.map(({name, client, peer}) => {
    const etcd = createEtcdProcess(t, [
      `--name=${name}`,
      `--data-dir=${folder}/${name}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${sites.map(site => `${site.name}=${site.peer}`).join(',')}`,
    ]);
    const {start, ready, kill, pause, resume} = etcd;
    return {
      endpoint: client,
      get pid() {
        return etcd.pid;
      },
      start,
      ready,
      kill,
      pause,
      resume,
    };
  });
  for (const member of members) member.start();
  await Promise.all(members.map(member => member.ready()));
  const endpoints = members.map(({endpoint}) => endpoint);
  const keys = createKeys('/romana');

  const roles = () =>
    waitFor('the cluster has a leader', async () => {
      const answers = await Promise.all(members.map(member => statusOf(member).catch(() => undefined)));
      const index = answers.findIndex(answer => answer !== undefined && answer.leader === answer.header.member_id);
      const leader = members[index];
      return leader && {leader, followers: members.filter(member => member !== leader)};
    });

  return {
    endpoints,
    members,
    keys,
    openStore: (options = {}) => openStore(t, {endpoints, ...options}),
    dump: () => dump({endpoints}, keys),
    roles,
    async moveLeader(to) {
      const {leader} = await roles();
      const {header} = await statusOf(to);
      await run('etcdctl', ['--endpoints', leader.endpoint, 'move-leader', BigInt(header.member_id).toString(16)]);
    },
  };
}

interface MemberStatus {
  readonly leader: string;
  readonly header: {readonly member_id: string};
}

async function statusOf({endpoint}: Pick<TestMember, 'endpoint'>): Promise<MemberStatus> {
  const answer = await fetch(`${endpoint}/v3/maintenance/status`, {method: 'POST', body: '{}', signal: AbortSignal.timeout(1000)});
  return (await answer.json()) as MemberStatus;
}
