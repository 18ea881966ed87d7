import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {parsePrefix} from '../../../src/core/prefix.ts';
import {createReview} from '../../../src/drivers/bird/review.ts';
import {systemFiles} from '../../../src/system/file-system.ts';
import {birdPaths, birdRoutes, startBird} from '../../helpers/bird.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {connect, createNamespace, namespaceTest} from '../../helpers/namespace.ts';
import {openGuards} from '../../helpers/node-state.ts';
import {renderShipped, repository, type ShippedTemplate, shippedTemplates, type Vars} from '../../helpers/shipped-templates.ts';
import {waitFor} from '../../helpers/wait.ts';

const [web, other, db] = ['10.99.0.1/32', '10.99.0.2/32', '2001:db8:99::1/128'];
const addresses = ['192.168.20.30/24', '2001:db8::30/64'];
const networks = ['10.1.0.0/29', '2001:db8:1::/122'];

const varsOf = ({kind, families}: ShippedTemplate): Vars =>
  kind === 'ospf'
    ? {interface: 'eth0', metric2: 50}
    : {neighbor: families.includes('ipv4') ? '192.168.20.1' : '2001:db8::1', communities: ['65000:1']};

for (const template of shippedTemplates) {
  test(`${template.name}: VIPs that come and go touch no session, anything else does`, t => {
    const vars = varsOf(template);
    const review = createReview({birdConf: '/b', publisher: '/b'});
    const setOf = (vips: readonly string[], more: Vars = {}) => {
      const text = renderShipped(template, {addresses, networks, vars: {...vars, ...more}, vips});
      return {key: text, files: [{path: '/b', text, source: ''}]};
    };
    const announces = {
      ...{networks: networks.map(parsePrefix), groups: [], vips: [], everVips: [], localAs: 65010, guards: openGuards, confirmSeconds: 30},
      released: () => false,
    };
    const touches = (before: ReturnType<typeof setOf>, after: ReturnType<typeof setOf>) => review(before, after, announces).touches;
    const sets = [[], [web], [web, other, db], [db], []].map(vips => setOf(vips));
    for (const [index, after] of sets.entries()) t.is(touches(sets[Math.max(0, index - 1)] ?? after, after), 'nothing', String(index));
    const more = template.kind === 'ospf' ? {metric2: 60} : {communities: ['65000:2']};
    t.not(touches(setOf([]), setOf([web, db], more)), 'nothing');
    t.not(touches(setOf([web, db]), setOf([web, db], more)), 'nothing');
  });
}

const netTest = namespaceTest();

for (const template of shippedTemplates.filter(({announces}) => announces === 'blocks')) {
  const title = `${template.name}: the real BIRD has a VIP for as long as its address is on, whichever interface bears it`;
  if (template.missing !== undefined) {
    test.skip(`${title} (${template.missing})`, () => {});
    continue;
  }
  netTest(title, async t => {
    const host = await createNamespace(t, 'host');
    await connect(host, await createNamespace(t, 'tor'), {addresses: [addresses, ['192.168.20.1/24', '2001:db8::1/64']]});
    const paths = birdPaths(await temporaryFolder(t));
    await mkdir(paths.confDir);
    await systemFiles.write(paths.birdConf, (await systemFiles.read(path.join(repository, template.birdConf))) ?? '', 0o644);
    const text = renderShipped(template, {addresses, networks, vars: varsOf(template), vips: [web, other, db]});
    await systemFiles.write(path.join(paths.confDir, 'publisher.conf'), text, 0o644);
    const {control} = await startBird(t, host, {...paths, program: template.program});
    const isV4 = template.families.includes('ipv4');
    const wanted = isV4 ? [web, other] : [db];
    const vips = async () => {
      const own = await Promise.all(['romana_vips', 'romana_vips6'].map(name => birdRoutes(control, `protocol ${name}`).catch(() => [])));
      return own.flat().filter(prefix => wanted.includes(prefix));
    };
    t.deepEqual(await vips(), []);

    const change = (verb: string, prefix: string, dev: string, ...more: readonly string[]) =>
      host.run('ip', ['address', verb, prefix, 'dev', dev, ...more]);
    const lifetime = (seconds: string) =>
      isV4 ? ['valid_lft', seconds, 'preferred_lft', seconds] : ['nodad', 'noprefixroute', 'valid_lft', seconds, 'preferred_lft', '0'];
    const [first = ''] = wanted;
    for (const dev of ['eth0', 'lo']) {
      await change('add', first, dev, 'metric', '1144', ...lifetime('60'));
      await waitFor(`it is there from ${dev}`, async () => (await vips()).join() === first);
      await change('replace', first, dev, 'metric', '1144', ...lifetime('1'));
      t.deepEqual(await vips(), [first]);
      await waitFor('it is gone with its address', async () => (await vips()).length === 0);
    }
    // What is not a VIP is not let in.
    await change('add', isV4 ? '10.98.0.1/32' : '2001:db8:98::1/128', 'eth0');
    await change('add', first, 'eth0');
    await waitFor('it is there again', async () => (await vips()).join() === first);
    t.deepEqual(
      (await birdRoutes(control)).filter(prefix => prefix.includes('98')),
      [],
    );
  });
}
