// A table of sums of the ledger, in the order of the column that was pressed. All in one row at its foot.

import { useMemo, useState } from 'preact/hooks';
import type { LedgerSumRow } from '../../api/ledger.ts';
import { formatCount, formatMs, formatPercent, formatUsd } from '../../state/format.ts';
import { type Column, type Order, sortRows, validShare } from '../../state/ledger/totals.ts';
import { Icon } from '../components/icon.tsx';

const columns: readonly { readonly column: Column; readonly label: string }[] = [
  { column: 'calls', label: 'Calls' },
  { column: 'tokens', label: 'Tokens' },
  { column: 'cost', label: 'Cost' },
  { column: 'saved', label: 'Saved' },
  { column: 'valid', label: 'Valid at first' },
  { column: 'score', label: 'Score' },
  { column: 'feedback', label: 'Feedback' },
  { column: 'latency', label: 'Latency' },
];

interface SumsProps {
  /** Names of what the rows are grouped by. */
  readonly fields: readonly string[];
  readonly rows: readonly LedgerSumRow[];
  readonly total: LedgerSumRow;
  /** Called with the name of a row that was pressed, in tables of one field. */
  onPick?(value: string): void;
}

export function SumsTable({ fields, rows, total, onPick }: SumsProps) {
  const [order, setOrder] = useState<Order>({ column: 'cost', isDescending: true });
  // A field that the rows are no longer grouped by has no order.
  const fits = typeof order.column !== 'number' || order.column < fields.length;
  const sorted = useMemo(
    () => sortRows(rows, fits ? order : { column: 'cost', isDescending: true }),
    [rows, order, fits],
  );
  const press = (column: Order['column']) =>
    setOrder({ column, isDescending: order.column === column ? !order.isDescending : typeof column !== 'number' });
  return (
    <section
      class="table-scroll"
      aria-label="Rows of the ledger"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
      tabIndex={0}
    >
      <table class="rows">
        <thead>
          <tr>
            {fields.map((field, at) => (
              <Heading key={field} label={field} column={at} order={order} press={press} />
            ))}
            {columns.map(({ column, label }) => (
              <Heading key={column} label={label} column={column} order={order} press={press} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={row.by.join(' ')}>
              {fields.map((field, at) => (
                <th key={field} scope="row">
                  <GroupName field={field} value={row.by[at] ?? ''} onPick={onPick} />
                </th>
              ))}
              <Cells row={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={Math.max(1, fields.length)}>
              In all
            </th>
            <Cells row={total} />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

interface HeadingProps {
  readonly label: string;
  readonly column: Order['column'];
  readonly order: Order;
  press(column: Order['column']): void;
}

function Heading({ label, column, order, press }: HeadingProps) {
  const isSorted = order.column === column;
  const direction = order.isDescending ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={isSorted ? direction : 'none'} class={typeof column === 'number' ? 'is-name' : ''}>
      <button type="button" class="sort" onClick={() => press(column)}>
        {label}
        <Icon name={isSorted && !order.isDescending ? 'up' : 'down'} />
      </button>
    </th>
  );
}

interface GroupProps {
  readonly field: string;
  readonly value: string;
  readonly onPick?: SumsProps['onPick'] | undefined;
}

function GroupName({ field, value, onPick }: GroupProps) {
  if (value === '') return <span class="muted">{field === 'team' ? 'no team' : 'unknown'}</span>;
  const name = field === 'path' ? <span class={`path path-${value}`}>{value}</span> : <span>{value}</span>;
  if (onPick === undefined) return name;
  return (
    <button type="button" class="pick" title={`Only ${value}`} onClick={() => onPick(value)}>
      {name}
    </button>
  );
}

function Cells({ row }: { row: LedgerSumRow }) {
  const { calls, inputTokens, outputTokens, costMicroUsd, unknownCosts, savedMicroUsd, rehearsals } = row;
  const { score, feedback, latencyMs } = row;
  const share = validShare(row);
  return (
    <>
      <td>{formatCount(calls)}</td>
      <td title={`${formatCount(inputTokens)} in, ${formatCount(outputTokens)} out`}>
        {formatCount(inputTokens + outputTokens)}
      </td>
      <td>
        {rehearsals > 0 && (
          <span class="rehearsal rehearsal-part" title="Answered by the rehearsal: the cost is an estimate">
            {rehearsals < calls && formatCount(rehearsals)} rehearsal
          </span>
        )}
        {unknownCosts < calls && formatUsd(costMicroUsd)}
        {unknownCosts > 0 && (
          <span class="muted">{unknownCosts >= calls ? 'unknown' : ` + ${formatCount(unknownCosts)} unknown`}</span>
        )}
      </td>
      <td class={savedMicroUsd === 0 ? 'muted' : ''}>{formatUsd(savedMicroUsd)}</td>
      <td class={share === undefined ? 'muted' : ''}>{formatPercent(share)}</td>
      <Mean value={score} of={row.scores} />
      <Mean value={feedback} of={row.feedbacks} />
      <td class={latencyMs === undefined ? 'muted' : ''}>{formatMs(latencyMs)}</td>
    </>
  );
}

/** A mean, and how many it is of where that is known. */
export function Mean({ value, of }: { value: number | undefined; of: number | undefined }) {
  if (value === undefined) return <td class="muted">–</td>;
  return (
    <td>
      {formatPercent(value)} {of !== undefined && <span class="muted">of {formatCount(of)}</span>}
    </td>
  );
}
