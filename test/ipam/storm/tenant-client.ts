import type {ClientOptions, Step} from './address-client.ts';
import {createTimeline, type Timeline} from './model.ts';
import {describe} from './system.ts';

/** What clients know of tenants (`name`) and segments (`tenant/name`). */
export type TenantModel = Map<string, Timeline<'none' | 'there'>>;

/** A client that makes tenants and segments known, and forgets them. */
export function createTenantClient({system, random, id, known}: ClientOptions & {readonly known: TenantModel}): Step {
  const names = [`${id}-1`, `${id}-2`];
  const segments = names.flatMap(name => ['s', 'u'].map(segment => `${name}/${segment}`));
  for (const name of [...names, ...segments]) known.set(name, createTimeline<'none' | 'there'>('none'));

  return async () => {
    const name = random.pick([...names, ...segments] as [string, ...string[]]);
    const state = known.get(name) ?? createTimeline<'none' | 'there'>('none');
    const [tenant = '', segment] = name.split('/');
    const isThere = state.now().includes('there');
    const path = segment === undefined ? '/tenants' : `/tenants/${tenant}/segments`;
    // With a tenant its segments go, and none can be added where it is not there.
    const touched = isThere && segment === undefined ? [name, ...segments.filter(other => other.startsWith(`${name}/`))] : [name];
    const before = new Map(touched.map(key => [key, known.get(key)?.now() ?? []]));
    const isTenantThere = segment === undefined || !(known.get(tenant)?.now() ?? []).includes('none');
    const start = system.tick();
    for (const key of touched) known.get(key)?.set(start, ['none', 'there']);
    const outcome = isThere
      ? await system.ask(random, 'DELETE', `${path}/${segment ?? tenant}`)
      : await system.ask(random, 'POST', path, {name: segment ?? tenant});
    const {kind, to} = outcome;
    for (const key of touched) {
      const old = before.get(key) ?? [];
      known.get(key)?.set(to, kind === 'unknown' ? ['none', 'there'] : kind === 'refused' ? old : isThere ? ['none'] : ['there']);
    }
    const wasCertain = before.get(name)?.length === 1;
    const isInUse = isThere && outcome.status === 409;
    if (kind === 'refused' && wasCertain && isTenantThere && !isInUse)
      system.complain(`refused without need: ${describe(isThere ? 'DELETE' : 'POST', path, name, outcome)}`);
  };
}
