import {isDeepStrictEqual} from 'node:util';
import {type Attachment, type Endpoint, type EndpointFacts, knownEndpoints} from '../core/endpoint.ts';
import {EndpointError} from '../core/endpoint-error.ts';
import {createEndpointReport, type EndpointReport} from '../core/endpoint-report.ts';
import {InputError, messageOf} from '../core/errors.ts';
import {checkAllocation, checkNewEndpoint} from '../core/new-endpoint.ts';
import type {NodeState} from '../core/node-state.ts';
import {type Family, familyOf} from '../core/prefix.ts';
import {HttpError} from '../rest/problem.ts';
import type {Clock} from '../system/clock.ts';
import type {FileSystem} from '../system/file-system.ts';
import type {Logger} from '../system/log.ts';
import {type EndpointRecord, parseEndpoint, parseEndpointFile, recordOf, renderEndpointFile} from './endpoint-records.ts';

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
  remove(name: string): Promise<void>;
}

/** How long a state that knows of an address may be on its way from the store. */
const patienceMs = 3000;
const lookMs = 50;
const ownNamespace = '/proc/self/ns/net';

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const {file, files, gateways, clock, log, readNamespaceId, whyNoPair, look, pass, last} = options;
  let wanted: EndpointFacts['wanted'] = {problem: `${file} has not been read yet`};
  let turn: Promise<unknown> = Promise.resolve();

  const known = () => knownEndpoints({endpoints: {wanted, namespaces: new Map(), gateways}}).wanted;
  const load = async () => {
    if (!('problem' in wanted)) return;
    wanted = await readEndpointFile(files, file);
  };
  const save = async (endpoints: readonly Endpoint[]) => {
    await files.replace(file, renderEndpointFile(endpoints), {mode: 0o600});
    wanted = endpoints;
  };
  const readNamespaces = async (attachments: readonly Attachment[]) => {
    const paths = attachments.flatMap(attachment => (attachment.kind === 'netns' ? [attachment.netns] : []));
    const found = await Promise.all(paths.map(async path => [path, await readNamespaceId(path)] as const));
    return new Map(found.flatMap(([path, id]) => (id === undefined ? [] : [[path, id] as const])));
  };
  const listed = (endpoints: readonly Endpoint[]): ListedEndpoint[] => {
    const {node, errors} = last();
    // What comes first tells why what comes after fails, too.
    const failures = new Map(errors.toReversed().flatMap(error => (error instanceof EndpointError ? [...error.failures] : [])));
    const report = createEndpointReport(node, failures);
    const all = endpoints.map(endpoint => {
      const {interface: _given, ...record} = recordOf(endpoint);
      return {...record, ...report(endpoint)};
    });
    return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  };
  /** One change after the other: each looks at those before it. */
  const inTurn = <Value>(action: () => Promise<Value>): Promise<Value> => {
    const mine = turn.then(action);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const lookFor = async ({attachment}: Endpoint, isKernelAsked: boolean): Promise<NodeState> => {
    const node = await look(isKernelAsked).catch((error: unknown) => {
      throw new HttpError(503, `What this host is like cannot be found out now: ${messageOf(error)}`);
    });
    if (node === undefined) {
      throw new HttpError(503, 'Nothing is done on this host before the agent has read the first whole state of the store.');
    }
    return {...node, endpoints: {wanted, gateways, namespaces: await readNamespaces([attachment])}};
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

  /** Before there is anything to decide from, no pass will come. */
  const passIfAny = async () => {
    if ((await look(false).catch(() => undefined)) !== undefined) await pass();
  };

  const add = async (endpoint: Endpoint, others: readonly Endpoint[]) => {
    const node = await awaitAllocation(endpoint);
    try {
      checkNewEndpoint(endpoint, others, node);
    } catch {
      // The interface, for one, may have been made just now.
      checkNewEndpoint(endpoint, others, await lookFor(endpoint, true));
    }
    await checkNamespace(endpoint);
    await save([...others, endpoint]);
    log.info({endpoint: endpoint.name, ips: endpoint.ips}, 'endpoint is wanted');
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

  return {
    async readFacts() {
      await load();
      return {wanted, gateways, namespaces: await readNamespaces('problem' in wanted ? [] : wanted.map(({attachment}) => attachment))};
    },
    report: () => ('problem' in wanted ? [] : listed(wanted)),
    list: () => listed(known()),
    put: (name, record) =>
      inTurn(async () => {
        const endpoint = parseEndpoint(name, record);
        await load();
        const present = known().find(each => each.name === name);
        if (present === undefined) await add(endpoint, known());
        else if (!isDeepStrictEqual(recordOf(present), recordOf(endpoint))) {
          throw new InputError('ERR_CONFLICT', `There is an endpoint ${name} already, and it is another one: remove that first.`);
        }
        await passIfAny();
        const result = oneOf(listed([endpoint]));
        if (result.state === 'failed') {
          throw new HttpError(
            503,
            `Endpoint ${name} cannot be set up now: ${result.reason}. It stays wanted, and is tried again; or remove it.`,
          );
        }
        return result;
      }),
    remove: name =>
      inTurn(async () => {
        await load();
        const others = known().filter(each => each.name !== name);
        if (others.length === known().length) throw notFound(name);
        await save(others);
        log.info({endpoint: name}, 'endpoint is not wanted any more');
        await passIfAny();
      }),
  };
}

async function readEndpointFile(files: EndpointsOptions['files'], file: string): Promise<EndpointFacts['wanted']> {
  try {
    const text = await files.read(file);
    return text === undefined ? [] : parseEndpointFile(text);
  } catch (error) {
    return {problem: `cannot read ${file}: ${messageOf(error)}`};
  }
}

function oneOf([endpoint]: readonly ListedEndpoint[]): ListedEndpoint {
  if (endpoint === undefined) throw new Error('an endpoint has no report');
  return endpoint;
}

function notFound(name: string): Error {
  return Object.assign(new InputError('ERR_NOT_FOUND', `There is no endpoint ${name} on this host.`), {
    resourceType: 'endpoint',
    resourceId: name,
  });
}
