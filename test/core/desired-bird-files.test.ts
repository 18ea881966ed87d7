import test from 'ava';
import {desiredBirdFiles} from '../../src/core/desired-bird-files.ts';
import {InputError} from '../../src/core/errors.ts';
import {TemplateError} from '../../src/core/template-error.ts';
import {nodeState} from '../helpers/node-state.ts';

const folder = '/etc/romana/bird';
const birdConf = {file: `${folder}/bird.conf`, text: 'include "conf.d/*.conf";\n'};
const publisher = {
  file: `${folder}/publisher.conf`,
  text: '{{!-- head --}}\nprotocol static {\n{{#each Networks}}\n  route {{this}} reject;\n{{/each}}\n}\n',
};

test('bird.conf is copied, publisher.conf is rendered under one line that says from what', t => {
  const files = desiredBirdFiles(nodeState({templates: [birdConf, publisher], blocks: ['10.1.0.8/29', '10.1.0.0/29']}));
  t.deepEqual(
    files.map(({lines, ...file}) => ({...file, ...(lines && {lines: lines()})})),
    [
      {path: '/etc/bird/bird.conf', text: birdConf.text, source: birdConf.file},
      {
        path: '/etc/bird/conf.d/publisher.conf',
        text: [
          '# Rendered by romana agent from /etc/romana/bird/publisher.conf: edit that file, this one is overwritten.',
          'protocol static {',
          '  route 10.1.0.0/29 reject;',
          '  route 10.1.0.8/29 reject;',
          '}',
          '',
        ].join('\n'),
        source: publisher.file,
        lines: [1, 2, 4, 4, 6, 7],
      },
    ],
  );
});

test('the best match is taken for each of the two', t => {
  const own = {file: `${folder}/publisher.conf.192.168.20.0`, text: 'x'};
  const files = desiredBirdFiles(nodeState({templates: [birdConf, publisher, own]}));
  t.deepEqual(
    files.map(({source}) => source),
    [birdConf.file, own.file],
  );
});

test('files with CRLF line ends and a byte order mark give what BIRD takes', t => {
  const asSaved = ({file, text}: typeof birdConf) => ({file, text: `\uFEFF${text.replaceAll('\n', '\r\n')}`});
  const written = (templates: Array<typeof birdConf>) => desiredBirdFiles(nodeState({templates})).map(({text, lines}) => [text, lines?.()]);
  t.deepEqual(written([asSaved(birdConf), asSaved(publisher)]), written([birdConf, publisher]));
});

test('an empty template still gives a file that is not empty', t => {
  const files = desiredBirdFiles(nodeState({templates: [birdConf, {...publisher, text: ''}]}));
  t.regex(files[1]?.text ?? '', /^# Rendered by romana agent .*\n$/);
});

test('what has the name of a template and is no file is named', t => {
  const own = {file: `${folder}/publisher.conf.192.168.20.30`, text: '', problem: 'is a pipe, not a file'};
  t.throws(() => desiredBirdFiles(nodeState({templates: [birdConf, publisher, own]})), {
    instanceOf: InputError,
    code: 'ERR_TEMPLATE_FILE',
    message: `no template for publisher.conf: ${folder}/publisher.conf.192.168.20.30 is a pipe, not a file`,
  });
});

test('no template: the error names what was looked for, and where', t => {
  const error = t.throws(() => desiredBirdFiles(nodeState({templates: [birdConf]})), {
    instanceOf: InputError,
    code: 'ERR_TEMPLATE_MISSING',
  });
  t.is(
    error.message,
    'no template for publisher.conf: none of publisher.conf.192.168.20.30, publisher.conf.192.168.20.0, publisher.conf in /etc/romana/bird: copy a sample there, such as templates/bird2/bgp/publisher.conf',
  );
  t.throws(() => desiredBirdFiles(nodeState({publish: {templates: '/srv/t'}})), {
    message: /no template for bird\.conf: .* in \/srv\/t: copy a sample there, such as bird\/bird\.conf$/,
  });
});

test('a wrong template is an error with its own file and line', t => {
  const error = t.throws(() => desiredBirdFiles(nodeState({templates: [birdConf, {...publisher, text: '\n{{Netwroks}}'}]})), {
    instanceOf: TemplateError,
  });
  t.is(error.message, 'cannot render publisher.conf: "Netwroks" is not defined (/etc/romana/bird/publisher.conf:2:3)');
});
