import type {Clock} from '../system/clock.ts';
import type {Run} from '../system/run.ts';
import {labsFolder, namespacePrefix} from './names.ts';
import {batch} from './namespaces.ts';
import {type LabParts, shell, until} from './parts.ts';
import {processesIn, signalProcesses} from './processes.ts';

/**
 * Removes everything that carries the lab's name, whether it is whole, half made or half removed: processes first,
 * then namespaces (and with them links), then files. Needs no memory of what was made. True when there was something.
 */
export async function removeLab({run, clock}: Pick<LabParts, 'run' | 'clock'>, lab: string): Promise<boolean> {
  const namespaces = await namespacesOf(run, lab);
  await endProcesses(run, clock, namespaces);
  await batch(
    run,
    ['-force'],
    namespaces.map(namespace => `netns delete ${namespace}`),
  ).catch(async error => {
    // Somebody else may have removed the lab at the same time.
    if ((await namespacesOf(run, lab)).length > 0) throw error;
  });
  const script = `
    found=''
    for path in "/etc/netns/$1"* "$2"; do
      if [ -e "$path" ]; then found=yes; rm -rf "$path"; fi
    done
    for folder in /etc/netns "$3"; do [ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"; done
    echo "$found"`;
  const found = await shell(run, script, [namespacePrefix(lab), `${labsFolder}/${lab}`, labsFolder]);
  return namespaces.length > 0 || found.trim() !== '';
}

/** The names of all namespaces of a lab, endpoints included. */
export async function namespacesOf(run: Run, lab: string): Promise<string[]> {
  return (await allNamespaces(run)).filter(name => name.startsWith(namespacePrefix(lab)));
}

/** The names of all labs of which anything is there. */
export async function labNames(run: Run): Promise<string[]> {
  const folders = await shell(run, '[ ! -d "$1" ] || ls "$1"', [labsFolder]);
  const fromNamespaces = (await allNamespaces(run)).flatMap(name => /^romana\.([a-z0-9-]+)\./.exec(name)?.[1] ?? []);
  return [...new Set([...folders.split('\n').filter(Boolean), ...fromNamespaces])].toSorted();
}

async function allNamespaces(run: Run): Promise<string[]> {
  return (await shell(run, '[ ! -d /run/netns ] || ls /run/netns')).split('\n').filter(Boolean);
}

/** Asks every process in the namespaces to end, and kills what has not after a while. */
async function endProcesses(run: Run, clock: Clock, namespaces: readonly string[]): Promise<void> {
  const alive = async () => (await Promise.all(namespaces.map(namespace => processesIn(run, namespace)))).flat();
  const isQuiet = async () => (await alive()).length === 0;
  await signalProcesses(run, await alive(), 'TERM');
  await until(clock, 'processes end by themselves', isQuiet, {limitMs: 3000}).catch(async () => {
    await until(clock, `processes of ${namespaces.join(', ')} are killed`, async () => {
      const left = await alive();
      await signalProcesses(run, left, 'KILL');
      return left.length === 0;
    });
  });
}
