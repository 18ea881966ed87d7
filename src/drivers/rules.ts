import type {LookupRule} from '../core/desired-rules.ts';
import {routeProtocol} from '../core/route-protocol.ts';
import type {Driver} from '../reconcile/driver.ts';
import type {Run} from '../system/run.ts';
import {runBatch} from './ip-route.ts';
import {createReadKernel, type ReadKernel} from './kernel.ts';

/** A rule of ours as it may be found: somebody may have moved it. */
export interface OwnRule extends LookupRule {
  readonly priority?: number;
}

// Before the main table (32766), after whatever an operator gives a low number.
const ownPriority = 32_000;

/** The ip rules that look our table up: those with our protocol number. */
export function createRules(run: Run, readKernel: ReadKernel = createReadKernel(run)): Driver<OwnRule> {
  const line = ({table, priority = ownPriority}: OwnRule) => `pref ${priority} lookup ${table} proto ${routeProtocol}`;
  return {
    name: 'rules',
    keyOf: ({family, table, priority = ownPriority}) => `${family} ${table} ${priority}`,
    show: rule => `${rule.family} ${line(rule)}`,
    isEqual: () => true,
    async read() {
      const {rules} = await readKernel();
      return rules.flatMap(({family, table, priority, protocol}) =>
        protocol === String(routeProtocol) && table !== undefined ? [{family, table, priority}] : [],
      );
    },
    standsFor: (old, failed) => old.family === failed.family,
    apply: ({create, update, remove}) =>
      runBatch(run, [
        ...[...create, ...update].map(rule => ({family: rule.family, item: rule, line: `rule add ${line(rule)}`})),
        ...remove.map(rule => ({family: rule.family, item: rule, line: `rule del ${line(rule)}`})),
      ]),
  };
}
