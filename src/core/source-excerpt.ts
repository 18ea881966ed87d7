/** A line of a file, and under it a caret below the column (from 1); tabs stay tabs, so that the two line up. Nothing without a text. */
export function excerptLines({text, column}: {readonly text: string; readonly column: number | undefined}): string[] {
  if (text === '') return [];
  return column === undefined ? [text] : [text, `${text.slice(0, Math.max(0, column - 1)).replaceAll(/[^\t]/g, ' ')}^`];
}
