import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {parseBirdConfig} from '../../../src/core/bird-config/parse.ts';
import {announcedRoutes} from '../../../src/core/guards/announced-routes.ts';
import {createRun} from '../../../src/system/run.ts';
import {temporaryFolder} from '../../helpers/folder.ts';
import {
  announcedPrefixes,
  hostFamilies,
  hostKinds,
  renderedRoutes,
  renderShipped,
  repository,
  type ShippedTemplate,
  shippedTemplates,
  type Vars,
} from '../../helpers/shipped-templates.ts';
import {md5File, varsCases} from '../../helpers/shipped-vars.ts';

// UPDATE_GOLDENS=1 writes these files anew.
const goldens = path.join(repository, 'test/golden/templates');
const isUpdate = process.env['UPDATE_GOLDENS'] === '1';
const run = createRun();

for (const template of shippedTemplates) {
  test(`${template.name} renders what its goldens say`, t => {
    const folder = path.join(goldens, template.name);
    if (isUpdate) rmSync(folder, {recursive: true, force: true});
    if (isUpdate) mkdirSync(folder, {recursive: true});
    for (const {name, networks, text} of rendered(template)) {
      const file = path.join(folder, `${name}.conf`);
      if (isUpdate) writeFileSync(file, elided(text));
      t.is(elided(text), readFileSync(file, 'utf8'), name);
      t.deepEqual(renderedRoutes(text), announcedPrefixes(template, networks), name);
      t.deepEqual(announcedToNeighbours(text), announcedPrefixes(template, networks), name);
    }
  });

  const title = `${template.name}: the real BIRD takes every rendered file`;
  if (template.missing !== undefined) {
    test.skip(`${title} (${template.missing})`, () => {});
    continue;
  }
  test(title, async t => {
    const folder = await temporaryFolder(t);
    const secret = path.join(folder, 'tor.secret');
    writeFileSync(secret, 'password "secret";\n');
    const birdConf = readFileSync(path.join(repository, template.birdConf), 'utf8');
    let accepted = 0;
    for (const {name, text} of rendered(template)) {
      const files = path.join(folder, name);
      mkdirSync(path.join(files, 'conf.d'), {recursive: true});
      writeFileSync(path.join(files, 'bird.conf'), birdConf);
      writeFileSync(path.join(files, 'conf.d/publisher.conf'), text.replaceAll(md5File, secret));
      await t.notThrowsAsync(run(template.program, ['-p', '-c', path.join(files, 'bird.conf')]), name);
      accepted += 1;
    }
    t.true(accepted >= 18);
  });
}

test('a template that renders nothing of its own does not pass as accepted: BIRD reads what bird.conf includes', async t => {
  const folder = await temporaryFolder(t);
  mkdirSync(path.join(folder, 'conf.d'));
  writeFileSync(path.join(folder, 'bird.conf'), readFileSync(path.join(repository, 'bird/bird.conf')));
  writeFileSync(path.join(folder, 'conf.d/publisher.conf'), 'protocol nonsense {}\n');
  await t.throwsAsync(run('bird', ['-p', '-c', path.join(folder, 'bird.conf')]), {message: /publisher\.conf:1/});
});

/** What the guards find to be announced when there is a static route of somebody else, too. */
function announcedToNeighbours(text: string): string[] {
  const channel = text.includes('\n  ipv4;') || text.includes('\n  ipv6;') ? 'ipv4; ' : '';
  const files = [
    {path: '/etc/bird/bird.conf', text: `${text}protocol static other { ${channel}route 10.99.0.0/16 reject; }\n`},
    {path: md5File, text: 'password "secret";\n'},
  ];
  const config = parseBirdConfig(files, '/etc/bird/bird.conf');
  return announcedRoutes(config)
    .routes()
    .map(({prefix}) => prefix);
}

const vips = ['192.168.99.101/32', '192.168.99.102/32', '2001:db8:99::101/128'];

interface RenderedCase {
  readonly name: string;
  readonly networks: readonly string[];
  readonly text: string;
}

/**
 * Every case of a template: 0, 1, 2 and 1,000 networks with the fewest Vars, 2 networks with all of them and while draining, and both with VIPs, on each
 * kind of host.
 */
function rendered(template: ShippedTemplate): RenderedCase[] {
  return hostKinds.flatMap(family => {
    const {addresses, networks: networksOf} = hostFamilies[family];
    const {minimal, full, draining} = varsCases(template, family);
    const withVips = [
      {count: 0, ...minimal, vips: vips.filter((_, index) => index !== 1)},
      {count: 2, ...full, vips},
    ];
    const cases: readonly {count: number; label: string; vars: Vars; draining: boolean; vips?: readonly string[]}[] = [
      ...[0, 1, 2, 1000].map(count => ({count, ...minimal})),
      {count: 2, ...full},
      {count: 2, ...draining},
      ...withVips.map(each => ({...each, label: `${each.label}-vips`})),
    ];
    return cases.map(({count, label, vars, draining: isDraining, vips: held = []}) => {
      const networks = networksOf(count);
      const text = renderShipped(template, {addresses, networks, vars, draining: isDraining, vips: held});
      return {name: `${family}-${count}${label}`, networks, text};
    });
  });
}

/** Long runs of routes without their middle, which the golden need not show: the test compares them one by one. */
function elided(text: string): string {
  return text.replaceAll(/(?:^ {2}route .* reject;\n){8,}/gm, routes => {
    const lines = routes.split('\n').slice(0, -1);
    return [...lines.slice(0, 2), `  … ${lines.length - 4} more routes …`, ...lines.slice(-2), ''].join('\n');
  });
}
