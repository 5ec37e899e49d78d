// The view of usage: what was spent, on what and by whom, how good it was, what was refused, and what budgets have left.

import { useMemo, useState } from 'preact/hooks';
import type { Api } from '../../../api/ask.ts';
import type { LedgerSumRow } from '../../../api/ledger.ts';
import type { BudgetList, LedgerReport } from '../../../api/operator.ts';
import { formatCount, formatUsd } from '../../../state/format.ts';
import { sumRows } from '../../../state/ledger/totals.ts';
import {
  mostSums,
  nameOrNone,
  seriesOf,
  spanOf,
  type UsageChoice,
  usageCsv,
  usageQuestions,
} from '../../../state/ledger/usage.ts';
import { Button } from '../../components/button.tsx';
import { StackedDays } from '../../components/plot.tsx';
import { Nothing, Sheet, Trouble } from '../../components/sheet.tsx';
import { useAnswer } from '../../components/use-answer.ts';
import { SumsTable } from '../../ledger/sums-table.tsx';
import { BudgetTable } from '../budgets-page.tsx';
import { EndsTable, UsageTiles } from './ends.tsx';
import { CatalogueNotices } from './notices.tsx';
import { TargetsPanel } from './targets.tsx';
import { UsageForm } from './usage-form.tsx';

/** So many budgets are seen at a glance; their view has all. */
const fewBudgets = 8;

export function UsagePage({ api }: { api: Api }) {
  const [choice, setChoice] = useState<UsageChoice>(() => ({
    ...{ window: '7 days', by: 'class', where: {} },
    now: Date.now(),
  }));
  const change = (part: Partial<UsageChoice>) => setChoice((before) => ({ ...before, ...part, now: Date.now() }));
  return (
    <Sheet
      name="usage"
      title="Usage"
      words="Of all keys, both paths: one row of the ledger for each session and for each attempt of a call, times in UTC."
    >
      <UsageForm choice={choice} change={change} />
      <CatalogueNotices api={api} />
      <Answers key={choice.now} api={api} choice={choice} change={change} />
      <Budgets key={`budgets ${choice.now}`} api={api} />
    </Sheet>
  );
}

interface AnswersProps {
  readonly api: Api;
  readonly choice: UsageChoice;
  change(part: Partial<UsageChoice>): void;
}

/** The answers to one choice: a new one asks anew. */
function Answers({ api, choice, change }: AnswersProps) {
  const questions = useMemo(() => usageQuestions(choice), [choice]);
  const { answer, value } = useAnswer<LedgerReport>(api, questions.ends);
  if (value === undefined) return <Trouble answer={answer} />;
  if (value.rows.length === 0) {
    const isFiltered = Object.keys(choice.where).length > 0;
    return (
      <Nothing title={`Nothing was used in the last ${choice.window}`}>
        {isFiltered
          ? 'No row of the ledger fits all filters: take one away, or choose a longer time.'
          : 'Sessions and calls are here as soon as they have ended.'}
      </Nothing>
    );
  }
  const total = sumRows(value.rows);
  return (
    <>
      <UsageTiles total={total} />
      <CostPlot api={api} choice={choice} path={questions.times} total={total} />
      <Groups api={api} choice={choice} path={questions.rows} total={total} change={change} />
      <TargetsPanel api={api} choice={choice} path={questions.targets} />
      <EndsTable rows={value.rows} />
    </>
  );
}

interface PartProps extends Pick<AnswersProps, 'api' | 'choice'> {
  /** The question that it is about. */
  readonly path: string;
  /** Sums of all rows, those that an answer leaves out included. */
  readonly total: LedgerSumRow;
}

function CostPlot({ api, choice, path, total: { unknownCosts: unknown } }: PartProps) {
  const { answer, value } = useAnswer<LedgerReport>(api, path);
  const span = useMemo(() => spanOf(choice), [choice]);
  const series = useMemo(() => seriesOf(value?.rows ?? [], choice.by, span), [value, choice, span]);
  const title = `Cost per ${span.unit} by ${choice.by}`;
  return (
    <section class="panel plot-panel" aria-labelledby="usage-cost">
      <div class="panel-head">
        <h3 id="usage-cost">{title}</h3>
        {unknown > 0 && <p class="muted">{formatCount(unknown)} of unknown cost are not in it</p>}
      </div>
      <Trouble answer={answer} />
      {value !== undefined && series.length === 0 && <p class="empty">Nothing cost anything.</p>}
      {series.length > 0 && (
        <StackedDays title={title} days={span.times} unit={span.unit} series={series} format={formatUsd} />
      )}
    </section>
  );
}

function Groups({ api, choice, path, total, change }: PartProps & AnswersProps) {
  const { by, where, window } = choice;
  const { answer, value } = useAnswer<LedgerReport>(api, path);
  const rows = useMemo(() => value?.rows ?? [], [value]);
  const all = useMemo(() => rows.map((row) => ({ ...row, by: [nameOrNone(by, row.by[0] ?? '')] })), [rows, by]);
  const save = () => saveText(`usage by ${by}, ${window}.csv`, usageCsv(by, rows));
  return (
    <section class="panel ledger-table" aria-labelledby="usage-rows">
      <div class="panel-head">
        <h3 id="usage-rows">By {by}</h3>
        {rows.length >= mostSums && <p class="muted">the {mostSums} that cost most</p>}
        <Button icon="download" disabled={rows.length === 0} onClick={save}>
          CSV
        </Button>
      </div>
      <Trouble answer={answer} />
      {rows.length > 0 && (
        <SumsTable
          fields={[by]}
          rows={all}
          total={total}
          onPick={(name) => change({ where: { ...where, [by]: name === nameOrNone(by, '') ? '' : name } })}
        />
      )}
    </section>
  );
}

/** Has the browser save a text as a file. */
function saveText(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Budgets({ api }: { api: Api }) {
  const { value } = useAnswer<BudgetList>(api, '/budgets');
  const budgets = value?.budgets ?? [];
  if (budgets.length === 0) return null;
  const shareOf = ({ limitMicroUsd, leftMicroUsd }: (typeof budgets)[number]) =>
    limitMicroUsd === 0 ? 0 : leftMicroUsd / limitMicroUsd;
  const scarce = budgets.toSorted((a, b) => shareOf(a) - shareOf(b)).slice(0, fewBudgets);
  const aside = budgets.length > scarce.length ? `the ${scarce.length} with the least left of ${budgets.length}` : '';
  return <BudgetTable budgets={scarce} title="Budgets" aside={aside} />;
}
