import {Command} from 'commander';
import {addExamples} from './help.ts';
import {type CliParts, forEachItem, renderJson, separated} from './parts.ts';
import {pathOf} from './path.ts';
import {pageWidth, wrap} from './table.ts';
import {Explanation} from './wire.ts';

/** `romana explain IP` */
export function explainCommand(parts: CliParts): Command {
  const command = new Command('explain')
    .description('the whole path of an address: its block, the host that owns it, its group, and what announces it')
    .argument('<ip...>', 'the address, in use or not')
    .action(async (ips: string[], _options, self: Command) => {
      const {client, format} = await parts.open(self.optsWithGlobals());
      const show = separated(parts.write);
      await forEachItem(ips, parts, async ip => {
        const body = await client.request('GET', pathOf('explain', ip));
        if (format === 'json') return parts.write(renderJson(body));
        const lines = Explanation.parse(body).text.flatMap(sentence => wrap(sentence, pageWidth));
        show(`${lines.join('\n')}\n`);
      });
    });
  return addExamples(command, 'explain 10.1.0.7', '-f json explain 2001:db8::7');
}
