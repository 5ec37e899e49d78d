// The table of the ledger: rows grouped as chosen, in the order of the column that was pressed.

import { useMemo, useState } from 'preact/hooks';
import { type LedgerField, type LedgerSumRow, ledgerFields } from '../../api/ledger.ts';
import { formatCount, formatMs, formatPercent, formatUsd } from '../../state/format.ts';
import type { LedgerController, LedgerState } from '../../state/ledger/controller.ts';
import { type Column, type Order, sortRows, validShare } from '../../state/ledger/totals.ts';
import { Icon } from '../components/icon.tsx';

const columns: readonly { readonly column: Column; readonly label: string }[] = [
  { column: 'calls', label: 'Calls' },
  { column: 'tokens', label: 'Tokens' },
  { column: 'cost', label: 'Cost' },
  { column: 'saved', label: 'Saved' },
  { column: 'valid', label: 'Valid at first' },
  { column: 'score', label: 'Score' },
  { column: 'latency', label: 'Latency' },
];

interface TableProps {
  readonly ledger: LedgerController;
  readonly state: LedgerState;
  readonly total: LedgerSumRow;
}

export function LedgerTable({ ledger, state, total }: TableProps) {
  const { rows, shownBy, by } = state;
  const [order, setOrder] = useState<Order>({ column: 'cost', isDescending: true });
  // A field that the rows are no longer grouped by has no order.
  const fits = typeof order.column !== 'number' || order.column < shownBy.length;
  const sorted = useMemo(
    () => sortRows(rows, fits ? order : { column: 'cost', isDescending: true }),
    [rows, order, fits],
  );
  const press = (column: Order['column']) =>
    setOrder({ column, isDescending: order.column === column ? !order.isDescending : typeof column !== 'number' });
  return (
    <section class="panel ledger-table" aria-labelledby="rows-title">
      <div class="panel-head">
        <h3 id="rows-title">Grouped by</h3>
        <GroupChoice by={by} toggle={(field) => void ledger.toggle(field)} />
      </div>
      <section
        class="table-scroll"
        aria-label="Rows of the ledger"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
      >
        <table class="rows">
          <thead>
            <tr>
              {shownBy.map((field, at) => (
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
                {shownBy.map((field, at) => (
                  <th key={field} scope="row">
                    <GroupName field={field} value={row.by[at] ?? ''} />
                  </th>
                ))}
                <Cells row={row} />
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={Math.max(1, shownBy.length)}>
                In all
              </th>
              <Cells row={total} />
            </tr>
          </tfoot>
        </table>
      </section>
    </section>
  );
}

function GroupChoice({ by, toggle }: { by: readonly LedgerField[]; toggle(field: LedgerField): void }) {
  return (
    <fieldset class="group-choice">
      <legend class="visually-hidden">Group by</legend>
      {ledgerFields.map((field) => (
        <label key={field} class="chip">
          <input
            type="checkbox"
            checked={by.includes(field)}
            disabled={by.length === 1 && by.includes(field)}
            onChange={() => toggle(field)}
          />
          <span>{field}</span>
        </label>
      ))}
    </fieldset>
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

function GroupName({ field, value }: { field: LedgerField; value: string }) {
  if (value === '') return <span class="muted">{field === 'team' ? 'no team' : 'unknown'}</span>;
  return field === 'path' ? <span class={`path path-${value}`}>{value}</span> : <span>{value}</span>;
}

function Cells({ row }: { row: LedgerSumRow }) {
  const { calls, inputTokens, outputTokens, costMicroUsd, unknownCosts, savedMicroUsd, rehearsals, score, latencyMs } =
    row;
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
      <td class={score === undefined ? 'muted' : ''}>{formatPercent(score)}</td>
      <td class={latencyMs === undefined ? 'muted' : ''}>{formatMs(latencyMs)}</td>
    </>
  );
}
