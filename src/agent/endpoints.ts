import {isDeepStrictEqual} from 'node:util';
import {type Attachment, deviceOf, type Endpoint, type EndpointFacts} from '../core/endpoint.ts';
import {EndpointError} from '../core/endpoint-error.ts';
import {createEndpointReport, type EndpointReport} from '../core/endpoint-report.ts';
import {InputError, messageOf} from '../core/errors.ts';
import {checkAllocation, checkNewEndpoint} from '../core/new-endpoint.ts';
import type {NodeState} from '../core/node-state.ts';
import {type Family, familyOf, hostPrefix} from '../core/prefix.ts';
import {HttpError} from '../rest/problem.ts';
import type {Clock} from '../system/clock.ts';
import type {FileSystem} from '../system/file-system.ts';
import type {Logger} from '../system/log.ts';
import {createEndpointFile} from './endpoint-file.ts';
import {type EndpointRecord, parseEndpoint, recordOf} from './endpoint-records.ts';

export interface EndpointsOptions {
  /** The file that lists the endpoints that are wanted. */
  readonly file: string;
  readonly files: Pick<FileSystem, 'read' | 'replace'>;
  readonly gateways: EndpointFacts['gateways'];
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info'>;
  /** Tells one network namespace from the next at the same path; undefined where there is none. */
  readNamespaceId(path: string): Promise<string | undefined>;
  /** Why there can be no veth pair into a network namespace that is there, as a sentence; undefined when there can. */
  whyNoPair(question: {
    readonly netns: string;
    readonly ifname: string;
    readonly families: ReadonlySet<Family>;
  }): Promise<string | undefined>;
  /**
   * What is known now, with the newest whole state of the store; undefined before there is any. Where the kernel is not asked again, its latest changes
   * may be missing.
   */
  look(isKernelAsked: boolean): Promise<NodeState | undefined>;
  /** Asks for a pass, and waits until one that began after that is over. */
  pass(): Promise<void>;
  /** What the last pass decided from, and what of it has failed. */
  readonly last: () => {readonly node: NodeState | undefined; readonly errors: readonly unknown[]};
}

/** An endpoint as it is listed: as it was asked for, and how it does. */
export type ListedEndpoint = EndpointReport & Omit<EndpointRecord, 'interface' | 'ips'>;

/** The endpoints of this host. What is wanted stands in a file; the passes make it so. */
export interface Endpoints {
  /** For a pass. A file that could not be read is tried again each time. */
  readFacts(): Promise<EndpointFacts>;
  /** How each does; none where it is not known which are wanted. */
  report(): readonly ListedEndpoint[];
  /** The same; throws where it is not known. */
  list(): readonly ListedEndpoint[];
  /** Throws InputError or HttpError with a sentence. An endpoint that could not be set up stays wanted, and is tried again with every pass. */
  put(name: string, record: EndpointRecord): Promise<ListedEndpoint>;
  /** One that cannot be taken away at once is, too: HttpError 503 tells so. */
  remove(name: string): Promise<void>;
}

