import {z} from 'zod';
import {messageOf} from '../core/errors.ts';
import type {Family} from '../core/prefix.ts';
import type {Run} from '../system/run.ts';

const Links = z.array(z.object({ifname: z.string()}));
const Routes = z.array(z.object({type: z.string().default('unicast'), dev: z.string().optional()}));
const separator = '\n---\n';

export interface NamespaceQuestion {
  readonly netns: string;
  /** What the interface in there is to be called. */
  readonly ifname: string;
  /** What its default route is needed for. */
  readonly families: ReadonlySet<Family>;
}

/** Why there can be no interface of ours in a network namespace, as a sentence; undefined when there can. Looks into it by `nsenter`. */
export async function whyNoPair(run: Run, {netns, ifname, families}: NamespaceQuestion): Promise<string | undefined> {
  let output: string;
  try {
    output = await run('nsenter', [`--net=${netns}`, 'sh', '-c', script]);
  } catch (error) {
    return `Network namespace ${netns} cannot be entered: ${messageOf(error)}.`;
  }
  const [links = '', routes4 = '', routes6 = ''] = output.split(separator);
  if (Links.parse(JSON.parse(links)).some(link => link.ifname === ifname)) {
    return `Network namespace ${netns} has an interface ${ifname} already, which is not ours.`;
  }
  const routes = [...(families.has('ipv4') ? parseRoutes(routes4) : []), ...(families.has('ipv6') ? parseRoutes(routes6) : [])];
  const taken = routes.find(({type, dev}) => type === 'unicast' && dev !== undefined);
  return taken && `Network namespace ${netns} has a default route already, by ${taken.dev}.`;
}

const questions = ['link show', '-4 route show default', '-6 route show default'].map(question => `ip -json ${question}`);
const script = questions.join(` && printf '\\n---\\n' && `);

function parseRoutes(text: string): z.infer<typeof Routes> {
  return Routes.parse(JSON.parse(text.trim() || '[]'));
}
