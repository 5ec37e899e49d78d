// Follows the side tasks of one session until each has ended. An event of the stream says that something changed;
// what it is comes from the session's record, so that a lost event loses nothing.

import { followStream } from '../api/event-stream.ts';
import { authorization } from '../api/gateway.ts';
import { isSettled, readRecord, type SideRecord } from '../api/session-record.ts';

/** What is known of the session's side tasks. */
export interface AfterCall {
  readonly record: SideRecord | undefined;
  /** `following`: asks on; `settled`: nothing more will come; the others: what keeps it from knowing. */
  readonly state: 'following' | 'settled' | 'absent' | 'refused' | 'unreachable' | 'gave-up';
}

export interface FollowerOptions {
  readonly fetch: typeof fetch;
  wait(ms: number): Promise<void>;
  readonly session: string;
  readonly key: string;
  onChange(after: AfterCall): void;
}

/** Between two looks without a stream: longer each time. */
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** A session that has ended and whose tasks do not end is left alone after so many looks; at the longest pause, half an hour. */
const maxLooks = 180;
/** A session that has ended has its tasks by then, if any. */
const looksWithoutTasks = 6;

export class Follower {
  readonly #options: FollowerOptions;
  readonly #leave = new AbortController();
  #after: AfterCall = { record: undefined, state: 'following' };
  #reading: Promise<void> | undefined;
  #isStale = false;
  /** Looks since the session ended, and in vain. */
  #looks = 0;
  #pauseMs = firstPauseMs;
  #hurry = Promise.withResolvers<void>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Asks until there is nothing more to know, or until it is stopped. */
  async run(): Promise<void> {
    while (this.#isWanted) {
      await this.#look();
      if (this.#isWanted && this.#after.state === 'following') await this.#stream();
      if (this.#isWanted) await Promise.race([this.#options.wait(this.#pauseMs), this.#hurry.promise]);
      this.#hurry = Promise.withResolvers();
      this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 1.5);
    }
  }

  /** The session has ended: now its tasks run. */
  ended(): void {
    this.#pauseMs = firstPauseMs;
    this.#hurry.resolve();
    void this.#look();
  }

  stop(): void {
    this.#leave.abort();
  }

  get #isWanted(): boolean {
    return !this.#leave.signal.aborted;
  }

  #stream(): Promise<number> {
    const { fetch, session, key } = this.#options;
    return followStream({
      fetch,
      url: `/v1/sessions/${encodeURIComponent(session)}/events`,
      headers: authorization(key),
      signal: this.#leave.signal,
      onEvent: () => {
        this.#pauseMs = firstPauseMs;
        void this.#look();
      },
    });
  }

  /** Events that come while it looks are worth one more look, not one each. */
  #look(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readWhileStale().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readWhileStale(): Promise<void> {
    while (this.#isStale && this.#isWanted) {
      this.#isStale = false;
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    const { fetch, session, key } = this.#options;
    try {
      const url = `/v1/sessions/${encodeURIComponent(session)}`;
      const response = await fetch(url, { headers: authorization(key), signal: this.#leave.signal });
      const record = response.ok ? readRecord(await response.json()) : undefined;
      if (record?.isWhole) this.#learn(record);
      else this.#fail(response.status === 401 || response.status === 403 ? 'refused' : 'absent');
    } catch {
      this.#fail('unreachable');
    }
  }

  #learn(record: SideRecord): void {
    if (record.isEnded) this.#looks += 1;
    const isQuiet = record.tasks.length === 0 && this.#looks < looksWithoutTasks;
    const isOver = record.isEnded && record.tasks.every(isSettled) && !isQuiet;
    this.#tell({ record, state: isOver ? 'settled' : this.#looks >= maxLooks ? 'gave-up' : 'following' });
  }

  /** What was known before stays. */
  #fail(state: 'absent' | 'refused' | 'unreachable'): void {
    this.#looks += 1;
    this.#tell({ record: this.#after.record, state });
  }

  #tell(after: AfterCall): void {
    if (!this.#isWanted) return;
    this.#after = after;
    if (after.state === 'settled' || after.state === 'refused' || this.#looks >= maxLooks) this.stop();
    this.#options.onChange(after);
  }
}
