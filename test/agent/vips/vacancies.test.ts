import test from 'ava';
import {createVacancies} from '../../../src/agent/vips/vacancies.ts';
import {type Address, parseAddress} from '../../../src/core/prefix.ts';
import type {State, Vip} from '../../../src/core/state.ts';
import {holdOffMs} from '../../../src/core/vip-lease.ts';
import {interfaceOf} from '../../helpers/interface.ts';
import {nodeState} from '../../helpers/node-state.ts';

const web: Vip = {name: 'web', ip: parseAddress('192.0.2.1'), hosts: []};
const {self, state: base} = nodeState();
const device = (address: string, isUp = true) => ({...interfaceOf(`eth0 - ${address}`), isUp});
const interfaces = [device('192.168.20.30/24')];
const stateWith = (holder?: string, vips: readonly Vip[] = [web]): State => ({
  ...base,
  vips: new Map(vips.map(vip => [vip.name, vip])),
  vipHolders: new Map(holder === undefined ? [] : [['web', {vip: 'web', host: holder, since: 1}]]),
});
const facts = (holder?: string) => ({self, interfaces, state: stateWith(holder), gateways: [] as Address[]});
const names = ({due}: {due: readonly Vip[]}) => due.map(({name}) => name);

test('a VIP is taken when it has been vacant for as long as the last holder may still have it', t => {
  const vacancies = createVacancies();
  t.deepEqual(vacancies.look(facts(), 1000), {due: [], nextAt: 1000 + holdOffMs});
  t.deepEqual(names(vacancies.look(facts(), 999 + holdOffMs)), []);
  t.deepEqual(names(vacancies.look(facts(), 1000 + holdOffMs)), ['web']);
});

test('whoever has held it in between begins that time anew, however short it was and whether or not a state showed it', t => {
  const vacancies = createVacancies();
  vacancies.look(facts(), 1000);
  vacancies.forget('web');
  t.is(vacancies.look(facts(), 1100).nextAt, 1100 + holdOffMs);
  vacancies.look(facts('host-2'), 1150);
  t.is(vacancies.look(facts(), 1200).nextAt, 1200 + holdOffMs);
  vacancies.forgetAll();
  t.is(vacancies.look(facts(), 1300).nextAt, 1300 + holdOffMs);
});

test('one that this host may not hold, cannot put on, or that another has put there, is left alone', t => {
  const vacancies = createVacancies();
  const late = 1_000_000;
  vacancies.look(facts(), 0);
  const cases = [
    {...facts(), state: {...stateWith(), hosts: new Map()}},
    {...facts(), state: stateWith(undefined, [{...web, hosts: ['host-2']}])},
    {...facts(), interfaces: [device('192.168.20.30/24', false)]},
    {...facts(), interfaces: [...interfaces, device('192.0.2.1/24')]},
    {...facts(), gateways: [web.ip]},
  ];
  for (const each of cases) t.deepEqual(vacancies.look(each, late), {due: [], nextAt: Infinity});
  t.deepEqual(names(vacancies.look(facts(), late)), ['web']);
});

test('what failed is put off', t => {
  const vacancies = createVacancies();
  vacancies.look(facts(), 0);
  vacancies.defer('web', 10_000);
  t.deepEqual(vacancies.look(facts(), 5000), {due: [], nextAt: 10_000});
  t.deepEqual(names(vacancies.look(facts(), 10_000)), ['web']);
});
