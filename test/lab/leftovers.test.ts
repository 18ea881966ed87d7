import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import {promisify} from 'node:util';
import {labNames, namespacesOf, removeLab} from '../../src/lab/down.ts';
import {readLab, startLab} from '../../src/lab/lab.ts';
import {parseLabFile} from '../../src/lab/lab-file.ts';
import {namespaceOf} from '../../src/lab/names.ts';
import {nodeOf} from '../../src/lab/plan-nodes.ts';
import {processesIn} from '../../src/lab/processes.ts';
import {romanaRoutes} from '../../src/lab/status.ts';
import {waitFor} from '../helpers/wait.ts';
import {labName, labTest, parts} from './lab-of-test.ts';

const text = readFileSync('lab/two-racks.yaml', 'utf8');
const execute = promisify(execFile);

labTest('an "up" that is killed half-way is cleaned by the next one', async t => {
  const name = labName(t);
  const child = execFile('bin/romana', ['lab', 'up', 'lab/two-racks.yaml', '--name', name, '--fabric-only']);
  await waitFor('half of the lab is there', async () => (await namespacesOf(parts.run, name)).length >= 4);
  child.kill('SIGKILL');
  const foreign = `/run/romana-lab/${name}/stale/file`;
  mkdirSync(`/run/romana-lab/${name}/stale`, {recursive: true});
  writeFileSync(foreign, 'left over');
  const {stdout} = await execute('bin/romana', ['lab', 'up', 'lab/two-racks.yaml', '--name', name, '--fabric-only']);
  t.regex(stdout, new RegExp(`^lab ${name} is up after [\\d.]+ s: master, spine-1, `));
  t.false(existsSync(foreign));
  const plan = await readLab(parts, name);
  t.is((await romanaRoutes(parts, plan, nodeOf(plan, 'spine-1'))).length, 2);
});

labTest('what a crash left of a lab is found and removed without its files', async t => {
  const name = labName(t);
  const namespace = namespaceOf(name, 'host-1');
  await parts.run('ip', ['netns', 'add', namespace]);
  mkdirSync(`/etc/netns/${namespace}/iproute2`, {recursive: true});
  await parts.run('ip', ['netns', 'exec', namespace, 'sh', '-c', 'trap "" TERM; setsid sleep 1000 >/dev/null 2>&1 & exit 0']);
  t.is((await processesIn(parts.run, namespace)).length, 1);
  t.true((await labNames(parts.run)).includes(name));
  t.true(await removeLab(parts, name));
  t.false((await labNames(parts.run)).includes(name));
  t.false(existsSync(`/etc/netns/${namespace}`));
});

labTest('two labs at once: the same addresses, and removing one leaves the other whole; nothing appears on the machine itself', async t => {
  const names = [labName(t), labName(t)];
  const before = await machineState();
  const plans = await Promise.all(names.map(name => startLab(parts, parseLabFile(text, 'two-racks.yaml', name), {control: false})));
  t.is(await machineState(), before);
  const [first, second] = plans;
  if (first === undefined || second === undefined) return t.fail();
  await removeLab(parts, first.name);
  t.is(await machineState(), before);
  t.is(processesNaming(first.name).length, 0);
  t.is((await romanaRoutes(parts, second, nodeOf(second, 'spine-1'))).length, 2);
  t.true((await processesIn(parts.run, nodeOf(second, 'tor-1').namespace)).length >= 4);
});

/** The machine's own links, addresses, routes and rules. */
async function machineState(): Promise<string> {
  const outputs = await Promise.all(['link', 'address', 'route', 'rule'].map(what => parts.run('ip', ['-oneline', what, 'show'])));
  return outputs.join('\n').replaceAll(/(?:valid|preferred)_lft \S+/g, '');
}

/** The pids of processes whose command line speaks of the lab. */
function processesNaming(lab: string): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`/${lab}/`) && readlinkSync(`/proc/${pid}/exe`) !== ''
      );
    } catch {
      return false;
    }
  });
}
