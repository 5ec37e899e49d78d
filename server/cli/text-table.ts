// Rows as text for people: columns as wide as their widest cell, numbers to the right.

export type Cell = string | number | undefined;

/** Ends with a line feed. An unknown cell is a dash. */
export function textTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumber = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] !== 'string'));
  const texts = [head, ...rows.map((row) => row.map(textOf))];
  const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const pad = (text: string, column: number) =>
    isNumber[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return texts.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

// Control characters in stored text must not steer the terminal.
const textOf = (cell: Cell): string =>
  typeof cell === 'string' ? cell.replace(/\p{Cc}/gu, '?') : cell === undefined ? '-' : String(cell);
