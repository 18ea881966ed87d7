import {chmod, mkdir, readFile, rm, stat, symlink} from 'node:fs/promises';
import {createServer} from 'node:http';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {romana} from './romana.ts';
import {data, publisher, templateFolder} from './template-folder.ts';

test('list says which file this host chooses, and why not the others', async t => {
  const {folder, template} = await templateFolder(t, {'publisher.conf.192.168.20.0': publisher, 'publisher.conf.192.168.20.31': publisher});
  const {status, stdout, stderr} = await template('list');
  t.is(stderr, '');
  t.is(status, 0);
  const lines = stdout.replaceAll(`${folder}/t/`, '').split('\n');
  t.deepEqual(
    lines.map(line => line.trim().split(/ {2,}/)),
    [
      ['Template', 'File', 'Chosen', 'Why'],
      ['bird.conf', 'bird.conf', 'yes', 'general: no file is for this host or its subnet'],
      ['publisher.conf', 'publisher.conf.192.168.20.0', 'yes', "for this host's subnet 192.168.20.0/24"],
      ['publisher.conf', 'publisher.conf', 'no', 'general; publisher.conf.192.168.20.0 goes before it'],
      ['publisher.conf', 'publisher.conf.192.168.20.31', 'no', 'for host 192.168.20.31'],
      [''],
    ],
  );
});

test('list as JSON', async t => {
  const {folder, template} = await templateFolder(t);
  const {stdout} = await template('list', '-f', 'json');
  const [, choice] = JSON.parse(stdout);
  t.deepEqual(choice, {
    template: 'publisher.conf',
    chosen: `${folder}/t/publisher.conf`,
    candidates: ['192.168.20.30', '2001:db8::30', '192.168.20.0', '2001:db8::']
      .map(suffix => `publisher.conf.${suffix}`)
      .concat('publisher.conf'),
    files: [{file: `${folder}/t/publisher.conf`, isChosen: true, reason: 'general: no file is for this host or its subnet'}],
  });
});

test('list fails where a file has no template, and still lists what is there', async t => {
  const {folder, template, write} = await templateFolder(t);
  await write('other/publisher.conf.bak', '');
  await write('other/bird.conf', '');
  const {status, stdout, stderr} = await template('list', '--templates', `${folder}/other`);
  t.is(status, 1);
  t.regex(stdout, /publisher\.conf\.bak +no +not a name that any host looks for: "bak" is no address/);
  t.regex(
    stderr,
    new RegExp(
      `^romana: no template for publisher\\.conf: none of publisher\\.conf\\.192\\.168\\.20\\.30, .* in ${folder}/other: copy a sample there, such as .*\\n$`,
    ),
  );
});

test('render prints publisher.conf as the agent would write it', async t => {
  const {folder, template} = await templateFolder(t);
  const {status, stdout} = await template('render');
  t.is(status, 0);
  t.true(stdout.startsWith(`# Rendered by romana agent from ${folder}/t/publisher.conf: `), stdout);
  t.true(stdout.includes('\n  ipv4;\n  route 10.1.0.0/29 reject;\n  route 10.1.0.8/29 reject;\n}\n'), stdout);
  t.true(stdout.includes('\n  local as 65534;\n  neighbor 192.168.20.1 as 65001;\n'), stdout);
});

test('render prints the static bird.conf, too, and writes into a file that others may not read', async t => {
  const {folder, template} = await templateFolder(t, {'bird.conf.192.168.20.30': '# {{not}} rendered\n'});
  t.is((await template('render', '--file', 'bird.conf')).stdout, '# {{not}} rendered\n');
  const {status, stdout} = await template('render', '-o', `${folder}/out.conf`);
  t.is(status, 0);
  t.is(stdout, '');
  t.is(await readFile(`${folder}/out.conf`, 'utf8'), (await template('render')).stdout);
  t.is((await stat(`${folder}/out.conf`)).mode & 0o007, 0);
});

test('render shows where a template is wrong: file, line, column, the line and a caret', async t => {
  const {folder, template} = await templateFolder(t, {'publisher.conf': 'a\n\t{{#if (has Vars "x")}}{{/if}} {{Netwroks}}\n'});
  const {status, stdout, stderr} = await template('render');
  t.is(status, 1);
  t.is(stdout, '');
  const line = '\t{{#if (has Vars "x")}}{{/if}} {{Netwroks}}';
  t.is(
    stderr,
    [
      `romana: cannot render publisher.conf: "Netwroks" is not defined (${folder}/t/publisher.conf:2:34)`,
      line,
      `\t${' '.repeat(32)}^`,
      '',
    ].join('\n'),
  );
});

