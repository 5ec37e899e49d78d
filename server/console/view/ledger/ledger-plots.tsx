// Plots of the ledger's days: the cost of each path, and the validity of the answers.

import { useMemo } from 'preact/hooks';
import type { Days, Series } from '../../ledger/totals.ts';
import { formatCount, formatUsd } from '../../state/format.ts';
import { type PlotSeries, StackedDays } from '../components/plot.tsx';

const styles: Readonly<Record<string, { readonly label: string; readonly colour: string }>> = {
  direct: { label: 'direct', colour: '--direct' },
  routed: { label: 'routed', colour: '--routed' },
  valid: { label: 'valid at first', colour: '--valid' },
  repaired: { label: 'repaired', colour: '--repaired' },
  failed: { label: 'failed', colour: '--failed' },
  unjudged: { label: 'not checked', colour: '--unjudged' },
};

function styled(series: readonly Series[]): PlotSeries[] {
  return series.map((line) => ({ ...line, ...(styles[line.name] ?? { label: line.name, colour: '--unjudged' }) }));
}

export function LedgerPlots({ days }: { days: Days | undefined }) {
  const cost = useMemo(() => styled(days?.cost ?? []), [days]);
  const calls = useMemo(() => styled(days?.calls ?? []), [days]);
  const unknown = (days?.unknownCosts ?? []).reduce((sum, count) => sum + count, 0);
  return (
    <div class="plots">
      <section class="panel plot-panel" aria-labelledby="cost-title">
        <div class="panel-head">
          <h3 id="cost-title">Cost per day</h3>
          {unknown > 0 && <p class="muted">{formatCount(unknown)} of unknown cost are not in it</p>}
        </div>
        {days !== undefined && (
          <StackedDays title="Cost per day by path" days={days.days} series={cost} format={formatUsd} />
        )}
      </section>
      <section class="panel plot-panel" aria-labelledby="calls-title">
        <div class="panel-head">
          <h3 id="calls-title">Calls per day</h3>
          <p class="muted">by whether the answer fitted its schema</p>
        </div>
        {days !== undefined && (
          <StackedDays title="Calls per day by quality" days={days.days} series={calls} format={formatCount} isCount />
        )}
      </section>
    </div>
  );
}
