import type {BirdReport, Problem, Trial, Warning} from '../agent/bird-report.ts';
import type {AgentStatus, Drain} from '../agent/status.ts';
import {excerptLines} from '../core/source-excerpt.ts';
import {renderVips} from './agent-vips.ts';
import {renderEndpoints} from './endpoint.ts';
import {renderSessions} from './session-table.ts';
import {clip, pageWidth, renderAge, renderFirst, renderTable, wrap} from './table.ts';

/** The status of an agent as an operator reads it, in 100 columns. `now` in milliseconds. */
export function renderAgentStatus(status: AgentStatus, now: number): string {
  const {host, addresses, waitsFor = 'no whole state has been read', pass, bird, announced, drain, endpoints = [], vips} = status;
  const lines = [
    ...entry('host', `${host} (${addresses.join(', ') || 'no address yet'})`),
    ...entry('store', storeText(status)),
    ...entry('last pass', pass === undefined ? `none yet: ${waitsFor}` : `${renderAge((now - pass.at) / 1000)} ago, ${pass.durationMs} ms`),
    ...entry('announced', announced.length === 0 ? 'nothing' : renderFirst(announced, 20)),
    ...(drain === undefined ? [] : entry('drain', drainText(drain, now))),
    ...(bird === undefined ? entry('bird', 'publishing is off') : birdLines(bird, now)),
    ...driverLines(pass?.drivers ?? []),
  ];
  const drivers = (pass?.drivers ?? []).map(({name, wanted, error, heldBackBy, pending, warning}) => {
    const waitsFor = heldBackBy ?? pending;
    const text = error?.split('\n')[0] ?? (waitsFor === undefined ? (warning ?? 'ok') : `waits for ${waitsFor}`);
    return [name, String(wanted), clip(text, stateWidth)];
  });
  const endpointTable = endpoints.length === 0 ? '' : `\n${renderEndpoints(endpoints)}`;
  const sessions = (bird?.sessions.length ?? 0) > 0 ? `\n${renderSessions(bird?.sessions ?? [])}` : '';
  const vipTable = vips === undefined || vips.length === 0 ? '' : `\n${renderVips(vips)}`;
  return `${lines.join('\n')}\n${sessions}${endpointTable}${vipTable}\n${renderTable(['DRIVER', 'WANTED', 'STATE'], drivers)}`;
}

function storeText({state, stateWrittenAt = 0, revision, stateAgeSeconds, storeFault}: AgentStatus): string {
  const age = renderAge(stateAgeSeconds);
  const why = storeFault === undefined ? '' : ` (${storeFault})`;
  if (state === 'none') return `nothing is known yet: waiting for the first whole state of the store for ${age}${why}`;
  if (state === 'cached') {
    const written = new Date(stateWrittenAt).toISOString();
    return `revision ${revision}, cached ${age} ago (${written}): the store has told nothing since${why}, and until it does nothing is removed`;
  }
  return `revision ${revision}, ${stateAgeSeconds === 0 ? 'current' : `out of touch for ${age}${why}, the last known state is kept`}`;
}

/** What the table of drivers has no room for, whole. Of BIRD it is told above, with its place in the file. */
function driverLines(drivers: NonNullable<AgentStatus['pass']>['drivers']): string[] {
  const lines = (heading: string, textOf: (driver: (typeof drivers)[number]) => string | undefined) => {
    const texts = new Set(drivers.flatMap(driver => (driver.name === 'bird' ? [] : (textOf(driver) ?? []))));
    return [...texts]
      .filter(text => text.length > stateWidth || text.includes('\n'))
      .flatMap(text => {
        const names = drivers.filter(driver => textOf(driver) === text).map(({name}) => name);
        return entry(heading, `${names.join(', ')}: ${text.replaceAll('\n', ' ')}`).map(line => clip(line, pageWidth));
      });
  };
  return [...lines('problem', ({error}) => error), ...lines('warning', ({warning}) => warning)];
}

