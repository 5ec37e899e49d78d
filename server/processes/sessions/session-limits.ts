// The limits of sessions that the table of one machine cannot keep: places, where machines share a store, and rates. Rule: while the store does not
// answer, sessions open by the count of this machine, and the store is told later.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { LimitGuard } from '../../http/request/keys/limit-guard.ts';
import { ownerAnswer } from '../../ipc/channel/owner-answer.ts';
import {
  type HeldPlaces,
  hasSessionRate,
  type LimitRefusal,
  type LimitScope,
  type SessionWish,
} from '../../ipc/limits.ts';
import type { Reservation } from '../../ipc/session-reservation.ts';

interface SessionLimitsOptions {
  readonly log: Logger;
  /** True where other machines may use the same store. */
  readonly isShared: boolean;
  /** Asks the process that owns the store; rejects where there is none. */
  ask<Answer>(name: string, argument: unknown): Promise<Answer>;
  /** The sessions of this machine. */
  held(): readonly Reservation[];
  readonly answerMs?: number | undefined;
  readonly retryMs?: number;
}

type Answer = 'granted' | LimitRefusal;

/** Time for an answer of a store that is known to give none: it is asked in vain, most likely, and all these sessions wait. */
const BEHIND_MS = 1000;
/** Time in which a place that is free on another machine is given back there. */
const FREED_MS = 100;
const RETRY_MS = 1000;

export class SessionLimits {
  readonly #options: SessionLimitsOptions;
  /** Sessions that have places in the store, or should have. */
  readonly #placed = new Set<string>();
  /** Sessions whose question has no answer yet, with the time when it was asked. */
  readonly #asking = new Map<string, number>();
  /** Those of them that have ended. */
  readonly #left = new Set<string>();
  readonly #guard = new LimitGuard('sessions');
  #freed: string[] = [];
  #giving: Promise<void> | undefined;
  /** Counts the places that were given back. */
  #given = 0;
  /** Set while the store may have other places than this machine. */
  #retry: NodeJS.Timeout | undefined;

  constructor(options: SessionLimitsOptions) {
    this.#options = options;
  }

  /** Takes what a session needs that has its place in the table of this machine. */
  async take(reservation: Reservation): Promise<Answer> {
    const scopes = reservation.scopes.filter((scope) => hasSessionRate(scope) || this.#hasPlaces(scope));
    if (scopes.length === 0) return 'granted';
    const { id, isTrial = false } = reservation;
    const wish = { session: scopes.some((scope) => this.#hasPlaces(scope)) ? id : undefined, scopes, isTrial };
    const course = { isLate: false };
    const ms = this.#retry === undefined ? this.#options.answerMs : BEHIND_MS;
    const answer = await ownerAnswer(this.#asked(id, wish, course), { ms });
    if (answer !== 'away') return answer;
    course.isLate = true;
    this.#mistrust();
    return 'granted';
  }

  /** Gives the places of a session back that has ended. */
  give(id: string): void {
    if (this.#asking.has(id)) this.#left.add(id);
    else if (this.#placed.delete(id)) this.#free(id);
  }

  #hasPlaces({ maxSessions }: LimitScope): boolean {
    return this.#options.isShared && maxSessions !== undefined;
  }

  async #asked(id: string, wish: SessionWish, course: { readonly isLate: boolean }): Promise<Answer> {
    this.#asking.set(id, Date.now());
    let answer: Answer = 'granted';
    try {
      answer = await this.#guard.run<Answer>(wish.scopes, () => this.#ask(wish));
      return answer;
    } finally {
      this.#asking.delete(id);
      const isOver = this.#left.delete(id);
      // One that had no answer in time is open, whatever the store says.
      if (wish.session !== undefined && !wish.isTrial && (answer === 'granted' || course.isLate)) {
        if (isOver) this.#free(id);
        else this.#placed.add(id);
      }
    }
  }

  async #ask(wish: SessionWish): Promise<Answer> {
    const ask = () => this.#options.ask<Answer>('takeLimits', wish);
    const answer = await ask();
    if (answer === 'granted' || answer.kind !== 'full') return answer;
    await delay(FREED_MS);
    return ask();
  }

  #free(id: string): void {
    this.#given += 1;
    this.#freed.push(id);
    this.#giving ??= this.#giveAll().finally(() => {
      this.#giving = undefined;
    });
  }

  async #giveAll(): Promise<void> {
    while (this.#freed.length > 0) {
      const sessions = this.#freed;
      this.#freed = [];
      await this.#options.ask('givePlaces', sessions).catch(() => this.#mistrust());
    }
  }

  /** Tells the store later of all places that this machine has. */
  #mistrust(): void {
    if (this.#retry !== undefined) return;
    this.#options.log.warn('the store does not answer: limits of sessions are kept by this machine alone');
    this.#tellLater();
  }

  #tellLater(): void {
    this.#retry = setTimeout(() => void this.#tell(), this.#options.retryMs ?? RETRY_MS).unref();
  }

  async #tell(): Promise<void> {
    const { ask, held, log } = this.#options;
    const [now, given] = [Date.now(), this.#given];
    // Places that are asked for now may be stored already.
    const asOf = Math.min(now, ...this.#asking.values());
    const sessions = held().filter(({ id }) => this.#placed.has(id));
    const places = sessions.map(({ id, scopes }) => ({
      session: id,
      scopes: scopes.filter((scope) => this.#hasPlaces(scope)).map((scope) => scope.id),
    }));
    try {
      await ask('replacePlaces', { places, asOf } satisfies HeldPlaces);
      if (asOf === now && given === this.#given) {
        this.#retry = undefined;
        return log.info({ sessions: places.length }, 'the store keeps the limits of sessions again');
      }
    } catch {
      // It is told again.
    }
    this.#tellLater();
  }
}
