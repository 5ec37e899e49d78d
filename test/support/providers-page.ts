// docs/providers.md out of what the adapters declare: the tables behind its mark.

import { DIALECT_HEAD, dialectRows, PROVIDER_HEAD, providerRows } from '../../server/cli/commands/providers.ts';

const MARK = '<!-- npm run docs writes what follows, out of the adapters -->';

/** The page with its tables anew. */
export function providersPage(page: string): string {
  const [written = ''] = page.split(MARK);
  const tables = [tableOf(PROVIDER_HEAD, providerRows()), '', '## Dialects', '', tableOf(DIALECT_HEAD, dialectRows())];
  return `${written}${MARK}\n\n${tables.join('\n')}\n`;
}

/** A table as the formatter leaves it. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const quoted = rows.map((row) => row.map((cell) => cell.split(', ').map(quotedWord).join(', ')));
  const widths = head.map((title, at) => Math.max(title.length, ...quoted.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...quoted.map(line)].join('\n');
}

/** Paths, hosts and forms stand as code. */
const quotedWord = (words: string): string =>
  words.replaceAll(/\S+/g, (word) => (/[/:{]/.test(word) ? `\`${word}\`` : word));
