import {InputError} from '../core/errors.ts';
import {parseTopology, type TopologyDocument} from '../core/topology-document.ts';
import {refuseBadHostName} from './hosts.ts';

/** A topology document as posted. Throws InputError ERR_MALFORMED, ERR_INVALID: all that is wrong with it in one sentence. */
export function parseTopologyBody(body: unknown): TopologyDocument {
  const document = parseDocument(body);
  for (const {map} of document.topologies) for (const group of map) refuseBadHostNamesBelow(group);
  return document;
}

function parseDocument(body: unknown): TopologyDocument {
  try {
    return parseTopology(body);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const code = error.code === 'ERR_MALFORMED' ? 'ERR_MALFORMED' : 'ERR_INVALID';
    throw new InputError(code, sentenceOf(error.message.split('\n')), {cause: error});
  }
}

function sentenceOf(problems: readonly string[]): string {
  const text = problems.join('; ').replace(/^topology document/, 'The topology document');
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function refuseBadHostNamesBelow({hosts, groups}: TopologyDocument['topologies'][number]['map'][number]): void {
  for (const {name} of hosts) refuseBadHostName(name);
  for (const group of groups) refuseBadHostNamesBelow(group);
}
