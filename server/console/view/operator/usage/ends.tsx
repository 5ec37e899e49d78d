// Ends of sessions and calls: the totals, large, and those that were refused or failed, by code.

import type { LedgerSumRow } from '../../../api/ledger.ts';
import { formatCount, formatPercent, formatShare, formatUsd } from '../../../state/format.ts';
import { Table } from '../../components/table.tsx';

export function UsageTiles({ total }: { total: LedgerSumRow }) {
  const { calls, costMicroUsd, unknownCosts, savedMicroUsd, rehearsals, refusals = 0 } = total;
  const { score, scores = 0, feedback, feedbacks = 0 } = total;
  const cost = calls > 0 && unknownCosts >= calls ? 'unknown' : formatUsd(costMicroUsd);
  const known =
    unknownCosts === 0 ? 'every cost is known' : `${formatShare(unknownCosts / calls)} of the calls: unknown cost`;
  const tiles = [
    ['Cost', cost, calls > 0 && rehearsals === calls ? 'rehearsal: nothing is billed' : known],
    ['Saved', formatUsd(savedMicroUsd), savedMicroUsd < 0 ? 'what tried to save cost more' : 'not spent'],
    [
      'Sessions and calls',
      formatCount(calls),
      rehearsals > 0 ? `${formatCount(rehearsals)} by the rehearsal` : 'each attempt counts',
    ],
    ['Refusals', formatCount(refusals), refusals === 0 ? 'nobody was refused' : 'which cost nothing'],
    ['Score', formatPercent(score), score === undefined ? 'nothing was scored' : `mean of ${formatCount(scores)}`],
    [
      'Feedback',
      formatPercent(feedback),
      feedback === undefined ? 'no app said anything' : `mean of ${formatCount(feedbacks)}`,
    ],
  ] as const;
  return (
    <dl class="panel tiles usage-tiles">
      {tiles.map(([name, figure, aside]) => (
        <div key={name} class="tile">
          <dt>{name}</dt>
          <dd class="tile-figure">{figure}</dd>
          <dd class="muted">{aside}</dd>
        </div>
      ))}
    </dl>
  );
}

/** `rows`: by outcome. */
export function EndsTable({ rows }: { rows: readonly LedgerSumRow[] }) {
  const bad = rows.filter(({ by: [outcome] }) => outcome !== 'ok');
  const timesOf = ({ calls, refusals = 0 }: LedgerSumRow) => calls + refusals;
  return (
    <Table
      label="Refusals and failures by code"
      title="Refusals and failures"
      columns={['Code', ...['Refused', 'Failed', 'Cost'].map((figure) => ({ figure }))]}
    >
      {bad
        .toSorted((a, b) => timesOf(b) - timesOf(a))
        .map(({ by: [outcome], calls, refusals = 0, costMicroUsd }) => (
          <tr key={outcome}>
            <th scope="row">{outcome}</th>
            <td class={refusals === 0 ? 'muted' : ''}>{formatCount(refusals)}</td>
            <td class={calls === 0 ? 'muted' : ''}>{formatCount(calls)}</td>
            <td class={costMicroUsd === 0 ? 'muted' : ''}>{formatUsd(costMicroUsd)}</td>
          </tr>
        ))}
      {bad.length === 0 && (
        <tr>
          <td class="is-name muted" colSpan={4}>
            Nothing was refused, and nothing failed.
          </td>
        </tr>
      )}
    </Table>
  );
}
