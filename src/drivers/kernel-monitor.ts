import {routeProtocol} from '../core/route-protocol.ts';
import type {FileSystem} from '../system/file-system.ts';
import type {FollowLines, LineFollower} from '../system/follow-lines.ts';
import type {KernelRoute} from './ip-route.ts';
import {parseRouteLine} from './route-line.ts';

/** What the kernel tells about its own changes. */
export interface KernelListener {
  /** A route that carries our protocol number was made or changed, or is gone. */
  onOwnRoute(route: KernelRoute, isGone: boolean): void;
  /** Something else that decisions hang on: links, addresses, rules; or, which may be many, routes of others. */
  onOther(what: 'machine' | 'routes'): void;
  /** An address that carries our mark was made, or its lifetime prolonged. */
  onOwnAddress(address: string): void;
  /** From now on nothing is missed; called again after each time that something was. */
  onConnected(): void;
  onDisconnected(reason: string): void;
}

export interface KernelMonitor {
  close(): void;
}

export interface MonitorOptions {
  readonly follow: FollowLines;
  readonly files: Pick<FileSystem, 'read'>;
  readonly listener: KernelListener;
  /** How an address of ours shows in a line, as in "metric 1144". */
  readonly addressMark: string;
}

const args = ['-details', '-N', '-oneline', '-rcvbuf', '8388608', 'monitor', 'link', 'address', 'route', 'rule'];
const retryMs = 1000;
const lookMs = 20;
const ownMark = ` proto ${routeProtocol} `;

/** Listens to the kernel for as long as it is not closed; starts the listening program again when it ends. */
export function createKernelMonitor({follow, files, listener, addressMark}: MonitorOptions): KernelMonitor {
  let follower: LineFollower | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const start = () => {
    const own = follow('ip', args, {
      onLine: line => hear(line, listener, addressMark),
      onEnd(reason) {
        clearTimeout(timer);
        listener.onDisconnected(reason);
        if (!isClosed) timer = setTimeout(start, retryMs);
      },
    });
    follower = own;
    // The program does not say when it listens; the kernel does.
    const look = async () => {
      const sockets = (await files.read(`/proc/${own.pid}/net/netlink`).catch(() => undefined)) ?? '';
      if (isClosed || follower !== own) return;
      if (isListening(sockets, own.pid)) listener.onConnected();
      else timer = setTimeout(() => void look(), lookMs);
    };
    void look();
  };
  start();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      follower?.close();
    },
  };
}

function hear(line: string, listener: KernelListener, addressMark: string): void {
  const isGone = line.startsWith('Deleted ');
  const text = isGone ? line.slice('Deleted '.length) : line;
  // What the program says itself: that the kernel had more to tell than it could take in, for one.
  if (!/^\d/.test(text)) {
    if (line.trim() !== '') listener.onOther('machine');
    return;
  }
  const isRoute = /^\d+ /.test(text);
  if (isRoute && `${text} `.includes(ownMark)) {
    const route = parseRouteLine(text);
    if (route === undefined) listener.onOther('machine');
    else listener.onOwnRoute(route, isGone);
  } else if (isRoute) listener.onOther('routes');
  else if (!isGone && text.includes(` ${addressMark} `)) listener.onOwnAddress(/ inet6? ([^/ ]+)/.exec(text)?.[1] ?? '');
  else listener.onOther('machine');
}

/** Whether the process has a routing socket (protocol 0) that has joined groups; the columns are socket, protocol, process, groups. */
function isListening(sockets: string, pid: number | undefined): boolean {
  return sockets.split('\n').some(line => {
    const [, protocol, owner, groups] = line.trim().split(/\s+/);
    return protocol === '0' && owner === String(pid) && /[1-9a-f]/.test(groups ?? '');
  });
}
