import test from 'ava';
import {parseProtocols} from '../../../src/drivers/bird/protocols.ts';

test('show protocols, with times of one and of two words', t => {
  const lines = [
    'Name       Proto      Table      State  Since         Info',
    'device1    Device     ---        up     10:18:15.121  ',
    'romana     Static     master4    up     2026-11-21  ',
    'tor        BGP        ---        start  2026-11-21 10:18:15  Active        Socket: Connection refused',
    'a_long_name_of_ours BGP        ---        up     10:18:15.121  Established   ',
    '',
  ];
  t.deepEqual(parseProtocols({code: '0000', lines}), [
    {name: 'device1', proto: 'Device', table: '---', state: 'up', since: '10:18:15.121', info: ''},
    {name: 'romana', proto: 'Static', table: 'master4', state: 'up', since: '2026-11-21', info: ''},
    {
      name: 'tor',
      proto: 'BGP',
      table: '---',
      state: 'start',
      since: '2026-11-21 10:18:15',
      info: 'Active Socket: Connection refused',
    },
    {name: 'a_long_name_of_ours', proto: 'BGP', table: '---', state: 'up', since: '10:18:15.121', info: 'Established'},
  ]);
});
