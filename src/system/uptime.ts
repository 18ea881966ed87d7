import {readFileSync} from 'node:fs';

/**
 * Milliseconds since the machine was started, in steps of 10. Nothing sets this clock, it goes on while the machine sleeps, and a shell can
 * read the very same one.
 */
export function uptimeMs(): number {
  const [seconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Math.round(Number(seconds) * 1000);
}

/** What the kernel has made up for this run of the machine. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
