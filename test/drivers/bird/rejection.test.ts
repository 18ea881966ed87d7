import test from 'ava';
import {BirdRejectedError, explainRejection} from '../../../src/drivers/bird/rejection.ts';

const birdConf = {path: '/etc/bird/bird.conf', text: 'protocol device {}\ninclude "conf.d/*.conf";\n', source: '/t/bird.conf.10.0.0.0'};
const publisher = {
  path: '/etc/bird/conf.d/publisher.conf',
  text: '# head\nprotocol static {\n  ipv4;\n\troute 10.0.0.1/29 reject;\n}\n',
  source: '/t/publisher.conf',
  lines: () => [1, 3, 4, 6, 8, 9],
};
const foreign = {path: '/etc/bird/conf.d/other.conf', text: 'protocol bfd {\n', source: ''};

test('a rendered line is mapped to the line of its template, with a caret', t => {
  const rejection = explainRejection(
    'bird: /etc/bird/conf.d/publisher.conf:4:17 Invalid IPv4 prefix',
    [birdConf, publisher],
    birdConf.path,
  );
  t.deepEqual(rejection, {
    file: '/t/publisher.conf',
    line: 6,
    column: 17,
    reason: 'Invalid IPv4 prefix',
    text: '\troute 10.0.0.1/29 reject;',
  });
  t.is(
    new BirdRejectedError(rejection).message,
    'BIRD refuses its configuration: Invalid IPv4 prefix (/t/publisher.conf:6)\n\troute 10.0.0.1/29 reject;\n\t               ^',
  );
});

test('bird.conf is copied, so its template has the same lines', t => {
  const rejection = explainRejection('/etc/bird/bird.conf:1:3 syntax error', [birdConf, {...publisher, text: ''}], birdConf.path);
  t.like(rejection, {file: '/t/bird.conf.10.0.0.0', line: 1, text: 'protocol device {}'});
});

test('paths relative to bird.conf', t => {
  t.like(explainRejection('bird: ./conf.d/publisher.conf:2:1 x', [birdConf, publisher], birdConf.path), {
    file: '/t/publisher.conf',
    line: 3,
  });
});

test('a file of another program stands for itself', t => {
  t.like(explainRejection('/etc/bird/conf.d/other.conf:1:1 x', [birdConf, foreign], birdConf.path), {
    file: foreign.path,
    line: 1,
    // It may hold a password.
    text: '',
  });
});

test('a block that is left open in an included file is found there', t => {
  const open = {...publisher, text: '# head }\nprotocol static {\n  ipv4;\n'};
  t.deepEqual(explainRejection('bird: /etc/bird/bird.conf:3:0 syntax error, unexpected END', [birdConf, open], birdConf.path), {
    file: '/t/publisher.conf',
    line: 3,
    column: 17,
    reason: 'syntax error, unexpected END: this block is never closed',
    text: 'protocol static {',
  });
});

test('a message without a place', t => {
  const rejection = explainRejection('bird: Cannot determine router ID, please configure it manually\n', [birdConf], birdConf.path);
  t.deepEqual(rejection, {
    file: birdConf.path,
    line: undefined,
    column: undefined,
    reason: 'Cannot determine router ID, please configure it manually',
    text: '',
  });
  t.is(new BirdRejectedError(rejection).message, `BIRD refuses its configuration: ${rejection.reason} (/etc/bird/bird.conf)`);
});
