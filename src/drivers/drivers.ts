import {desiredBird} from '../core/desired-bird.ts';
import {desiredBlockRoutes} from '../core/desired-block-routes.ts';
import {desiredChains} from '../core/desired-chains.ts';
import {desiredEndpointAddresses} from '../core/desired-endpoint-addresses.ts';
import {desiredEndpointPairs} from '../core/desired-endpoint-pairs.ts';
import {desiredEndpointPorts} from '../core/desired-endpoint-ports.ts';
import {desiredEndpointRoutes} from '../core/desired-endpoint-routes.ts';
import {desiredNames} from '../core/desired-names.ts';
import {desiredNeighbourRoutes} from '../core/desired-neighbour-routes.ts';
import {desiredRules} from '../core/desired-rules.ts';
import {desiredSysctls} from '../core/desired-sysctls.ts';
import {warnOfDropping} from '../core/forward-policy.ts';
import type {NodeSettings, NodeState} from '../core/node-state.ts';
import {checkOverlaps} from '../core/overlaps.ts';
import type {Prefix} from '../core/prefix.ts';
import {warnOfStanding} from '../core/standing.ts';
import {type Driver, NotYetError} from '../reconcile/driver.ts';
import {reconcile} from '../reconcile/reconcile.ts';
import {type Step, type StepOptions, step} from '../reconcile/step.ts';
import type {Clock} from '../system/clock.ts';
import type {FileSystem} from '../system/file-system.ts';
import type {Run} from '../system/run.ts';
import {type BirdDriver, birdItem, createBird} from './bird/bird.ts';
import {BirdNotRunningError, createBirdControl} from './bird/control-socket.ts';
import {createReadLiveRoutes} from './bird/live-routes.ts';
import {askNeighboursAgain, type OtherPaths, readOtherPaths} from './bird/other-paths.ts';
import {readSessions, type Session} from './bird/sessions.ts';
import {createBlockRoutes} from './block-routes.ts';
import {createEndpointAddresses} from './endpoint-addresses.ts';
import {createEndpointPairs} from './endpoint-pairs.ts';
import {adoptedPorts, createEndpointPorts} from './endpoint-ports.ts';
import {createEndpointRoutes} from './endpoint-routes.ts';
import {chainItem, createIptables} from './iptables.ts';
import {createReadKernel, mainRoutesOf, type ReadKernel} from './kernel.ts';
import {createNames} from './names.ts';
import {createNeighbourRoutes} from './neighbour-routes.ts';
import {createRules} from './rules.ts';
import {createReadSettings, createSysctls} from './sysctls.ts';
import {createVips, type OwnVipAddress} from './vips.ts';

export interface Drivers {
  /** In the order in which things are added; BIRD last, so that what is announced can be forwarded. */
  readonly steps: ReadonlyArray<Step<NodeState>>;
  /** Of ways to other hosts, which hang on nothing else. */
  readonly routeSteps: ReadonlyArray<Step<NodeState>>;
  /** Of this host's endpoints. */
  readonly endpointSteps: ReadonlyArray<Step<NodeState>>;
  /** The same with nothing wanted; interfaces of workloads stay. */
  readonly removals: ReadonlyArray<Step<undefined>>;
  /** Undefined where publishing is off. */
  readonly bird: BirdDriver | undefined;
  /** What the kernel knows that decisions hang on, with or without its settings; asked together with the steps' own reading, it costs nothing more. */
  readKernelFacts(withSettings: boolean): Promise<Pick<NodeState, 'mainRoutes' | 'interfaces' | 'kernelSettings'>>;
  /** BIRD's sessions; undefined when BIRD does not run. Rejects with BirdControlError when it does not answer. */
  readSessions(): Promise<readonly Session[] | undefined>;
  /** What BIRD announces by the files that it has accepted. */
  readLiveRoutes(): Promise<readonly Prefix[]>;
  /** What a drain asks BIRD; see bird/other-paths.ts. */
  readOtherPaths(prefixes: readonly Prefix[]): Promise<OtherPaths>;
  askNeighboursAgain(): Promise<void>;
}

/** Removes everything of ours from this host, what is added last first. Gives how many items of which driver went; throws what failed. */
export async function cleanHost({removals}: Pick<Drivers, 'removals'>): Promise<readonly string[]> {
  const results = await reconcile(removals, undefined);
  const failed = results.find(({error}) => error !== undefined);
  if (failed !== undefined) throw failed.error;
  return results.filter(({changes}) => changes > 0).map(({name, changes}) => `${changes} ${name}`);
}

export interface DriversOptions {
  readonly run: Run;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly settings: NodeSettings;
  readonly publish: {readonly birdSocket: string; readonly birdPidFile: string; readonly birdCommand: string};
  /** Where somebody keeps a view of the kernel; else it is looked at whenever it is asked for. */
  readonly readKernel?: ReadKernel;
  /** Something that a pass did not wait for has ended: another one is due. */
  readonly onLanded?: () => void;
}

