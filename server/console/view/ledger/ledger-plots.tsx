// Plots of the ledger's days: the cost of each path, and the validity of the answers.

import { formatCount, formatUsd } from '../../state/format.ts';
import type { Days } from '../../state/ledger/totals.ts';
import { StackedDays } from '../components/plot.tsx';

export function LedgerPlots({ days }: { days: Days | undefined }) {
  const unknown = (days?.unknownCosts ?? []).reduce((sum, count) => sum + count, 0);
  return (
    <div class="plots">
      <section class="panel plot-panel" aria-labelledby="cost-title">
        <div class="panel-head">
          <h3 id="cost-title">Cost per day</h3>
          {unknown > 0 && <p class="muted">{formatCount(unknown)} of unknown cost are not in it</p>}
        </div>
        {days && <StackedDays title="Cost per day by path" days={days.days} series={days.cost} format={formatUsd} />}
      </section>
      <section class="panel plot-panel" aria-labelledby="calls-title">
        <div class="panel-head">
          <h3 id="calls-title">Calls per day</h3>
          <p class="muted">by whether the answer fitted its schema</p>
        </div>
        {days && (
          <StackedDays
            title="Calls per day by quality"
            days={days.days}
            series={days.calls}
            format={formatCount}
            isCount
          />
        )}
      </section>
    </div>
  );
}
