import type {Templates} from './bird-host.ts';
import {peering} from './peer.ts';

/** Templates that an operator may leave behind, by what they are. All of them peer with the ToR of peer.ts, more or less. */
export const goodTemplates = {
  plain: peering(),
  'graceful restart': peering({session: 'graceful restart on;'}),
  'another keepalive': peering({session: 'keepalive time 2;'}),
  'another name': peering({name: 'uplink'}),
  'a quoted name': peering({name: "'up-link:1.x'"}),
  'another export filter': peering({channel: 'export filter { if proto = "romana" then accept; reject; };'}),
} as const satisfies Readonly<Record<string, Templates>>;

const plain = goodTemplates.plain['publisher.conf'] ?? '';

/** Templates of which nothing may ever be live. */
export const badTemplates = {
  'a slip in a rendered line': changed(text => text.replace('reject;', 'rejekt;')),
  'a slip in a tag': changed(text => text.replace('each Networks', 'each Netwroks')),
  'a slip in bird.conf': {...goodTemplates.plain, 'bird.conf': `${goodTemplates.plain['bird.conf']}protocol devise {}\n`},
  'a bird.conf that includes nothing': {...goodTemplates.plain, 'bird.conf': 'router id 192.168.20.30;\nprotocol device {}\n'},
  'no publisher.conf': {'bird.conf': goodTemplates.plain['bird.conf'] ?? ''},
  'a wrong AS': peering({as: 65009}),
  'a wrong AS of its own': peering({local: 65009}),
  'a wrong password': peering({session: 'password "wrong";'}),
  'another name and a wrong AS': peering({name: 'downlink', as: 65009}),
  'another name and a wrong AS of its own': peering({name: 'downlink', local: 65009}),
  'a session that is turned off': peering({session: 'disabled;'}),
  'an export filter that lets nothing pass': peering({
    channel: 'export filter { if net ~ [ 192.0.2.0/24+ ] then accept; reject; };',
  }),
  'nothing rendered': changed(() => '{{#if Draining}}\nprotocol device {}\n{{/if}}\n'),
  'no neighbour': changed(text => text.slice(0, text.indexOf('protocol bgp'))),
  'a foreign prefix': changed(text => text.replace('{{#each', '  route 203.0.113.0/24 reject;\n{{#each')),
  'a default route': changed(text => text.replace('{{#each', '  route 0.0.0.0/0 reject;\n{{#each')),
  'most prefixes gone': changed(text => text.replace(/\{\{#each[\s\S]*each}}/, '  route 10.1.0.0/29 reject;')),
} as const satisfies Readonly<Record<string, Templates>>;

/** Of the bad ones those that cannot be told from outside, where BIRD has no control socket. */
export const invisibleBySignal: readonly Templates[] = [badTemplates['an export filter that lets nothing pass']];

function changed(change: (publisher: string) => string): Templates {
  return {...goodTemplates.plain, 'publisher.conf': change(plain)};
}