/** How long a state that knows of an address may be on its way from the store. */
const patienceMs = 3000;
const lookMs = 50;
const ownNamespace = '/proc/self/ns/net';

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const {file, files, gateways, clock, log, readNamespaceId, whyNoPair, look, pass, last} = options;
  const list = createEndpointFile(file, files);
  let turn: Promise<unknown> = Promise.resolve();

  /** One change after the other: each looks at those before it. */
  const inTurn = <Value>(action: () => Promise<Value>): Promise<Value> => {
    const mine = turn.then(action);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const readNamespaces = async (attachments: readonly Attachment[]) => {
    const paths = attachments.flatMap(attachment => (attachment.kind === 'netns' ? [attachment.netns] : []));
    const found = await Promise.all(paths.map(async path => [path, await readNamespaceId(path)] as const));
    return new Map(found.flatMap(([path, id]) => (id === undefined ? [] : [[path, id] as const])));
  };

  const lookFor = async ({attachment}: Endpoint, isKernelAsked: boolean): Promise<NodeState> => {
    const node = await look(isKernelAsked).catch((error: unknown) => {
      throw new HttpError(503, `What this host is like cannot be found out now: ${messageOf(error)}`);
    });
    if (node === undefined) {
      throw new HttpError(503, 'Nothing is done on this host before the agent has read the first whole state of the store.');
    }
    return {...node, endpoints: {wanted: list.wanted, gateways, namespaces: await readNamespaces([attachment])}};
  };

  /** Waits for a state that may still be on its way. */
  const awaitAllocation = async (endpoint: Endpoint): Promise<NodeState> => {
    const deadline = clock.now() + patienceMs;
    for (;;) {
      const node = await lookFor(endpoint, false);
      try {
        checkAllocation(endpoint, node);
        return node;
      } catch (error) {
        if (clock.now() > deadline) throw error;
        await clock.sleep(lookMs);
      }
    }
  };

  const checkNamespace = async ({attachment, ips}: Endpoint) => {
    if (attachment.kind !== 'netns') return;
    const {netns, ifname} = attachment;
    if ((await readNamespaceId(netns)) === (await readNamespaceId(ownNamespace))) {
      throw new InputError('ERR_INVALID', `Network namespace ${netns} is that of this host itself: what runs in it is a local endpoint.`);
    }
    const reason = await whyNoPair({netns, ifname, families: new Set(ips.map(familyOf))});
    if (reason !== undefined) throw new InputError('ERR_CONFLICT', reason);
  };

  /** False for one that is there already. */
  const isNew = (endpoint: Endpoint): boolean => {
    const present = list.known().find(({name}) => name === endpoint.name);
    if (present === undefined) return true;
    if (isDeepStrictEqual(recordOf(present), recordOf(endpoint))) return false;
    throw new InputError('ERR_CONFLICT', `There is an endpoint ${endpoint.name} already, and it is another one: remove that first.`);
  };

  const add = async (endpoint: Endpoint, node: NodeState) => {
    if (!isNew(endpoint)) return;
    try {
      checkNewEndpoint(endpoint, list.known(), node);
    } catch {
      // The interface, for one, may have been made just now.
      checkNewEndpoint(endpoint, list.known(), await lookFor(endpoint, true));
    }
    await checkNamespace(endpoint);
    await list.save([...list.known(), endpoint]);
    log.info({endpoint: endpoint.name, ips: endpoint.ips}, 'endpoint is wanted');
  };

  /** Before there is anything to decide from, no pass will come. */
  const passIfAny = async () => {
    if ((await look(false).catch(() => undefined)) !== undefined) await pass();
  };

  /** What comes first tells why what comes after fails, too. */
  const failuresOf = (errors: readonly unknown[]) =>
    new Map(errors.toReversed().flatMap(error => (error instanceof EndpointError ? [...error.failures] : [])));

  const createListing = () => {
    const {node, errors} = last();
    const report = createEndpointReport(node, failuresOf(errors));
    return (endpoint: Endpoint): ListedEndpoint => {
      const {interface: _given, ...record} = recordOf(endpoint);
      return {...record, ...report(endpoint)};
    };
  };
  const listed = (endpoints: readonly Endpoint[]) => endpoints.map(createListing()).toSorted((a, b) => (a.name < b.name ? -1 : 1));

  return {
    async readFacts() {
      const wanted = await list.load();
      const attachments = 'problem' in wanted ? [] : wanted.map(({attachment}) => attachment);
      return {wanted, gateways, namespaces: await readNamespaces(attachments)};
    },
    report: () => ('problem' in list.wanted ? [] : listed(list.wanted)),
    list: () => listed(list.known()),
    async put(name, record) {
      const endpoint = parseEndpoint(name, record);
      await list.load();
      if (isNew(endpoint)) {
        const node = await awaitAllocation(endpoint);
        await inTurn(() => add(endpoint, node));
      }
      await passIfAny();
      const result = createListing()(endpoint);
      if (result.state !== 'failed') return result;
      throw new HttpError(
        503,
        `Endpoint ${name} cannot be set up now: ${result.reason}. It stays wanted, and is tried again; or remove it.`,
      );
    },
    async remove(name) {
      await list.load();
      const removed = await inTurn(async () => {
        const endpoint = list.known().find(each => each.name === name);
        if (endpoint === undefined) throw notFound(name);
        await list.save(list.known().filter(each => each !== endpoint));
        log.info({endpoint: name}, 'endpoint is not wanted any more');
        return endpoint;
      });
      await passIfAny();
      const failures = failuresOf(last().errors);
      const reason = tracesOf(removed)
        .map(trace => failures.get(trace))
        .find(each => each !== undefined);
      if (reason === undefined) return;
      throw new HttpError(503, `Endpoint ${name} is not wanted any more, but cannot be taken away now: ${reason}. That is tried again.`);
    },
  };
}

/** By what errors name things of an endpoint that is not wanted any more. */
function tracesOf(endpoint: Endpoint): string[] {
  const {handle, ips} = endpoint;
  return [deviceOf(endpoint) ?? '', handle, ...ips, ...ips.map(hostPrefix)];
}

function notFound(name: string): Error {
  return Object.assign(new InputError('ERR_NOT_FOUND', `There is no endpoint ${name} on this host.`), {
    resourceType: 'endpoint',
    resourceId: name,
  });
}
