import type {AgentStatus} from '../agent/status.ts';
import {clip, renderTable} from './table.ts';

type Vip = NonNullable<AgentStatus['vips']>[number];

const nameWidth = 24;
const hereWidth = 40;

/** The VIPs as a host sees them, in 100 columns at most. */
export function renderVips(vips: readonly Vip[]): string {
  return renderTable(
    ['VIP', 'IP', 'HOLDER', 'HERE'],
    vips.map(vip => [clip(vip.name, nameWidth), vip.ip, clip(vip.holder ?? '-', nameWidth), clip(hereText(vip), hereWidth)]),
  );
}

function hereText({isHere, dev, provenForSeconds, note}: Vip): string {
  const place = isHere ? `on ${dev}` : '-';
  if (note !== undefined) return isHere ? `${place}, to go: ${note}` : note;
  return provenForSeconds === undefined ? place : `${place}, proven for ${provenForSeconds.toFixed(1)} s`;
}
