import type {ProtocolStates} from './baseline.ts';
import type {BirdControl} from './control-socket.ts';
import {symbolOf} from './protocols.ts';

/**
 * Neighbours of OSPF that have said nothing for longer than their hello interval, in words. One with another password stays a neighbour until its
 * dead interval is over, which is mostly longer than a trial; its silence shows before. Rejects as the control does.
 */
export async function readSilence(control: BirdControl, states: ProtocolStates): Promise<string[]> {
  const silent: string[] = [];
  for (const protocol of [...states.values()].filter(({proto, isUp}) => proto.startsWith('OSPF') && isUp)) {
    const {lines: interfaces} = await control.command(`show ospf interface ${symbolOf(protocol)}`);
    const {lines: neighbours} = await control.command(`show ospf neighbors ${symbolOf(protocol)}`);
    const intervals = parseIntervals(interfaces);
    for (const {dev, address, deadInSeconds} of parseDeadTimes(neighbours)) {
      const {hello = 0, dead = 0} = intervals.get(dev) ?? {};
      const seconds = dead - deadInSeconds;
      if (hello > 0 && seconds > hello * 1.5 + 1)
        silent.push(`${protocol.name} has heard nothing of ${address} for ${Math.floor(seconds)} s`);
    }
  }
  return silent;
}

/** "Interface eth0 (192.168.20.0/24)", and below it "Hello timer: 10", "Dead timer: 40". */
function parseIntervals(lines: readonly string[]): ReadonlyMap<string, {hello?: number; dead?: number}> {
  const intervals = new Map<string, {hello?: number; dead?: number}>();
  let dev = '';
  for (const line of lines) {
    dev = /^Interface (\S+)/.exec(line)?.[1] ?? dev;
    const [, what, seconds] = /^\s+(Hello|Dead) timer: (\d+)/.exec(line) ?? [];
    if (what !== undefined) intervals.set(dev, {...intervals.get(dev), [what.toLowerCase()]: Number(seconds)});
  }
  return intervals;
}

/** The time that is left to a neighbour is written "38.276", by BIRD 1.6 "00:38". */
function parseDeadTimes(lines: readonly string[]): {dev: string; address: string; deadInSeconds: number}[] {
  return lines.flatMap(line => {
    const groups = neighbourPattern.exec(line.trim())?.groups;
    if (groups === undefined) return [];
    const {time = '', dev = '', address = ''} = groups;
    const [seconds = 0, minutes = 0] = time.split(':').map(Number).toReversed();
    return [{dev, address, deadInSeconds: minutes * 60 + seconds}];
  });
}

const neighbourPattern = /^\d+\.\d+\.\d+\.\d+\s+\d+\s+\S+\s+(?<time>[\d.:]+)\s+(?<dev>\S+)\s+(?<address>\S+)$/;
