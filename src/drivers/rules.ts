import {z} from 'zod';
import type {LookupRule} from '../core/desired-rules.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {runBatch} from './ip-route.ts';

/** A rule of ours as it may be found: somebody may have moved it. */
export interface OwnRule extends LookupRule {
  readonly priority?: number;
}

// Before the main table (32766), after whatever an operator gives a low number.
const ownPriority = 32_000;

// Rules of others may have no table: those that drop, jump, or ask the device.
const Rules = z.array(z.object({priority: z.number(), table: z.string().optional(), protocol: z.string().optional()}));

/** The ip rules that look our table up: those with our protocol number. */
export function createRules(run: Run): Driver<OwnRule> {
  const line = ({table, priority = ownPriority}: OwnRule) => `pref ${priority} lookup ${table} proto ${routeProtocol}`;
  return {
    name: 'rules',
    keyOf: ({family, table, priority = ownPriority}) => `${family} ${table} ${priority}`,
    isEqual: () => true,
    async read() {
      const outputs = await Promise.all(
        (['ipv4', 'ipv6'] as const).map(async family => {
          const text = await run('ip', ['-json', '-details', '-N', family === 'ipv4' ? '-4' : '-6', 'rule', 'show']);
          return Rules.parse(JSON.parse(text.trim() || '[]')).flatMap(({priority, table, protocol}) =>
            protocol === String(routeProtocol) && table !== undefined ? [{family, table: Number(table), priority}] : [],
          );
        }),
      );
      return outputs.flat();
    },
    apply: ({create, update, remove}) =>
      runBatch(run, [
        ...[...create, ...update].map(rule => ({family: rule.family, line: `rule add ${line(rule)}`})),
        ...remove.map(rule => ({family: rule.family, line: `rule del ${line(rule)}`})),
      ]),
  };
}