test('render reads the data from standard input', async t => {
  const {folder} = await templateFolder(t);
  const input = JSON.stringify({...data, networks: ['10.9.0.0/29']});
  const {stdout} = await romana(['template', 'render', '--data', '-', '--templates', `${folder}/t`], {input});
  t.true(stdout.includes('  route 10.9.0.0/29 reject;\n}'), stdout);
});

test('without data and without an agent both ways are said', async t => {
  const {folder} = await templateFolder(t);
  const {status, stderr} = await romana(['template', 'list', '--templates', `${folder}/t`, '--socket', `${folder}/agent.sock`]);
  t.is(status, 1);
  t.regex(
    stderr,
    /^romana: there is nothing to render with: cannot ask the agent at \S+\/agent\.sock: .*: start the agent of this host, or say with --data FILE /,
  );
});

test("without data the agent's own is used", async t => {
  const {folder} = await templateFolder(t);
  const server = createServer((request, response) => {
    const document = {...data, networks: ['10.7.0.0/29']};
    response.writeHead(request.url === '/template-data' ? 200 : 404, {Connection: 'close'}).end(JSON.stringify(document));
  });
  await new Promise<void>(resolve => server.listen(`${folder}/agent.sock`, resolve));
  t.teardown(() => server.close());
  const {status, stdout} = await romana(['template', 'render', '--romana-config', `${folder}/romana.yaml`]);
  t.is(status, 0);
  t.true(stdout.includes('  route 10.7.0.0/29 reject;\n}'), stdout);
});

test('wrong data and wrong usage make the exit status 2', async t => {
  const {folder, template, write} = await templateFolder(t);
  const wrong = await write('wrong.json', '{"host": {"name": "h"}, "hosts": []}');
  const {status, stderr} = await romana(['template', 'list', '--data', wrong, '--templates', folder]);
  t.is(status, 2);
  t.is(
    stderr,
    `romana: cannot use the data in ${wrong}:\n  host.address: got nothing: expected address/length, such as 192.168.20.30/24, or a list of one IPv4 and one IPv6\n  hosts: unknown key\n`,
  );
  t.is((await template('render', '--file', 'x.conf')).status, 2);
  t.is((await template('list', '-f', 'xml')).status, 2);
  t.is((await template('list', '--romana-config', `${folder}/none.yaml`)).status, 2);
});

test('check asks BIRD, and leaves nothing behind', async t => {
  const {folder, template} = await templateFolder(t);
  const {status, stdout, stderr} = await template('check');
  t.is(stderr, '');
  t.is(status, 0);
  t.is(stdout, `${folder}/t/bird.conf, ${folder}/t/publisher.conf: accepted by BIRD\n`);
  t.deepEqual(JSON.parse((await template('check', '-f', 'json')).stdout).syntax, 'accepted');
});

