import test from 'ava';
import {desiredBird} from '../../src/core/desired-bird.ts';
import {type BirdFile, desiredBirdFiles, frameOf} from '../../src/core/desired-bird-files.ts';
import {InputError} from '../../src/core/errors.ts';
import {networkTrees} from '../../src/core/group-tree.ts';
import type {KeptBird} from '../../src/core/kept-bird.ts';
import type {NodeState, PublishSettings} from '../../src/core/node-state.ts';
import {parseAddress, parsePrefix} from '../../src/core/prefix.ts';
import {templateData} from '../../src/core/publish.ts';
import {staticRoutesOf} from '../../src/core/static-routes.ts';
import {parseTopology} from '../../src/core/topology-document.ts';
import {nodeState} from '../helpers/node-state.ts';

const byNetworks = 'protocol static romana { ipv4;\n{{#each Networks}}route {{this}} reject;\n{{/each}}\n}\n';
const byBlocks = 'protocol static romana { ipv4;\n{{#each Blocks}}route {{CIDR}} reject;\n{{/each}}\n}\n';
const withVips = `${byNetworks}protocol static vips { ipv4;\n{{#each Vips}}route {{this}} reject;\n{{/each}}\n}\n`;
const birdConf = 'router id 192.168.20.30;\nprotocol static own { ipv4; route 192.0.2.0/24 reject; }\ninclude "conf.d/*.conf";\n';

const document = {
  networks: [{name: 'net1', cidr: '10.1.0.0/16', block_mask: 29}],
  topologies: [{networks: ['net1'], map: [{name: 'all'}]}],
};
const trees = networkTrees(parseTopology(document));

const isPublisher = ({path}: BirdFile) => path.endsWith('publisher.conf');

interface Options {
  readonly template?: string;
  readonly prefixes?: PublishSettings['prefixes'];
  readonly state?: Partial<NodeState['state']>;
}

function nodeWith(blocks: readonly string[], {template = byNetworks, prefixes = 'blocks', state = {}}: Options = {}): NodeState {
  const templates = [
    {file: '/templates/bird.conf', text: birdConf},
    {file: '/templates/publisher.conf', text: template},
  ];
  return nodeState({blocks, templates, publish: {prefixes}, state: {trees, ...state}});
}

/** What an agent that knew this node has left on disk; `extra` lines stand in publisher.conf besides. */
function keptOf(node: NodeState, {extra = '', isAccepted = true} = {}): KeptBird {
  const files = desiredBirdFiles(node).map(
    ({path, text, source}): BirdFile => ({path, source, text: path.endsWith('publisher.conf') ? text + extra : text}),
  );
  const routes = files.filter(isPublisher).flatMap(staticRoutesOf);
  const frame = frameOf({...node, publish: node.settings.publish, data: templateData(node)});
  // As it comes back from the disk.
  return JSON.parse(JSON.stringify({isAccepted, files, routes, frame}));
}

function wishOf(node: NodeState) {
  const [wish] = desiredBird(node);
  if (wish === undefined || wish.today instanceof InputError) throw new Error('a wish without a set');
  return {...wish, today: wish.today, routes: wish.today.files.filter(isPublisher).flatMap(staticRoutesOf)};
}

test('files that announce all that the older state knows stay as they are, whatever else they announce', t => {
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29']));
  const {today} = wishOf({...nodeWith(['10.1.0.0/29']), kept});
  t.is(today.files, kept.files);
});

test('so they do where the template speaks of blocks', t => {
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29'], {template: byBlocks}));
  const {today} = wishOf({...nodeWith(['10.1.0.0/29'], {template: byBlocks}), kept});
  t.is(today.files, kept.files);
});

test('what the files lack is added to what they have', t => {
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29']));
  const {routes, announces} = wishOf({...nodeWith(['10.1.0.0/29', '10.1.0.8/29']), kept});
  t.deepEqual(routes as readonly string[], ['10.1.0.0/29', '10.1.0.8/29', '10.1.0.16/29']);
  t.deepEqual(announces.networks, routes, 'so that the guards do not take it for foreign');
});

