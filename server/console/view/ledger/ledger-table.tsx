// The table of the ledger, and the choice of what it is grouped by.

import { type LedgerField, type LedgerSumRow, ledgerFields } from '../../api/ledger.ts';
import type { LedgerController, LedgerState } from '../../state/ledger/controller.ts';
import { SumsTable } from './sums-table.tsx';

interface TableProps {
  readonly ledger: LedgerController;
  readonly state: LedgerState;
  readonly total: LedgerSumRow;
}

export function LedgerTable({ ledger, state, total }: TableProps) {
  const { rows, shownBy, by } = state;
  return (
    <section class="panel ledger-table" aria-labelledby="rows-title">
      <div class="panel-head">
        <h3 id="rows-title">Grouped by</h3>
        <GroupChoice by={by} toggle={(field) => void ledger.toggle(field)} />
      </div>
      <SumsTable fields={shownBy} rows={rows} total={total} />
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
