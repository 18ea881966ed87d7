import type {BirdReport} from '../agent/bird-report.ts';
import {clip, pageWidth, renderTable} from './table.ts';

type Session = BirdReport['sessions'][number];

const headings = ['SESSION', 'PROTO', 'NEIGHBOUR', 'STATE', 'SINCE', 'IN', 'OUT', 'BFD'];
const neighbourColumn = 2;

/** BIRD's sessions, in 100 columns: where that is too little, names are cut first, and then the neighbours. */
export function renderSessions(sessions: readonly Session[]): string {
  const rows = sessions.map(rowOf);
  const widthOf = (column: number) => Math.max(headings[column]?.length ?? 0, ...rows.map(row => row[column]?.length ?? 0));
  const others = headings.reduce((sum, _, column) => (column === neighbourColumn ? sum : sum + widthOf(column) + 2), 0);
  return renderTable(
    headings,
    rows.map(row => row.map((cell, column) => (column === neighbourColumn ? clip(cell, pageWidth - others) : cell))),
  );
}

function rowOf(session: Session): string[] {
  const {name, proto, channels, since, bfd} = session;
  const sum = (what: 'imported' | 'exported') => channels.reduce((total, channel) => total + channel[what], 0);
  const hasRoutes = channels.length > 0;
  return [
    clip(name, 24),
    proto,
    neighbourOf(session),
    clip(stateOf(session), 12),
    // BIRD gives a time of today, or a day; with both, the day says more.
    (since.split(' ')[0] ?? '').replace(/\.\d+$/, ''),
    hasRoutes ? String(sum('imported')) : '-',
    hasRoutes ? String(sum('exported')) : '-',
    bfd?.state ?? '-',
  ];
}

function neighbourOf({neighbour, neighbourAs, neighbours, bfdSessions}: Session): string {
  if (neighbour !== undefined) return neighbourAs === undefined ? neighbour : `${neighbour} AS${neighbourAs}`;
  if (bfdSessions !== undefined) return `${bfdSessions.filter(({state}) => state === 'up').length} of ${bfdSessions.length} up`;
  const [first, ...others] = neighbours ?? [];
  if (first === undefined) return neighbours === undefined ? '-' : 'none';
  return others.length === 0 ? first.address : `${first.address} and ${others.length} more`;
}

/** Of a BGP session the word that its people know it by. */
function stateOf({proto, state, info, neighbours}: Session): string {
  if (proto === 'BGP') return info.split(' ')[0] || state;
  if (proto === 'OSPF') return neighbours?.[0]?.state ?? (info || state);
  return state;
}
