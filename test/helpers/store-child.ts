import {createEtcdStore} from '../../src/store/etcd.ts';

// A program of its own, for a network namespace: it watches an etcd and reads from it again and again, and prints what happens, a JSON object a line.

const [endpoint = ''] = process.argv.slice(2);
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const store = createEtcdStore({endpoints: [endpoint], deadlineMs: 1000, probeMs: 200});

await store.watch('/romana/', 1, {
  onEvents: events => print({told: events.map(({key}) => key)}),
  onConnected: () => print({watch: 'connected'}),
  onDisconnected: () => print({watch: 'disconnected'}),
  onLost: () => print({watch: 'lost'}),
});
for (;;) {
  const start = Date.now();
  const error = await store.get('/romana/a').then(
    () => '',
    reason => String(reason),
  );
  print({ms: Date.now() - start, error});
  await new Promise(resolve => setTimeout(resolve, 50));
}
