import {type BirdControl, BirdControlError, type BirdReply} from './control-socket.ts';

/** The answer to `show status`. */
export interface BirdStatus {
  /** When the running configuration was read, as BIRD writes it: with each configuration comes another time, and `configure undo` brings the old one back. */
  readonly configuredAt: string;
  readonly bootedAt: string;
  readonly isReconfiguring: boolean;
}

/** A BIRD that is well answers within milliseconds, also while it reads a configuration of thousands of routes. */
const timeoutMs = 5000;

export async function readBirdStatus(control: BirdControl): Promise<BirdStatus> {
  const reply = await control.command('show status', {timeoutMs});
  if (reply.code !== '0013') throw new BirdControlError(`BIRD answered "show status" with ${reply.code} ${reply.lines.at(-1) ?? ''}`);
  return parseBirdStatus(reply);
}

export function parseBirdStatus({lines}: BirdReply): BirdStatus {
  const after = (start: string) => lines.find(line => line.startsWith(start))?.slice(start.length) ?? '';
  return {
    configuredAt: after('Last reconfiguration on '),
    bootedAt: after('Last reboot on '),
    isReconfiguring: /reconfiguration in progress/i.test(lines.at(-1) ?? ''),
  };
}

/** BIRD counts such a time back from now at every question, so that the same one may differ in its last digits. */
export function isSameTime(a: string, b: string): boolean {
  if (a === b) return true;
  const [first, second] = [a, b].map(text => /^(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d)(\.\d+)$/.exec(text));
  if (first === null || first === undefined || second === null || second === undefined) return false;
  const milliseconds = ([, date = '1970-01-01', time, fraction]: RegExpExecArray) =>
    Date.parse(`${date}T${time}Z`) + Number(fraction) * 1000;
  return Math.abs(milliseconds(first) - milliseconds(second)) < 3;
}
