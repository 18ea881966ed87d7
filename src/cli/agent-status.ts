import type {AgentStatus, BirdReport, Problem} from '../agent/status.ts';
import {excerptLines} from '../core/source-excerpt.ts';
import {renderAge, renderTable} from './table.ts';

/** The status of an agent as an operator reads it. `now` in milliseconds. */
export function renderAgentStatus(status: AgentStatus, now: number): string {
  const {host, addresses, revision, stateAgeSeconds, pass, bird, announced} = status;
  const store = stateAgeSeconds === 0 ? 'current' : `out of touch for ${renderAge(stateAgeSeconds)}, the last known state is kept`;
  const lines = [
    `host       ${host} (${addresses.join(', ')})`,
    `store      revision ${revision}, ${store}`,
    `last pass  ${pass === undefined ? 'none yet: no whole state has been read' : `${renderAge((now - pass.at) / 1000)} ago, ${pass.durationMs} ms`}`,
    `announced  ${announced.length === 0 ? 'nothing' : announced.join(', ')}`,
    ...(bird === undefined ? ['bird       publishing is off'] : birdLines(bird, now)),
  ];
  const drivers = (pass?.drivers ?? []).map(({name, wanted, error, heldBackBy}) => [
    name,
    String(wanted),
    error?.split('\n')[0] ?? (heldBackBy === undefined ? 'ok' : `waits for ${heldBackBy}`),
  ]);
  return `${lines.join('\n')}\n\n${renderTable(['DRIVER', 'WANTED', 'STATE'], drivers)}`;
}

function birdLines({isRunning, sessions, accepted, isStale, templates, problem}: BirdReport, now: number): string[] {
  const since =
    accepted === undefined
      ? 'nothing accepted yet'
      : `configuration accepted ${renderAge((now - accepted.at) / 1000)} ago (${accepted.how})`;
  const speaking = sessions.filter(({proto}) => ['BGP', 'OSPF', 'BFD', 'RIP', 'Babel'].includes(proto));
  return [
    `bird       ${isRunning ? 'running' : 'not running'}, ${since}${isStale ? ', what is wanted is not live' : ''}`,
    ...templates.map(file => `template   ${file}`),
    ...speaking.map(({name, proto, state, info}) => `session    ${name} (${proto}) ${state} ${info}`.trimEnd()),
    ...(problem === undefined ? [] : problemLines(problem)),
  ];
}

function problemLines({reason, file, line, column, text}: Problem): string[] {
  const place = file === undefined ? '' : ` in ${file}${line === undefined ? '' : `, line ${line}`}`;
  const lines = [`problem    ${reason}${place}`];
  return [...lines, ...excerptLines({text: text ?? '', column}).map(line => `           ${line}`)];
}
