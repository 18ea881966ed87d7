import path from 'node:path';
import type {BirdConfig} from '../core/bird-config/model.ts';
import type {BirdFile} from '../core/desired-bird-files.ts';
import {createAddressSpace} from '../core/guards/address-space.ts';
import {findNamingSlips} from '../core/naming-slips.ts';
import {checkGuards, type GuardFinding} from '../core/publish-guards.ts';
import type {TemplateHost} from './template-parts.ts';

/** What the guards have against the files of a host, at the templates' places. Without a `before` nothing is known of what is announced today. */
export function guardFiles(
  {source, guards, confDir}: TemplateHost,
  files: readonly BirdFile[],
  {before, after}: {readonly before: BirdConfig | undefined; readonly after: BirdConfig},
): GuardFinding[] {
  const publisher = path.join(confDir, 'publisher.conf');
  const {networks, vips, localAs, draining} = source;
  const own = createAddressSpace(networks);
  const guardFindings = checkGuards({
    before,
    after,
    publisher: {path: publisher, text: files.find(file => file.path === publisher)?.text ?? ''},
    networks,
    vips,
    localAs,
    groups: Object.values(source.groups).map(({CIDR}) => CIDR),
    // The store is not asked here: what the data do not name any more is taken to be released.
    released: prefix => draining || own.missingOf(prefix)[0] === prefix,
    settings: guards,
  });
  const findings = [...guardFindings, ...findNamingSlips({after, networks, settings: guards})];
  return findings.map(finding => ({...finding, ...placeInTemplate(finding, files)}));
}

/** "refused (guard foreign): … (/etc/romana/bird/publisher.conf:12)" */
export function findingLine({guard, level, reason, file, line}: GuardFinding): string {
  const place = file === undefined ? '' : ` (${line === undefined ? file : `${file}:${line}`})`;
  return `${level === 'refuse' ? 'refused' : 'warning'} (guard ${guard}): ${reason}${place}`;
}

export function isRefused(findings: readonly GuardFinding[]): boolean {
  return findings.some(({level}) => level === 'refuse');
}

function placeInTemplate({file, line}: GuardFinding, files: readonly BirdFile[]): Pick<GuardFinding, 'file' | 'line'> {
  const rendered = files.find(candidate => candidate.path === file);
  if (rendered === undefined || rendered.source === '') return {};
  return {file: rendered.source, ...(line !== undefined && {line: rendered.lines?.()[line - 1] ?? line})};
}
