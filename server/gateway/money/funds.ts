// The part of its budgets that a live session may spend: slices that are taken from the store ahead of need, in the background.
// Rule: nothing of the session waits for it. Where nothing more is granted, it goes on until its slice is used.

import { setTimeout as delay } from 'node:timers/promises';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { notNow } from '../../http/request/refusals.ts';
import { type Away, ownerAnswer } from '../../ipc/channel/owner-answer.ts';
import type { BudgetUse } from '../../ipc/stored-rows.ts';
import type { Funds } from '../../session/meter/meter.ts';
import { budgetWords } from '../../side/billing/budgets/budget-state.ts';
import {
  type BudgetLeases,
  type BudgetWindow,
  HOLD_MS,
  holderOf,
  type SessionSlices,
  type SliceAnswer,
} from '../../side/store/contract/budgets.ts';
import { refusalOfBudget } from '../side/budgets.ts';

/** The owner of the store, as sessions with budgets need it. All methods reject where it cannot be asked. */
export type SliceStore = SessionSlices & Pick<BudgetLeases, 'returnLease' | 'recoverLeases'>;

interface FundsOptions {
  readonly session: string;
  /** Returns the present windows of the budgets that count the session. */
  readonly windows: (now: number) => readonly BudgetWindow[];
  readonly store: SliceStore;
  /** `end`: the session ends when the store cannot be asked, whatever it has left. */
  readonly whenUnavailable: 'continue' | 'end';
  readonly onClosed: (funds: SessionFunds) => void;
}

/** Wish where no price tells what the next seconds cost. */
const UNPRICED_MICRO_USD = 10_000;
/** Part of what it may cost in the next seconds, and of what it has, by which a session ends ahead of its limit: it is looked at four times a second. */
const LAST_PART = 1 / 8;
/** Longest wait for an answer of the store: while one is waited for, a session goes on beyond its last slice. */
const ANSWER_MS = 2000;
/** Pause before the store is asked again that had nothing left, or gave no answer. */
const AGAIN_MS = 500;
/** Pause, and the most of them, while processes return what they have leased for calls. */
const [RETURN_MS, MOST_RETURNS] = [100, 20];

type Short = NonNullable<SliceAnswer['short']>;

export class SessionFunds implements Funds {
  readonly #options: FundsOptions;
  /** All that was granted so far: what it has cost is taken from that. */
  #grantedMicroUsd = 0;
  #windows: readonly BudgetWindow[];
  #asking = false;
  #askAgainAt = 0;
  /** Set where nothing was granted when it was asked last. */
  #reason: string | undefined;
  #isUnavailable = false;
  #isClosed = false;

  constructor(options: FundsOptions) {
    this.#options = options;
    this.#windows = options.windows(Date.now());
  }

  get session(): string {
    return this.#options.session;
  }

  /** Takes the first slice, while the provider is dialled. Returns why the session may not open. */
  async open(aheadMicroUsd: number): Promise<Refusal | undefined> {
    for (let again = 0; ; again++) {
      const answer = await this.#take(aheadMicroUsd || UNPRICED_MICRO_USD);
      if (answer === 'away') return notNow(AWAY);
      const { grantedMicroUsd, short } = answer;
      this.#grantedMicroUsd = grantedMicroUsd;
      if (short === undefined) return undefined;
      if (!short.isLeased || again === MOST_RETURNS) return refusalOfBudget(useOf(short), Date.now());
      await delay(RETURN_MS);
    }
  }

  spend(costMicroUsd: number, aheadMicroUsd: number): string | undefined {
    const ahead = aheadMicroUsd || UNPRICED_MICRO_USD;
    this.#useWindows(costMicroUsd);
    const left = this.#grantedMicroUsd - costMicroUsd;
    if (left < ahead / 2) this.#ask(ahead - left);
    else if (left > 3 * ahead) this.#giveBack(left - ahead);
    const last = Math.min(ahead, this.#grantedMicroUsd) * LAST_PART;
    const mayGoOn = left > last && !(this.#isUnavailable && this.#options.whenUnavailable === 'end');
    return mayGoOn || (this.#asking && left > 0) ? undefined : this.#reason;
  }

  /** Takes no more. `wasOpened`: what is left goes back with the end of the session, once that is stored. */
  close(wasOpened: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { session, store, onClosed } = this.#options;
    onClosed(this);
    if (!wasOpened) store.recoverLeases({ holder: holderOf(session), calls: [] }).catch(() => {});
  }

  /** Begins anew in the next window of a budget: what was granted before is that of the one before. */
  #useWindows(costMicroUsd: number): void {
    const now = Date.now();
    if (this.#windows.every(({ resetsAt }) => resetsAt === undefined || resetsAt > now)) return;
    this.#windows = this.#options.windows(now);
    this.#grantedMicroUsd = costMicroUsd;
    this.#askAgainAt = 0;
  }

  #ask(wishMicroUsd: number): void {
    const now = Date.now();
    if (this.#asking || this.#isClosed || now < this.#askAgainAt) return;
    this.#asking = true;
    void this.#take(wishMicroUsd).then((answer) => {
      this.#asking = false;
      if (answer === 'away') this.#unanswered();
      else this.#answered(answer);
    });
  }

  #answered({ grantedMicroUsd, short }: SliceAnswer): void {
    this.#isUnavailable = false;
    this.#grantedMicroUsd += grantedMicroUsd;
    this.#reason = short && budgetWords(useOf(short));
    // A slice that is smaller than it was wished is the last one for now.
    if (short !== undefined) this.#askAgainAt = Date.now() + AGAIN_MS;
    if (this.#isClosed && grantedMicroUsd > 0) this.#return(grantedMicroUsd);
  }

  #unanswered(): void {
    this.#isUnavailable = true;
    this.#reason = AWAY;
    this.#askAgainAt = Date.now() + AGAIN_MS;
  }

  #giveBack(microUsd: number): void {
    if (this.#asking || this.#isClosed) return;
    const amount = Math.floor(microUsd);
    this.#grantedMicroUsd -= amount;
    this.#return(amount);
  }

  /** Gives back now, or, where that fails, with the end of the session. */
  #return(microUsd: number, windows = this.#windows): void {
    const { session, store } = this.#options;
    const amounts = Object.fromEntries(windows.map(({ id }) => [id, microUsd]));
    store.returnLease(holderOf(session), amounts).catch(() => {});
  }

  /** Gives back what is granted when nobody waits for it any more. */
  #take(wishMicroUsd: number): Promise<SliceAnswer | Away> {
    const { session, store } = this.#options;
    const now = Date.now();
    const budgets = this.#windows;
    const asked = store.takeSlice({ session, budgets, wishMicroUsd, now, until: now + HOLD_MS });
    return ownerAnswer(asked, {
      ms: ANSWER_MS,
      onLate: ({ grantedMicroUsd }) => grantedMicroUsd > 0 && this.#return(grantedMicroUsd, budgets),
    });
  }
}

function useOf({ budget, ...amounts }: Short): BudgetUse {
  const { counted = { window: 'total' }, limitMicroUsd, resetsAt } = budget;
  return { ...counted, limitMicroUsd, resetsAt, ...amounts };
}

const AWAY = 'how much of its budgets the session may spend cannot be found out now';