const indent = 11;
const stateWidth = 70;

/** A heading and its text, the following lines of which stand under the first. */
function entry(heading: string, text: string): string[] {
  const [first = '', ...others] = wrap(text, pageWidth - indent);
  return [heading.padEnd(indent) + first, ...others.map(line => ' '.repeat(indent) + line)];
}

function birdLines(bird: BirdReport, now: number): string[] {
  const {isRunning, unanswered, sessions, accepted, isStale, templates, problem, trial, warnings = []} = bird;
  const ago = (at: number) => renderAge((now - at) / 1000);
  const since = accepted === undefined ? 'nothing accepted yet' : `configuration accepted ${ago(accepted.at)} ago (${accepted.how})`;
  const withErrors = sessions.filter(({isUp, lastError}) => !isUp && lastError !== undefined);
  return [
    ...entry('bird', `${isRunning ? 'running' : 'not running'}, ${since}${isStale ? ', what is wanted is not live' : ''}`),
    ...(unanswered === undefined ? [] : entry('', `its sessions are not known: ${unanswered}`)),
    ...(bird.withLastGoodTemplate === true ? entry('', "today's prefixes are announced with the last template that was good") : []),
    ...templates.flatMap(file => entry('template', file)),
    ...(isStale && problem === undefined ? entry('stale', staleText(bird, now)) : []),
    ...(problem === undefined ? [] : problemLines(problem, bird.staleSince === undefined ? undefined : ago(bird.staleSince))),
    ...(trial === undefined ? [] : entry('trial', trialText(trial, now))),
    ...warnings.flatMap(warning => entry('warning', warningText(warning))),
    ...withErrors.flatMap(({name, lastError}) => entry('session', `${name} is not up: ${lastError}`)),
  ];
}

function staleText({staleReason = '', staleSince}: BirdReport, now: number): string {
  return staleSince === undefined ? staleReason : `for ${renderAge((now - staleSince) / 1000)}: ${staleReason}`;
}

function trialText({since, deadline, waitingFor}: Trial, now: number): string {
  const waits = waitingFor.length === 0 ? 'all sessions are back' : `waits for ${renderFirst(waitingFor, 5)}`;
  const left = renderAge(Math.max(0, deadline - now) / 1000);
  return `a new configuration runs for ${renderAge((now - since) / 1000)}: ${waits}; else the old one comes back in ${left}`;
}

function drainText({state, since, deadline, withOtherPath, prefixes}: Drain, now: number): string {
  if (state === 'drained') return `drained for ${renderAge((now - since) / 1000)}: nothing is announced`;
  const left = deadline === undefined ? '' : `, at most ${renderAge(Math.max(0, deadline - now) / 1000)} more`;
  return `draining for ${renderAge((now - since) / 1000)}: ${withOtherPath} of ${prefixes} prefixes have another path${left}`;
}

function warningText({guard, reason, file, line}: Warning): string {
  return `${reason}${placeOf({file, line})} [${guard}]`;
}

function placeOf({file, line}: {readonly file: string | undefined; readonly line: number | undefined}): string {
  return file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
}

function problemLines({reason, file, line, column, text = ''}: Problem, age: string | undefined): string[] {
  const [excerpt = '', ...caret] = excerptLines(windowOf(text, column));
  return [
    ...entry('problem', `${reason}${placeOf({file, line})}`),
    ...(excerpt === '' ? [] : [excerpt, ...caret].map(shown => `${' '.repeat(indent)}${shown}`)),
    ...(age === undefined ? [] : entry('', `refused for ${age}`)),
  ];
}

/** So much of a long line that the column is in sight. */
function windowOf(text: string, column: number | undefined): {text: string; column: number | undefined} {
  const start = column !== undefined && column > 80 ? column - 60 : 0;
  return {text: text.slice(start, start + pageWidth - indent), column: column === undefined ? undefined : column - start};
}
