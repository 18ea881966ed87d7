import {type BirdFile, type BirdFrame, birdFilesOf} from './desired-bird-files.ts';
import {InputError} from './errors.ts';
import type {NodeState} from './node-state.ts';
import {addressBits, contains, familyOf, firstAddress, type Prefix, prefixLength} from './prefix.ts';
import {type TemplateData, templateData} from './publish.ts';
import type {State} from './state.ts';
import {staticRoutesOf} from './static-routes.ts';

/** BIRD's files as an agent has left them on disk, for a pass that may withdraw nothing because the state that it knows is an older one. */
export interface KeptBird {
  /** They are what BIRD has accepted last; else somebody has been there since. */
  readonly isAccepted: boolean;
  readonly files: readonly BirdFile[];
  /** The static routes of publisher.conf. */
  readonly routes: readonly Prefix[];
  /** What they were made from, where that is known. */
  readonly frame: BirdFrame | undefined;
}

/**
 * The variables for such a pass: what the older state gives, and with it the prefixes that the files announce and that state would not. VIPs are not
 * kept: whether this host holds one is for the store to say. `isEnough`: the files say all of it already, and are good as they are.
 */
export function dataWithKept(node: NodeState, kept: KeptBird, today: BirdFrame | InputError): {data: TemplateData; isEnough: boolean} {
  const older = routesOf(node, kept.frame ?? today);
  const [had, gives] = [new Set(kept.routes), new Set(older)];
  const lacking = kept.routes.filter(route => !gives.has(route));
  const keptToo = lacking.filter(route => !isVip(route, node.state));
  const isSame = kept.isAccepted && kept.frame !== undefined && !(today instanceof InputError) && isSameFrame(kept.frame, today);
  return {
    data: templateData(node, keptToo),
    // Files from before the drain would announce as if nothing were the matter.
    isEnough: node.drain === 'none' && isSame && keptToo.length === lacking.length && older.every(route => had.has(route)),
  };
}

/** The routes that the state gives by itself. */
function routesOf(node: NodeState, frame: BirdFrame | InputError): readonly Prefix[] {
  const data = templateData(node);
  const {publish} = node.settings;
  if (frame instanceof InputError) return data.Networks;
  try {
    const files = birdFilesOf(frame, data, publish);
    return files.filter(({path}) => path !== publish.birdConf).flatMap(staticRoutesOf);
  } catch (error) {
    if (error instanceof InputError) return data.Networks;
    throw error;
  }
}

/** A VIP that is younger than the state is known by lying outside of all networks. */
function isVip(route: Prefix, {vips, trees}: State): boolean {
  if (prefixLength(route) < addressBits[familyOf(route)]) return false;
  const address = firstAddress(route);
  return [...vips.values()].some(({ip}) => ip === address) || !trees.some(({network}) => contains(network.cidr, route));
}

function isSameFrame(a: BirdFrame, b: BirdFrame): boolean {
  const textOf = ({birdConf, publisher, variables}: BirdFrame) =>
    JSON.stringify([birdConf.file, birdConf.text, publisher.file, publisher.text, variables]);
  return textOf(a) === textOf(b);
}
