import {maxOperations, maxRequestBytes} from './store.ts';

/** What gRPC says of a request that failed: a status (its number) and the words of etcd or of the connection. */
export class RpcError extends Error {
  readonly code = 'ERR_RPC';
  readonly status: number;
  /** It failed at what has to come before the request itself, such as a token. */
  readonly isBeforehand: boolean;

  constructor(status: number, details: string, {isBeforehand = false, ...options}: {cause?: unknown; isBeforehand?: boolean} = {}) {
    super(details, options);
    this.name = 'RpcError';
    this.status = status;
    this.isBeforehand = isBeforehand;
  }
}

// Of gRPC's statuses, those that are told apart here.
export const [deadlineExceeded, unavailable] = [4, 14];
const [cancelled, unknown, aborted, internal] = [1, 2, 10, 13];
const [invalidArgument, notFound, permissionDenied, outOfRange, unauthenticated] = [3, 5, 7, 11, 16];

/** Takes the parts of gRPC's own error that say something. */
export function parseRpcError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return error;
  return new RpcError(error.code, 'details' in error && typeof error.details === 'string' ? error.details : error.message, {cause: error});
}

/** Another member, or the same one a little later, may do better. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false;
  return (
    [cancelled, unknown, deadlineExceeded, aborted, internal, unavailable].includes(error.status) || /too many requests/.test(error.message)
  );
}

/** It is certain that nothing was changed: the request was never sent, or refused before it was taken up. */
export function isUndone(error: unknown): boolean {
  if (!(error instanceof RpcError)) return false;
  if ([invalidArgument, notFound, permissionDenied, outOfRange, unauthenticated].includes(error.status)) return true;
  return isNotSent(error) || /raft proposal dropped|etcdserver: (no leader|too many requests)/.test(error.message);
}

/** There is no connection, and no request has gone out. */
export function isNotSent(error: unknown): boolean {
  return (
    error instanceof RpcError && (isUnconnected(error) || /Channel closed before call started|Waiting for LB pick/.test(error.message))
  );
}

/** Nobody answers at that address, or not as an etcd does: there is no use in trying again within the same request. */
export function isUnconnected(error: unknown): boolean {
  return error instanceof RpcError && /^No connection established/.test(error.message);
}

/** The connection itself is in doubt, not what etcd said over it. */
export function isConnectionInDoubt(error: unknown): boolean {
  return isPassing(error) && error instanceof RpcError && !/etcdserver:|raft proposal dropped/.test(error.message);
}

/** The token has run out, is not known (etcd forgets them when it restarts), or is older than the last change of users and roles. */
export function isTokenRefused(error: unknown): boolean {
  return error instanceof RpcError && /invalid auth token|revision of auth store is old|user name is empty/.test(error.message);
}

export function isLoginRefused(error: unknown): boolean {
  return error instanceof RpcError && /authentication failed, invalid user/.test(error.message);
}

/** Etcd checks no users at all. */
export function isAuthOff(error: unknown): boolean {
  return error instanceof RpcError && /authentication is not enabled/.test(error.message);
}

export function isCompacted(error: unknown): boolean {
  return error instanceof RpcError && /required revision has been compacted/.test(error.message);
}

/** What the texts are about. */
export interface Accused {
  readonly username?: string;
  /** The certificate that we show, in words. */
  readonly certificate?: string;
  /** What a write held. */
  sent?(): string;
}

type Describe = (match: RegExpExecArray, accused: Accused) => string;

const descriptions: ReadonlyArray<readonly [RegExp, Describe]> = [
  [
    /database space exceeded/,
    () =>
      'etcd is out of space and takes no writes (alarm NOSPACE): compact its history, run "etcdctl defrag" on each member, then "etcdctl alarm disarm"',
  ],
  [/too many operations/, (_, {sent}) => `${sent?.()}, and etcd takes ${maxOperations} of each in one transaction (--max-txn-ops)`],
  [
    /request is too large|message larger than max/,
    (_, {sent}) => `${sent?.()}, and etcd takes ${maxRequestBytes} bytes (--max-request-bytes)`,
  ],
  [
    /alert (?:bad certificate|certificate required|unknown ca|certificate expired|certificate revoked|certificate unknown)/,
    (_, {certificate}) =>
      certificate === undefined
        ? 'etcd asks for a client certificate: set etcd.tls.cert and etcd.tls.key'
        : `etcd refuses our certificate, ${certificate}: is it in its time, and signed by a CA that etcd trusts (--trusted-ca-file)?`,
  ],
  [
    /unable to verify the first certificate|unable to get (?:local )?issuer certificate|self[- ]signed certificate/,
    ([words]) => `the certificate of etcd is not signed by a CA in etcd.tls.ca (${words})`,
  ],
  [/certificate (?:has expired|is not yet valid)/, ([words]) => `the certificate of etcd is out of its time (${words})`],
  [/does not match certificate's altnames: (.*)\. Resolution/, ([, words]) => `the certificate of etcd is for another address: ${words}`],
  [
    /before secure TLS connection was established|wrong version number/,
    () => 'no TLS is spoken there: should the endpoint begin with http://, or is the port another one?',
  ],
  [
    /^No connection established\. Last error: .*(?:ECONNRESET|EPIPE)/,
    () => 'the connection was broken off at once: is it http:// or https:// there?',
  ],
  [/^No connection established\. Last error: Failed to connect/, () => 'the connection was closed at once: does this etcd want https://?'],
  [
    /^No connection established\. Last error: (?:Error: )?(.*?)\s*(?:\(\d{4}-[^)]*\))?\.? Resolution/s,
    ([, words]) => `no connection: ${words}`,
  ],
  [/^No connection established|^Channel closed before|Waiting for LB pick/, () => 'no connection within the time'],
  [/^Connection dropped|ECONNRESET|socket hang up/, () => 'the connection broke off'],
  [/^Deadline exceeded(?: after ([\d.]+ ?m?s))?/, ([, time]) => `no answer within ${time ?? 'the time'}`],
  [/request timed out/, ([words]) => `${words}: has the cluster lost most of its members, or is a disk slow?`],
  [/requested lease not found/, () => 'the lease has ended'],
  [/no leader|raft proposal dropped/, () => 'the cluster has no leader: are most of its members up?'],
  [/authentication failed/, (_, {username}) => `user ${username} is not known, or has another password (etcd.username, etcd.passwordFile)`],
  [/user name is empty/, () => 'etcd asks for a user: set etcd.username and etcd.passwordFile, or use a client certificate that names one'],
  [
    /permission denied/,
    (_, {username}) =>
      `${username === undefined ? 'this client' : `user ${username}`} lacks rights: ` +
      'its role needs "readwrite --prefix" on etcd.prefix followed by "/" and by "." (/romana/ and /romana.)',
  ],
];

/** Says in one sentence, without its full stop, what is wrong and where to look. */
export function describeFault(error: unknown, accused: Accused): string {
  const text = error instanceof Error ? error.message : String(error);
  for (const [pattern, describe] of descriptions) {
    const match = pattern.exec(text);
    if (match !== null) return describe(match, accused);
  }
  return text;
}
