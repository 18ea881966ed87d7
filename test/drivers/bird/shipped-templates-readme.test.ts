import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {parse} from 'yaml';
import {parsePrefix} from '../../../src/core/prefix.ts';
import {renderShipped, repository, shippedTemplates, type Vars} from '../../helpers/shipped-templates.ts';

// The examples of templates/README.md: a template, a host and its blocks, the settings, and what is rendered ("…": lines left out).

const readme = readFileSync(path.join(repository, 'templates/README.md'), 'utf8');
const pattern =
  /^### (?<title>.*)\n\n`templates\/(?<name>[\w/-]+)\/publisher\.conf` on a host with (?<host>.*) and the blocks? (?<blocks>`.*`).*:\n\n```yaml\n(?<yaml>[\s\S]*?)```\n\n```\n(?<output>[\s\S]*?)```\n/gm;
const examples = [...readme.matchAll(pattern)].map(({groups = {}}) => groups);

for (const {title = '', name, host = '', blocks = '', yaml = '', output = ''} of examples) {
  test(`the README's example "${title}" is what is rendered`, t => {
    const template = shippedTemplates.find(shipped => shipped.name === name);
    if (template === undefined) throw new Error(`there is no template ${name}`);
    const {publish}: {publish: {localAs?: number; vars: Vars}} = parse(yaml);
    t.true(publish.localAs === undefined || publish.localAs === 65010);
    const networks = quoted(blocks);
    for (const network of networks) t.is(network, parsePrefix(network));
    const text = renderShipped(template, {addresses: quoted(host), networks, vars: publish.vars});
    t.regex(
      text,
      new RegExp(
        `^${output
          .trimEnd()
          .split('…')
          .map(piece => escaped(piece.trim()))
          .join('[^]*?')}\\n*$`,
      ),
    );
  });
}

test('the README has an example of every template', t => {
  t.deepEqual([...new Set(examples.map(({name}) => name))].toSorted(), shippedTemplates.map(({name}) => name).toSorted());
  t.is(readme.match(/^### /gm)?.length, examples.length);
});

test('the README names every template in its tables', t => {
  for (const {name} of shippedTemplates) {
    const base = name.replace(/-(aggregates|groups)$/, '');
    t.true(readme.includes(`\`${base}\``), base);
  }
});

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, value]) => value ?? '');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
