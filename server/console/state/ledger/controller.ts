// Loads what the ledger page shows. An answer that comes after another question was asked is dropped.

import { type LedgerAnswer, type LedgerField, type LedgerSumRow, ledgerFields, readLedger } from '../../api/ledger.ts';
import type { StateStore } from '../store.ts';
import { type Days, daysOf, lastDays } from './totals.ts';

export const spans = [7, 30, 90] as const;
export type Span = (typeof spans)[number];

export interface LedgerState {
  readonly span: Span;
  /** Fields that the table is grouped by, at least one. */
  readonly by: readonly LedgerField[];
  /** `idle`: nothing was asked yet. Rows that are shown stay while a new answer is `loading`. */
  readonly phase: 'idle' | 'loading' | 'shown' | Exclude<LedgerAnswer['kind'], 'rows'>;
  /** Fields that the rows which are shown are grouped by. */
  readonly shownBy: readonly LedgerField[];
  readonly rows: readonly LedgerSumRow[];
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

interface LedgerOptions {
  readonly fetch: typeof fetch;
  /** Wall clock, milliseconds. */
  date(): number;
  key(): string;
}

export class LedgerController {
  readonly store: StateStore<LedgerState>;
  readonly #options: LedgerOptions;
  #question = 0;

  constructor(store: StateStore<LedgerState>, options: LedgerOptions) {
    this.store = store;
    this.#options = options;
  }

  async choose(change: Partial<Pick<LedgerState, 'span' | 'by'>>): Promise<void> {
    this.store.set(change);
    await this.load();
  }

  /** Adds a field to the grouping or takes it out; the last one stays. */
  async toggle(field: LedgerField): Promise<void> {
    const { by } = this.store.get();
    const wanted = by.includes(field) ? by.filter((name) => name !== field) : [...by, field];
    if (wanted.length > 0) await this.choose({ by: ledgerFields.filter((name) => wanted.includes(name)) });
  }

  async load(): Promise<void> {
    this.#question += 1;
    const question = this.#question;
    const { span, by } = this.store.get();
    const { since, until } = lastDays(span, this.#options.date());
    this.store.set({ phase: 'loading' });
    const ask = (fields: readonly LedgerField[]) =>
      readLedger(this.#options.fetch, { by: fields, since, until }, this.#options.key());
    const [table, daily] = await Promise.all([ask(by), ask(['day', 'path'])]);
    if (question !== this.#question) return;
    if (table.kind !== 'rows') this.store.set({ phase: table.kind, rows: [], days: undefined });
    else {
      const days = daily.kind === 'rows' ? daysOf(daily.rows, since, until) : undefined;
      this.store.set({ phase: 'shown', shownBy: by, rows: table.rows, days });
    }
  }
}
