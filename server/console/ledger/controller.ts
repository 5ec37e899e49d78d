// What the ledger page shows, and the asking for it. An answer that comes too late, after another question, is dropped.

import { type Report, type ReportField, type ReportRow, readReport, reportFields } from '../api/ledger.ts';
import type { Store } from '../state/store.ts';
import { type Days, daysOf, lastDays } from './totals.ts';

export const spans = [7, 30, 90] as const;
export type Span = (typeof spans)[number];

export interface LedgerState {
  readonly span: Span;
  /** What the table is grouped by, at least one. */
  readonly by: readonly ReportField[];
  /** `idle`: nothing was asked yet. What was shown stays while a new answer is `loading`. */
  readonly phase: 'idle' | 'loading' | 'shown' | Exclude<Report['kind'], 'rows'>;
  /** What the rows of the table are grouped by: the question of the answer that is shown. */
  readonly shownBy: readonly ReportField[];
  readonly rows: readonly ReportRow[];
  readonly days: Days | undefined;
}

export const initialLedger: LedgerState = {
  span: 30,
  by: ['class', 'model', 'path'],
  phase: 'idle',
  shownBy: [],
  rows: [],
  days: undefined,
};

export interface DeskOptions {
  readonly fetch: typeof fetch;
  /** Wall clock, milliseconds. */
  date(): number;
  key(): string;
}

export class LedgerDesk {
  readonly store: Store<LedgerState>;
  readonly #options: DeskOptions;
  #question = 0;

  constructor(store: Store<LedgerState>, options: DeskOptions) {
    this.store = store;
    this.#options = options;
  }

  async choose(change: Partial<Pick<LedgerState, 'span' | 'by'>>): Promise<void> {
    this.store.set(change);
    await this.load();
  }

  /** Groups by a field as well, or no longer; one stays. */
  async toggle(field: ReportField): Promise<void> {
    const { by } = this.store.get();
    const wanted = by.includes(field) ? by.filter((one) => one !== field) : [...by, field];
    if (wanted.length > 0) await this.choose({ by: reportFields.filter((one) => wanted.includes(one)) });
  }

  async load(): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    const { span, by } = this.store.get();
    const { since, until } = lastDays(span, this.#options.date());
    this.store.set({ phase: 'loading' });
    const ask = (fields: readonly ReportField[]) =>
      readReport(this.#options.fetch, { by: fields, since, until }, this.#options.key());
    const [table, daily] = await Promise.all([ask(by), ask(['day', 'path'])]);
    if (question !== this.#question) return;
    if (table.kind !== 'rows') this.store.set({ phase: table.kind, rows: [], days: undefined });
    else {
      const days = daily.kind === 'rows' ? daysOf(daily.rows, since, until) : undefined;
      this.store.set({ phase: 'shown', shownBy: by, rows: table.rows, days });
    }
  }
}