test("check shows BIRD's complaint at the template's line", async t => {
  const wrong = publisher.replace('    import none;', '\t  imprt none;');
  const {folder, template} = await templateFolder(t, {'publisher.conf.2001:db8::30': wrong});
  const {status, stdout, stderr} = await template('check');
  t.is(status, 1);
  t.is(stdout, '');
  const lines = stderr.split('\n');
  t.regex(lines[0] ?? '', /^romana: BIRD refuses its configuration: syntax error.* \(/);
  t.true(lines[0]?.endsWith(`(${folder}/t/publisher.conf.2001:db8::30:13)`), stderr);
  t.deepEqual(lines.slice(1), ['\t  imprt none;', '\t  ^', '']);
});

test('check reads the files of others that are live in conf.d', async t => {
  const {folder, template, write} = await templateFolder(t);
  await write('etc/bird/conf.d/other.conf', 'protocol bfd {\n  nonsense;\n}\n');
  const {status, stderr} = await template('check');
  t.is(status, 1);
  t.true(stderr.endsWith(`(${folder}/etc/bird/conf.d/other.conf:2)\n`), stderr);
  t.false(stderr.includes('nonsense'), 'what is no template may hold secrets');
});

test('check asks the guards, too, and names the place in the template', async t => {
  const {folder, template, write} = await templateFolder(t);
  await write('t/publisher.conf', publisher.replace('{{#each Networks4}}', '  route 8.8.8.0/24 reject;\n{{#each Networks4}}'));
  const {status, stdout, stderr} = await template('check');
  t.is(status, 1);
  t.is(stdout, '');
  t.regex(stderr, /^refused \(guard foreign\): .*8\.8\.8\.0\/24.* \(\S+:4\)\n$/);
  t.true(stderr.includes(`(${folder}/t/publisher.conf:4)`), stderr);
  const json = await template('check', '-f', 'json');
  t.is(json.status, 1);
  t.like(JSON.parse(json.stdout), {syntax: 'accepted', findings: [{guard: 'foreign', level: 'refuse', line: 4}]});

  const allowed = await write('allowed.yaml', JSON.stringify({agent: {publish: {templates: `${folder}/t`, guards: {allowForeign: true}}}}));
  t.is((await template('check', '--romana-config', allowed)).status, 0);
});

test('check finds what BIRD itself does not: a wrong name in the export filter', async t => {
  const {folder, template} = await templateFolder(t, {'publisher.conf': publisher.replace('proto = "romana"', 'proto = "romanna"')});
  const {status, stderr} = await template('check');
  t.is(status, 1);
  t.regex(stderr, /^refused \(guard nothing-announced\): .*"romanna".*/);
  t.true(stderr.includes(`(${folder}/t/publisher.conf:14)`), stderr);
});

test('tags in bird.conf are refused at their place', async t => {
  const {folder, template} = await templateFolder(t, {'bird.conf': 'protocol device {}\nrouter id {{NodeIP}};\n'});
  const {status, stderr} = await template('check');
  t.is(status, 1);
  t.regex(stderr, /^romana: cannot render bird\.conf: bird\.conf is copied as it is/);
  t.true(stderr.endsWith(` (${folder}/t/bird.conf:2:11)\nrouter id {{NodeIP}};\n          ^\n`), stderr);
});

test('a warning of a guard leaves the exit status alone', async t => {
  const {template} = await templateFolder(t, {'publisher.conf': publisher.replace('import none', 'import all')});
  const {status, stdout, stderr} = await template('check');
  t.is(status, 0);
  t.regex(stderr, /^warning \(guard open-filter\): .*\n$/);
  t.regex(stdout, /: accepted by BIRD\n$/);
});

test('check with the BIRD that is named, or without any', async t => {
  const {folder, template, write} = await templateFolder(t);
  const program = await write('bird', '#!/bin/sh\necho "$@" >> "$0.log"\n');
  await chmod(program, 0o755);
  t.is((await template('check', '--bird', program)).status, 0);
  t.regex(await readFile(`${program}.log`, 'utf8'), /^-p -c \S+\/bird\.conf$/m);

  const named = await template('check', '--bird', `${folder}/none`);
  t.is(named.status, 1);
  t.regex(named.stderr, /^romana: cannot check: ".*\/none" cannot be run\n$/);

  const yaml = await write(
    'no-bird.yaml',
    JSON.stringify({agent: {publish: {templates: path.join(folder, 't'), birdCommand: `${folder}/none`}}}),
  );
  const without = await template('check', '--romana-config', yaml);
  t.is(without.stderr, 'romana: BIRD was not found, the syntax is not checked\n');
  t.is(without.status, 0);
  t.regex(without.stdout, /: no fault found\n$/);
});

test('what has the name of a template and is no file is named, and nothing else is taken in its place', async t => {
  const {folder, template} = await templateFolder(t);
  const name = `${folder}/t/publisher.conf.192.168.20.30`;
  for (const [what, make] of [
    ['a folder', () => mkdir(name)],
    ['a pipe', () => execa('mkfifo', [name])],
    ['a link that leads nowhere', () => symlink('none', name)],
    ['a link that leads nowhere', () => symlink(path.basename(name), name)],
  ] as const) {
    await make();
    for (const verb of ['render', 'check', 'diff']) {
      const refused = {status: 1, stdout: '', stderr: `romana: no template for publisher.conf: ${name} is ${what}, not a file\n`};
      t.deepEqual(await template(verb), refused);
    }
    const {status, stdout, stderr} = await template('list');
    t.is(status, 1);
    t.regex(
      stdout,
      new RegExp(`/publisher\\.conf\\.192\\.168\\.20\\.30 +yes +for this host, 192\\.168\\.20\\.30; is ${what}, not a file\\n`),
    );
    t.is(stderr, `romana: no template for publisher.conf: ${name} is ${what}, not a file\n`);
    await rm(name, {recursive: true});
  }
  await symlink('publisher.conf', name);
  t.is((await template('render')).status, 0, 'a link to a file is a file');
});
