/** Rows as text in columns, under their headings. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columnWidths(headings, rows);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[headings, ...rows].map(line).join('\n')}\n`;
}

export interface Column {
  readonly heading: string;
  /** The heading where the table would else be too wide. */
  readonly short?: string;
  /** Is left out where that is still too wide: what the thing in detail shows anyway. */
  readonly isSpare?: boolean;
  /** What it holds may be cut in the end: a name, not a CIDR. */
  readonly isCut?: boolean;
}

/** A table that fits the page: what does not gets shorter headings, then fewer columns, and then the widest that may be cut are. */
export function renderFittedTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const full = columns.map(({heading}) => heading);
  if (isFitting(full, rows)) return renderTable(full, rows);
  const short = columns.map(({heading, short = heading}) => short);
  if (isFitting(short, rows)) return renderTable(short, rows);
  const kept = columns.flatMap(({isSpare}, column) => (isSpare === true ? [] : [column]));
  const keep = <Value>(values: readonly Value[]) => kept.flatMap(column => values[column] ?? []);
  return renderCut(
    keep(short),
    rows.map(row => keep(row)),
    keep(columns).map(({isCut}) => isCut === true),
  );
}

/** Takes from the widest column again and again. */
function renderCut(headings: readonly string[], rows: readonly (readonly string[])[], mayCut: readonly boolean[]): string {
  const widths = columnWidths(headings, rows);
  const least = (column: number) => Math.max(headings[column]?.length ?? 0, leastWidth);
  for (let excess = tableWidth(widths) - pageWidth; excess > 0; excess -= 1) {
    const slack = widths.map((width, column) => (mayCut[column] === true && width > least(column) ? width : 0));
    const widest = slack.indexOf(Math.max(...slack));
    if (slack[widest] === 0) break;
    widths[widest] = (slack[widest] ?? 0) - 1;
  }
  return renderTable(
    headings,
    rows.map(row => row.map((cell, column) => (mayCut[column] === true ? clip(cell, widths[column] ?? 0) : cell))),
  );
}

const leastWidth = 8;

function isFitting(headings: readonly string[], rows: readonly (readonly string[])[]): boolean {
  return tableWidth(columnWidths(headings, rows)) <= pageWidth;
}

// By a loop and not by Math.max(...rows): a call takes some ten thousand arguments, and there may be more addresses.
function columnWidths(headings: readonly string[], rows: readonly (readonly string[])[]): number[] {
  const widths = headings.map(heading => heading.length);
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return widths;
}

function tableWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 2, -2);
}

/** A thing in detail: what it is, and a line for each of its properties; what is too long goes on below. */
export function renderDetails(title: string, properties: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...properties.map(([name]) => name.length));
  const lines = properties.flatMap(([name, value]) => {
    const values = value.split('\n').flatMap(line => wrap(line, pageWidth - width - 4));
    return values.map((line, index) => `  ${(index === 0 ? name : '').padEnd(width)}  ${line}`.trimEnd());
  });
  return `${[title, ...lines].join('\n')}\n`;
}

/** "3 s", "5 min", "2 h", "4 d": an age as an operator says it. */
export function renderAge(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** How wide what we print may be where an operator reads it. */
export const pageWidth = 100;

/** A text of so many characters at most. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A text as lines, broken at spaces. A word that is longer than a line stays whole: a path must be there to copy. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** "a, b, c and 7 more" */
export function renderFirst(items: readonly string[], most: number): string {
  const rest = items.length - most;
  return rest > 1 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ');
}
