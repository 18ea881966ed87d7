import test from 'ava';
import {includesFile, repointIncludes} from '../../../src/drivers/bird/includes.ts';

const publisher = '/etc/bird/conf.d/publisher.conf';

const cases: ReadonlyArray<readonly [line: string, isIncluded: boolean]> = [
  ['include "conf.d/*.conf";', true],
  ['  include "/etc/bird/conf.d/publisher.conf" ;', true],
  ['include "./conf.d/pub*";', true],
  ['include"conf.d/publisher?conf";', true],
  ['# include "conf.d/*.conf";', false],
  ['include "conf.d/other*.conf";', false],
  ['include "*.conf";', false],
  ['include "../conf.d/*.conf";', false],
];

for (const [line, isIncluded] of cases) {
  test(`${line} ${isIncluded ? 'includes' : 'does not include'} publisher.conf`, t => {
    t.is(includesFile(`log syslog all;\n${line}\n`, '/etc/bird/bird.conf', publisher), isIncluded);
  });
}

test('a copy includes the copied folder, and all else by absolute path', t => {
  const text = 'include "conf.d/*.conf";\ninclude "/etc/bird/conf.d/x.conf";\ninclude "keys.conf";\ninclude "/srv/a.conf";\n';
  t.is(
    repointIncludes(text, '/etc/bird/bird.conf', {folder: '/etc/bird/conf.d', copy: '/stage/conf.d'}),
    'include "/stage/conf.d/*.conf";\ninclude "/stage/conf.d/x.conf";\ninclude "/etc/bird/keys.conf";\ninclude "/srv/a.conf";\n',
  );
});
