import {noop} from 'cockatiel';
import {
  AuthClient,
  type ICallable,
  type IDuplexStream,
  type IOptions,
  type IWatchRequest,
  type IWatchResponse,
  KVClient,
  LeaseClient,
} from 'etcd3';
import {ConnectionPool, type Host} from 'etcd3/lib/connection-pool.js';
import {isAuthOff, isTokenRefused, isUnconnected, parseRpcError, RpcError} from './etcd-faults.ts';
import {createTokens} from './etcd-token.ts';

export type Credentials = NonNullable<IOptions['credentials']>;

export interface Login {
  readonly username: string;
  readonly password: string;
}

export type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;

/** What a member can be asked for. */
export interface Services {
  readonly kv: KVClient;
  readonly lease: LeaseClient;
}

/** One member of the cluster. Its requests fail with the errors of the client, and are never repeated behind our back. */
export interface Member {
  readonly endpoint: string;
  /** Makes a request that ends by that time (milliseconds since 1970). */
  ask<Result>(deadline: number, request: (services: Services, options: {deadline: number}) => Promise<Result>): Promise<Result>;
  /** Opens a stream for watches. It ends by itself when this member has no leader any more. */
  openWatch(deadline: number): Promise<WatchStream>;
  /** After an error that puts the connection in doubt: lets go of it, so that what comes next makes a new one. */
  distrust(error: unknown): void;
  /** Asks for a new token the next time. */
  forgetToken(): void;
  close(): void;
}

export interface MemberOptions {
  readonly endpoint: string;
  readonly credentials?: Credentials;
  readonly login?: Login;
}

const maxTokens = 3;

const channelOptions = {
  // The default of 4 MiB is less than what some 17,000 of our keys take.
  'grpc.max_receive_message_length': -1,
  // Without keepalive a connection whose packets vanish is never found out. Not below 5 s, or etcd hangs up ("excess pings").
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3000,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A connection that was let go of must not come back as another channel's.
  'grpc.use_local_subchannel_pool': 1,
  // Whoever asks decides what is asked again, and each call is a tenth cheaper.
  'grpc.enable_retries': 0,
};

// A member that hangs still takes connections, and each that is given up on the way stays open until it goes on.
const shortestPatienceMs = 500;
const longestPatienceMs = 10_000;

/**
 * Connects to one member, when it is first asked. Of the client its connections and its protocol are used, not what it does about failures:
 * it repeats writes whose answer was lost, stops asking a member that came back, and renews a token that is refused for ever.
 */
export function createMember({endpoint: url, credentials, login}: MemberOptions): Member {
  const {protocol, host: address} = new URL(url);
  const endpoint = `${protocol}//${address}`;
  const faultHandling = {host: () => noop, global: noop};
  const pool = new ConnectionPool({hosts: endpoint, faultHandling, grpcOptions: channelOptions, ...(credentials && {credentials})});
  let host: Host | undefined;
  let [patienceMs, distrustedUntil] = [shortestPatienceMs, 0];

  const callableWith = (token: string | undefined): ICallable<Host> => {
    const callable: ICallable<Host> = {
      callOptionsFactory: undefined,
      markFailed: () => undefined,
      withConnection: (service, use) =>
        pool.withConnection(service, ({client, metadata, resource}) => {
          host = resource;
          // A member without a leader refuses at once, instead of holding the request until its time is up.
          metadata.set('hasleader', 'true');
          if (token !== undefined) metadata.set('token', token);
          return use({client, metadata, resource});
        }),
      exec: (service, method, parameters, options = {}) =>
        callable.withConnection(service, ({client, metadata}) => callMethod(client, method, [parameters, metadata, options])),
    };
    return callable;
  };

  const tokens = createTokens(async deadline => {
    if (login === undefined) return undefined;
    const request = {name: login.username, password: login.password};
    const auth = new AuthClient(callableWith(undefined));
    return auth.authenticate(request, {deadline}).then(
      ({token}) => token,
      error => {
        if (isAuthOff(error)) return undefined;
        throw error instanceof RpcError ? new RpcError(error.status, error.message, {cause: error, isBeforehand: true}) : error;
      },
    );
  });

  return {
    endpoint,
    async ask(deadline, request) {
      for (let attempt = 1; ; attempt++) {
        const token = await tokens.get(deadline);
        try {
          const callable = callableWith(token);
          const result = await request({kv: new KVClient(callable), lease: new LeaseClient(callable)}, {deadline});
          patienceMs = shortestPatienceMs;
          return result;
        } catch (error) {
          // Refused before anything was done, so that a write may be repeated too. On a busy machine a new token may run out on its way.
          if (login === undefined || attempt === maxTokens || !isTokenRefused(error)) throw error;
          tokens.forget(token);
        }
      }
    },
    async openWatch(deadline) {
      const token = await tokens.get(deadline);
      return callableWith(token).withConnection('Watch', ({client, metadata}) => openStream(client, metadata));
    },
    distrust(error) {
      const now = Date.now();
      if (!isUnconnected(error) && now < distrustedUntil) return;
      host?.resetAllServices();
      patienceMs = Math.min(patienceMs * 2, longestPatienceMs);
      distrustedUntil = now + patienceMs;
    },
    forgetToken: () => tokens.forget(),
    close: () => pool.close(),
  };
}

type Client = Parameters<Parameters<ConnectionPool['withConnection']>[1]>[0]['client'];
type Metadata = Parameters<Parameters<ConnectionPool['withConnection']>[1]>[0]['metadata'];
type Method = (...parameters: readonly unknown[]) => unknown;

// The client makes the methods of its services at run time, from etcd's protocol files; their types are known to its typed clients alone.
function callMethod<Result>(client: Client, method: string, parameters: readonly unknown[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const answer = (error: Error | null, response: Result) => (error === null ? resolve(response) : reject(parseRpcError(error)));
    (client as unknown as Readonly<Record<string, Method>>)[method]?.call(client, ...parameters, answer);
  });
}

function openStream(client: Client, metadata: Metadata): WatchStream {
  const stream = (client as unknown as {watch(metadata: Metadata): WatchStream}).watch(metadata);
  // An error that nobody listens to ends the process; whoever asked for the stream has yet to get it.
  return stream.on('error', () => undefined);
}
