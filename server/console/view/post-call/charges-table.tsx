// The ledger's rows of one session, in as few lines as say it all. What is unknown is called unknown.

import { useMemo } from 'preact/hooks';
import type { ChargedCall } from '../../api/session-record.ts';
import { type ChargeLine, chargeLines, formatCost, sumCosts } from '../../state/cost.ts';

export function ChargesTable({ charges }: { charges: readonly ChargedCall[] }) {
  const lines = useMemo(() => chargeLines(charges), [charges]);
  const total = useMemo(() => sumCosts(charges), [charges]);
  const isUnbilled = charges.every(({ isRehearsal }) => isRehearsal);
  return (
    <section class="charges" aria-labelledby="charges-title">
      <h3 id="charges-title">Cost</h3>
      {lines.length === 0 && <p class="empty">Nothing is in the ledger for this session yet.</p>}
      {lines.length > 0 && (
        <table class="summary charges-table">
          <caption class="visually-hidden">What the session and its side tasks cost</caption>
          <tbody>
            {lines.map((line) => (
              <ChargeRow key={`${line.what} ${line.model} ${line.path} ${line.isRehearsal}`} line={line} />
            ))}
          </tbody>
          <tfoot>
            <tr data-charge="total">
              <th scope="row">In all</th>
              <td class="charge-way muted">{isUnbilled && 'a rehearsal: nothing is billed'}</td>
              <td class={total.known === 0 ? 'muted' : ''}>{formatCost(total)}</td>
            </tr>
          </tfoot>
        </table>
      )}
    </section>
  );
}

function ChargeRow({ line }: { line: ChargeLine }) {
  const { what, model, path, count, cost, isEstimated, isRehearsal } = line;
  const name = { session: 'Session', tasks: 'Side tasks', calls: 'Calls' }[what];
  return (
    <tr data-charge={what}>
      <th scope="row">
        {name} {what !== 'session' && <span class="muted">× {count}</span>}
      </th>
      <td class="charge-way">
        <span class="charge-model">
          {isRehearsal && model === 'rehearsal' ? 'no model' : model || 'model not reported'}
        </span>{' '}
        <span class="muted">{path}</span> {isRehearsal && <span class="rehearsal">rehearsal</span>}
      </td>
      <td class={cost.known === 0 ? 'muted' : ''}>
        {formatCost(cost)} {cost.known > 0 && isEstimated && <span class="muted">estimated</span>}
      </td>
    </tr>
  );
}
