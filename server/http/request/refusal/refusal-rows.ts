// Writes ledger rows of what was refused, once its caller was known: behind the answer, a bounded number in a second. Equal refusals of a second
// are one row that counts them. Rule: what finds no room, or no store, is counted and lost; nobody waits for it.

import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Requester } from '../../../ipc/side-request.ts';
import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import { faultOf } from '../../../platform/log.ts';
import { newId } from '../../../platform/uuid-v7.ts';

/** Facts of a refusal: who asked for what. `why`: the words of the refusal, without content. `outcome`: its code. */
export type RefusedRequest = Pick<
  LedgerRow,
  'kind' | 'path' | 'key' | 'promptClass' | 'dataClass' | 'asked' | 'outcome'
> &
  Partial<
    Pick<LedgerRow, 'team' | 'endUser' | 'tags' | 'session' | 'target' | 'task' | 'gateway' | 'isRehearsal' | 'refused'>
  > & {
    readonly why: string;
  };

interface RefusedAsking extends Partial<Pick<LedgerRow, 'promptClass' | 'dataClass' | 'endUser' | 'session'>> {
  readonly kind: 'chat' | 'task';
  /** The model that was asked for. */
  readonly asked?: string | undefined;
}

/** Returns the facts of a request that was refused before it was a call. What it does not say is as its key has it. */
export function refusedAsking(
  { key, team, settings }: Requester,
  { kind, asked, session, promptClass = '', ...own }: RefusedAsking,
  { code: outcome, message: why }: { readonly code: string; readonly message: string },
): RefusedRequest {
  const { dataClass = settings?.dataClass ?? 'open', endUser = settings?.endUser } = own;
  const tags = settings?.tags;
  return {
    path: 'routed',
    ...{ kind, key, team, endUser, tags, session, promptClass, dataClass, asked, outcome, why },
  };
}

export interface RefusalRowsOptions {
  readonly write: (rows: readonly LedgerRow[]) => Promise<unknown>;
  readonly registry: Registry;
  readonly log: Pick<Logger, 'warn'>;
  /** Time that equal refusals are gathered for. */
  readonly windowMs?: number;
}

/** Rows in one window of one process. */
const MAX_ROWS = 20;
const WINDOW_MS = 1000;
const MAX_WHY_CHARS = 300;

export class RefusalRows {
  readonly #options: RefusalRowsOptions;
  readonly #lost: Counter<'reason'>;
  #gathered = new Map<string, LedgerRow>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: RefusalRowsOptions) {
    this.#options = options;
    this.#lost = new Counter({
      name: 'trunkline_refusals_without_row_total',
      help: 'refusals that have no row in the ledger: more than one second may write (flood), or the store took none (store)',
      labelNames: ['reason'],
      registers: [options.registry],
    });
  }

  readonly add = (refused: RefusedRequest): void => {
    const { kind, key, promptClass, dataClass, asked, outcome, endUser, gateway, task, target } = refused;
    const sameness = JSON.stringify([
      kind,
      key,
      promptClass,
      dataClass,
      asked,
      outcome,
      endUser,
      gateway,
      task,
      target,
    ]);
    const row = this.#gathered.get(sameness);
    if (row === undefined && this.#gathered.size >= MAX_ROWS) return void this.#lost.inc({ reason: 'flood' });
    this.#gathered.set(sameness, row ? { ...row, refusals: (row.refusals ?? 0) + 1 } : rowOf(refused));
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.windowMs ?? WINDOW_MS).unref();
  };

  /** Writes what was gathered. Resolves when the store has taken it, or has not. */
  readonly flush = async (): Promise<void> => {
    // A store that hangs is asked once at a time; the room fills up meanwhile.
    while (this.#writing !== undefined) await this.#writing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = [...this.#gathered.values()];
    this.#gathered = new Map();
    if (rows.length === 0) return;
    this.#writing = this.#write(rows).finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  };

  async #write(rows: readonly LedgerRow[]): Promise<void> {
    try {
      await this.#options.write(rows);
    } catch (error) {
      const refusals = rows.reduce((sum, { refusals: count = 1 }) => sum + count, 0);
      this.#lost.inc({ reason: 'store' }, refusals);
      this.#options.log.warn({ refusals, ...faultOf(error) }, 'refusals are not in the ledger');
    }
  }
}

const rowOf = ({ why, ...refused }: RefusedRequest): LedgerRow => ({
  team: undefined,
  ...refused,
  gateway: refused.gateway ?? '',
  isRehearsal: refused.isRehearsal === true,
  id: newId(),
  at: Date.now(),
  tried: [],
  usage: {},
  estimatedMicroUsd: 0,
  costMicroUsd: 0,
  costSource: 'estimated',
  isFlagged: false,
  why: why.slice(0, MAX_WHY_CHARS),
  refusals: 1,
});
