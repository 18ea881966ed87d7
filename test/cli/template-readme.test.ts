import {cp, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {temporaryFolder} from '../helpers/folder.ts';

test('the by-hand example of templates/README.md does what is told there', async t => {
  const readme = await readFile('templates/README.md', 'utf8');
  const [section = ''] = /^## Trying one by hand\n[\s\S]*?(?=^## )/m.exec(readme) ?? [];
  const fences = [...section.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  const [data = '', commands = '', ...outputs] = fences.map(([, , text]) => text);
  t.deepEqual(
    fences.map(([, language]) => language),
    ['json', 'sh', '', ''],
  );

  const folder = await temporaryFolder(t);
  for (const name of ['bird', 'templates']) await cp(name, path.join(folder, name), {recursive: true});
  await writeFile(path.join(folder, 'host-1.json'), data);
  const PATH = `${path.resolve('bin')}:${process.env['PATH']}`;
  const {stdout, stderr} = await execa('sh', ['-euc', commands], {cwd: folder, env: {PATH}, stripFinalNewline: false});
  t.is(stderr, '');
  t.true(stdout.includes(`${folder}/now/publisher.conf: accepted by BIRD\n`), stdout);
  const places = outputs.map(output => stdout.indexOf(`\n${output}`));
  t.true(
    places.every(place => place !== -1),
    `${JSON.stringify(places)} in ${stdout}`,
  );
});
