import {z} from 'zod';
import type {LookupRule} from '../core/desired-rules.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {runBatch} from './ip-route.ts';

// Before the main table (32766), after whatever an operator gives a low number.
const priority = 32_000;

const Rules = z.array(z.object({priority: z.number(), table: z.string(), protocol: z.string().optional()}));

/** The ip rules that look our table up: those with our protocol number. */
export function createRules(run: Run): Driver<LookupRule> {
  return {
    name: 'rules',
    keyOf: ({family, table}) => `${family} ${table}`,
    isEqual: () => true,
    async read() {
      const outputs = await Promise.all(
        (['ipv4', 'ipv6'] as const).map(async family => {
          const text = await run('ip', ['-json', '-details', '-N', family === 'ipv4' ? '-4' : '-6', 'rule', 'show']);
          return Rules.parse(JSON.parse(text.trim() || '[]'))
            .filter(rule => rule.protocol === String(routeProtocol))
            .map(rule => ({family, table: Number(rule.table)}));
        }),
      );
      return outputs.flat();
    },
    apply: ({create, update, remove}) => {
      const line = ({table}: LookupRule) => `pref ${priority} lookup ${table} proto ${routeProtocol}`;
      return runBatch(run, [
        ...[...create, ...update].map(rule => ({family: rule.family, line: `rule add ${line(rule)}`})),
        ...remove.map(rule => ({family: rule.family, line: `rule del ${line(rule)}`})),
      ]);
    },
  };
}