test('an older state has released nothing', t => {
  const away = {cidr: parsePrefix('10.1.0.16/29'), host: 'host-2', tenant: '', segment: ''};
  const node = nodeWith([], {state: {blocks: new Map([[away.cidr, away]])}});
  t.true(wishOf(node).announces.released(away.cidr));
  t.false(wishOf({...node, kept: keptOf(nodeWith(['10.1.0.16/29']))}).announces.released(away.cidr));
});

test('aggregates grow, and what was announced in one piece stays so', t => {
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.8/29'], {prefixes: 'aggregate'}));
  t.deepEqual(kept.routes as readonly string[], ['10.1.0.0/28']);
  const {routes} = wishOf({...nodeWith(['10.1.0.0/29', '10.1.0.16/29'], {prefixes: 'aggregate'}), kept});
  t.deepEqual(routes as readonly string[], ['10.1.0.0/28', '10.1.0.16/29']);
});

test('an edited template is followed; a route of its own that it has no more is not mistaken for one of the store', t => {
  const own = byNetworks.replace('ipv4;', 'ipv4; route 203.0.113.0/24 reject;');
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29'], {template: own}));
  t.is(kept.routes.length, 3);
  const {routes} = wishOf({...nodeWith(['10.1.0.0/29']), kept});
  t.deepEqual(routes as readonly string[], ['10.1.0.0/29', '10.1.0.16/29']);
});

test("today's template is refused: the last good one announces the same", t => {
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29']));
  const [wish] = desiredBird({...nodeWith(['10.1.0.0/29', '10.1.0.8/29'], {template: '{{nothing}}'}), kept});
  t.true(wish?.today instanceof InputError);
  const routes = kept.frame && wish?.buildWith(kept.frame).files.filter(isPublisher).flatMap(staticRoutesOf);
  t.deepEqual(routes as readonly string[] | undefined, ['10.1.0.0/29', '10.1.0.8/29', '10.1.0.16/29']);
});

test('files that somebody has changed since are rendered anew, with what they announce', t => {
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29']), {isAccepted: false});
  const {today, routes} = wishOf({...nodeWith(['10.1.0.0/29']), kept});
  t.not(today.files, kept.files);
  t.deepEqual(routes as readonly string[], ['10.1.0.0/29', '10.1.0.16/29']);
});

test('where nothing says what the files were made from, the template of today tells', t => {
  const kept = {...keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29'])), isAccepted: false, frame: undefined};
  const {routes} = wishOf({...nodeWith(['10.1.0.0/29']), kept});
  t.deepEqual(routes as readonly string[], ['10.1.0.0/29', '10.1.0.16/29']);
});

test('a VIP is not kept: one that the older state knows, and one outside of its networks', t => {
  const vips = new Map([['web', {name: 'web', ip: parseAddress('10.1.9.9'), hosts: []}]]);
  const options = {template: withVips, state: {vips}};
  const extra = 'protocol static more { ipv4; route 10.1.9.9/32 reject; route 192.168.99.101/32 reject; route 10.1.7.7/32 reject; }\n';
  const kept = keptOf(nodeWith(['10.1.0.0/29'], options), {extra});
  t.is(kept.routes.length, 4);
  const {routes} = wishOf({...nodeWith(['10.1.0.0/29'], options), kept});
  t.deepEqual(routes as readonly string[], ['10.1.0.0/29', '10.1.7.7/32'], 'a block may be as small as that');
});

test('with nothing on disk the older state is all there is', t => {
  const {routes} = wishOf({...nodeWith(['10.1.0.0/29']), kept: {isAccepted: false, files: [], routes: [], frame: undefined}});
  t.deepEqual(routes as readonly string[], ['10.1.0.0/29']);
});

test('files from before a drain do not stay: the prefixes become the last choice, and none is withdrawn', t => {
  const template = `{{#if Draining}}# the last choice\n{{/if}}${byNetworks}`;
  const kept = keptOf(nodeWith(['10.1.0.0/29', '10.1.0.16/29'], {template}));
  const draining = wishOf({...nodeWith(['10.1.0.0/29'], {template}), drain: 'draining', kept});
  t.deepEqual(draining.routes, ['10.1.0.0/29', '10.1.0.16/29']);
  t.true(draining.today.files.find(isPublisher)?.text.includes('# the last choice'));
});
