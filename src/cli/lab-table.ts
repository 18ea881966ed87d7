import type {NodeStatus} from '../lab/status.ts';

const shownRoutes = 6;

/** The nodes of a lab as text: a line each, and the routes of each inside the lab's networks below it. */
export function statusTable(nodes: readonly NodeStatus[]): string {
  const rows = nodes.map(({node, role, rack, processes, sessions}) => [
    node,
    role,
    rack || '-',
    processes.map(({what, isAlive}) => (isAlive ? what : `${what} (dead)`)).join(' '),
    `${sessions.filter(({isUp}) => isUp).length}/${sessions.length}`,
  ]);
  const table = columns([['Node', 'Role', 'Rack', 'Processes', 'Sessions'], ...rows]);
  const [head = '', ...lines] = table;
  return [head, ...lines.flatMap((line, index) => [line, ...routeLines(nodes[index]?.routes ?? [])])].join('\n');
}

function routeLines(routes: readonly string[]): string[] {
  const more = routes.length - shownRoutes;
  return [...routes.slice(0, shownRoutes).map(route => `    ${route}`), ...(more > 0 ? [`    … and ${more} more`] : [])];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
