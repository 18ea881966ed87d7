/** A shipped template that is another one with a few lines changed; made by machine, so that the two cannot drift apart. */
export interface TemplateVariant {
  readonly name: string;
  readonly from: string;
  derive(text: string): string;
}

/** Every derived template of templates/, those that others are derived from first. */
export const templateVariants: readonly TemplateVariant[] = [
  ...['bird2/bgp', 'bird2/ospf'].flatMap(from => [
    {name: `${from}-v4`, from, derive: (text: string) => oneFamily(text, '4')},
    {name: `${from}-v6`, from, derive: (text: string) => oneFamily(text, '6')},
    ...announcing(from),
  ]),
  ...['bird1/bgp', 'bird1/ospf'].flatMap(from => [
    {name: `${from}-v6`, from, derive: forBird6},
    ...announcing(from),
    ...announcing(`${from}-v6`),
  ]),
];

function announcing(from: string): TemplateVariant[] {
  return [
    {
      name: `${from}-aggregates`,
      from,
      derive: text => announce(text, '(aggregate Networks$1)', 'Networks joined to the fewest prefixes that cover just them.'),
    },
    {
      name: `${from}-groups`,
      from,
      derive: text =>
        announce(text, '(groupsOf HostGroups Networks$1)', "the prefix of each of this host's groups in which one of its Networks lies."),
    },
  ];
}

function announce(text: string, list: string, what: string): string {
  const changed = replaced(text, /Announces: .*/, `Announces: ${what}`);
  return replaced(changed, /\{\{#each Networks([46])\}\}/g, `{{#each ${list}}}`);
}

/** Keeps one family of a template for both: the blocks that ask for the other one go, those that ask for this one lose their condition. */
function oneFamily(text: string, family: '4' | '6'): string {
  const kept: string[] = [];
  const open: Array<'this' | 'other' | 'neutral'> = [];
  for (const line of text.split('\n')) {
    const [, asked] = /^\{\{#if \(or (?:@root\.)?NodeIP([46]) /.exec(line) ?? [];
    let isCondition = false;
    if (/^\{\{#/.test(line)) {
      open.push(asked === undefined ? 'neutral' : asked === family ? 'this' : 'other');
      isCondition = asked !== undefined;
    }
    const isOther = open.includes('other');
    if (line.startsWith('{{/')) isCondition = open.pop() !== 'neutral';
    if (!isOther && !isCondition) kept.push(line);
  }
  const one = replaced(kept.join('\n'), /Families: .*/, `Families: IPv${family} only, whatever the host has.`);
  return family === '6' ? one.replace(/^ {2}extendedNextHop .*\n/m, '') : one;
}

/** The IPv6 daemon of BIRD 1.6. Its OSPF knows no authentication. */
function forBird6(text: string): string {
  const isOspf = text.includes('OSPFv2');
  const named = [
    [/daemon bird \(IPv4\)/, 'daemon bird6 (IPv6)'],
    [/Families: .*/, 'Families: IPv6 only; IPv4 has a daemon of its own, bird.'],
    [/Networks4/g, 'Networks6'],
    [/VipPool4/g, 'VipPool6'],
    [/romana_vips\b/g, 'romana_vips6'],
    [/"romana"/g, '"romana6"'],
    [/protocol static romana /, 'protocol static romana6 '],
  ] as const;
  const changed = named.reduce((result, [pattern, replacement]) => replaced(result, pattern, replacement), text);
  if (!isOspf)
    return replaced(changed, /the neighbour's address$/m, "the neighbour's address; a link-local one with its interface, fe80::1%eth0");
  const ospf = replaced(replaced(changed, /OSPFv2/, 'OSPFv3'), /romana_ospf /, 'romana_ospf6 ');
  return replaced(replaced(ospf, /^ {2}md5File .*\n/m, ''), /\{\{#if \(has Vars "md5File"\)\}\}[\s\S]*?\{\{\/if\}\}\n/, '');
}

function replaced(text: string, pattern: RegExp, replacement: string): string {
  const result = text.replace(pattern, replacement);
  if (result === text) throw new Error(`the template has nothing that matches ${pattern}`);
  return result;
}