/** Every driver with the function that says what it should hold. Who owns what: README.md of this folder. */
export function createDrivers({
  run,
  files,
  clock,
  settings,
  publish: {birdSocket, birdPidFile, birdCommand},
  readKernel = createReadKernel(run),
  onLanded = () => undefined,
}: DriversOptions): Drivers {
  const {birdConf, confDir} = settings.publish;
  const control = createBirdControl(birdSocket);
  // Whoever only wants to know must not wait as long as a change may take.
  const questions = createBirdControl(birdSocket, {timeoutMs: 3000});
  const bird = settings.publish.enabled
    ? createBird({run, files, clock, control, birdConf, confDir, birdSocket, birdPidFile, birdCommand, onLanded})
    : undefined;
  const readSettings = createReadSettings(files, readKernel);
  const sysctls = createSysctls({files, readSettings, provision: settings.provision});
  const isUsed = settings.nat.enabled || settings.forward.accept;
  const iptables = createIptables({run, files, clock, backend: settings.iptables, isUsed});
  const blockRoutes = createBlockRoutes(run, readKernel);
  const routePairs = [
    pair(createNames(files), desiredNames),
    pair(createRules(run, readKernel), desiredRules),
    pair(createNeighbourRoutes(run, settings.routes.table, readKernel), unlessOverlapping(desiredNeighbourRoutes)),
  ];
  const ports = createEndpointPorts(run, readKernel, {maxAgeMs: portLookMs, now: clock.now});
  const endpointPairs = [
    {...pair(createEndpointPairs(run, readKernel), desiredEndpointPairs), unmake: undefined},
    {...pair(ports, desiredEndpointPorts), unmake: pair(adoptedPorts(ports), desiredEndpointPorts).unmake},
    pair(createEndpointRoutes(run, readKernel), desiredEndpointRoutes),
    pair(createEndpointAddresses(run, readKernel), desiredEndpointAddresses),
  ];
  const pairs = [
    pair(sysctls, desiredSysctls),
    pair(blockRoutes, unlessOverlapping(desiredBlockRoutes), {warn: warnOfStanding}),
    pair(iptables, node => desiredChains(node).map(chainItem), {warn: node => warnOfDropping(node, iptables.dropping())}),
    ...(bird === undefined
      ? []
      : [
          pair(bird, node => desiredBird(node).map(birdItem), {
            needs: [sysctls.name, blockRoutes.name, ...(settings.forward.accept ? [iptables.name] : [])],
            keepsNeeds: error => mayAnnounce(error, bird),
          }),
        ]),
  ];
  // Passes have nothing to do with them: who holds a VIP changes faster than that.
  const vips = {unmake: step<undefined, OwnVipAddress>(createVips(run), () => [])};
  return {
    steps: pairs.map(({make}) => make),
    routeSteps: routePairs.map(({make}) => make),
    endpointSteps: endpointPairs.map(({make}) => make),
    removals: [vips, ...routePairs, ...endpointPairs, ...pairs].flatMap(({unmake}) => unmake ?? []),
    bird,
    async readKernelFacts(withSettings) {
      const [kernel, kernelSettings] = await Promise.all([readKernel(), withSettings ? readSettings() : noSettings]);
      return {mainRoutes: mainRoutesOf(kernel), interfaces: kernel.interfaces, kernelSettings};
    },
    readSessions: () => readSessions(questions),
    readLiveRoutes: createReadLiveRoutes({files, confDir}),
    readOtherPaths: prefixes => readOtherPaths(questions, prefixes),
    askNeighboursAgain: () => askNeighboursAgain(questions),
  };
}

// Less than the time after which the machine is looked at again in any case.
const portLookMs = 9000;

const noSettings: NodeState['kernelSettings'] = {values: new Map(), learnsRoutes: new Set()};

/** A BIRD that does not run announces nothing, and one with the last good templates only what it should: no route has to wait for it. */
function mayAnnounce(error: unknown, bird: BirdDriver): boolean {
  return !(error instanceof BirdNotRunningError || (!(error instanceof NotYetError) && bird.status().withLastGoodTemplate));
}

/** Routes to addresses that are somebody else's would take them away from him. */
function unlessOverlapping<Item>(desired: (node: NodeState) => readonly Item[]): (node: NodeState) => readonly Item[] {
  return node => {
    if (node.settings.routes.enabled) checkOverlaps(node);
    return desired(node);
  };
}

function pair<Item>(driver: Driver<Item>, desired: (node: NodeState) => readonly Item[], options?: StepOptions<NodeState>) {
  return {make: step(driver, desired, options), unmake: step<undefined, Item>(driver, () => [])};
}
