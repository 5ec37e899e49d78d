// Quality and speed of each target, and whether two of them differ.

import { useState } from 'preact/hooks';
import type { Api } from '../../../api/ask.ts';
import type { LedgerSumRow } from '../../../api/ledger.ts';
import type { Comparison, LedgerReport } from '../../../api/operator.ts';
import { formatCount, formatMs, formatPercent, formatUsd } from '../../../state/format.ts';
import { validShare } from '../../../state/ledger/totals.ts';
import { comparePath, type UsageChoice } from '../../../state/ledger/usage.ts';
import { Field, Options } from '../../components/field.tsx';
import { Trouble } from '../../components/sheet.tsx';
import { Table } from '../../components/table.tsx';
import { useAnswer } from '../../components/use-answer.ts';
import { Mean } from '../../ledger/sums-table.tsx';

interface TargetsProps {
  readonly api: Api;
  readonly choice: UsageChoice;
  readonly path: string;
}

export function TargetsPanel({ api, choice, path }: TargetsProps) {
  const { answer, value } = useAnswer<LedgerReport>(api, path);
  const rows = (value?.rows ?? [])
    .filter(({ by: [target], calls }) => target !== '' && calls > 0)
    .toSorted((a, b) => b.calls - a.calls);
  return (
    <>
      <Trouble answer={answer} />
      {rows.length > 0 && <QualityTable rows={rows} />}
      {rows.length > 1 && <ComparePanel api={api} choice={choice} targets={rows.map(({ by }) => by[0] ?? '')} />}
    </>
  );
}

function QualityTable({ rows }: { rows: readonly LedgerSumRow[] }) {
  const figures = ['Calls', 'Score', 'Feedback', 'Valid at first', 'Cost of a call', 'Latency'];
  return (
    <Table
      label="Quality and latency by target"
      title="Quality and latency by target"
      aside="means, of as many as are behind them"
      columns={['Target', ...figures.map((figure) => ({ figure }))]}
    >
      {rows.map((row) => {
        const { calls, unknownCosts, costMicroUsd, score, scores, feedback, feedbacks, latencyMs } = row;
        const known = calls - unknownCosts;
        return (
          <tr key={row.by[0]}>
            <th scope="row">{row.by[0]}</th>
            <td>{formatCount(calls)}</td>
            <Mean value={score} of={scores} />
            <Mean value={feedback} of={feedbacks} />
            <td>{formatPercent(validShare(row))}</td>
            <td class={known === 0 ? 'muted' : ''}>{known === 0 ? 'unknown' : formatUsd(costMicroUsd / known)}</td>
            <td>{formatMs(latencyMs)}</td>
          </tr>
        );
      })}
    </Table>
  );
}

interface CompareProps extends Omit<TargetsProps, 'path'> {
  /** At least two. */
  readonly targets: readonly string[];
}

function ComparePanel({ api, choice, targets }: CompareProps) {
  const [chosen, setChosen] = useState<readonly (string | undefined)[]>([]);
  const given = (at: number) => {
    const name = chosen[at];
    return name !== undefined && targets.includes(name) ? name : (targets[at] ?? '');
  };
  const [a, b] = [given(0), given(1)];
  const choices = targets.map((target) => [target, target] as const);
  return (
    <section class="panel compare" aria-labelledby="compare-title">
      <h3 id="compare-title">Do two of them differ?</h3>
      <div class="filters">
        {([a, b] as const).map((name, at) => (
          <Field key={at === 0 ? 'a' : 'b'} id={`compare-${at}`} label={at === 0 ? 'Target' : 'and'}>
            <select
              id={`compare-${at}`}
              value={name}
              onChange={({ currentTarget: { value } }) => setChosen(at === 0 ? [value, b] : [a, value])}
            >
              <Options of={choices} />
            </select>
          </Field>
        ))}
      </div>
      {a === b ? (
        <p class="empty">Choose two that are different.</p>
      ) : (
        <Compared api={api} path={comparePath(choice, a, b)} />
      )}
    </section>
  );
}

const measures: Readonly<Record<string, readonly [label: string, write: (value: number) => string]>> = {
  score: ['Score', formatPercent],
  feedback: ['Feedback', formatPercent],
  costMicroUsd: ['Cost of a call', formatUsd],
  latencyMs: ['Latency', formatMs],
  ok: ['Answered', formatPercent],
};

function Compared({ api, path }: { api: Api; path: string }) {
  const { answer, value } = useAnswer<Comparison>(api, path);
  if (value === undefined) return <Trouble answer={answer} />;
  const { a, b } = value;
  const columns = ['Measure', { figure: a }, { figure: b }, { figure: 'Difference' }, { figure: '95 %' }, 'Verdict'];
  return (
    <Table label={`${a} and ${b}, compared`} columns={columns}>
      {value.measures.map(({ measure, difference, low, high, verdict, ...means }) => {
        const [label, write] = measures[measure] ?? [measure, String];
        const signed = (figure: number | undefined) =>
          figure === undefined ? '–' : `${['−', '', '+'][Math.sign(figure) + 1]}${write(Math.abs(figure))}`;
        return (
          <tr key={measure}>
            <th scope="row">{label}</th>
            {[means.a, means.b].map(({ rows, mean }, at) => (
              <td key={at === 0 ? 'a' : 'b'} class={mean === undefined ? 'muted' : ''}>
                {mean === undefined ? '–' : write(mean)} <span class="muted">of {formatCount(rows)}</span>
              </td>
            ))}
            <td>{signed(difference)}</td>
            <td>{low === undefined ? '–' : `${signed(low)} to ${signed(high)}`}</td>
            <td class="is-name">{verdictWords(verdict, a, b)}</td>
          </tr>
        );
      })}
    </Table>
  );
}

const verdictWords = (verdict: string, a: string, b: string): string =>
  verdict.replace(/^a is /, `${a} is `).replace(/^b is /, `${b} is `);
