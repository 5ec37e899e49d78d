// Follows the side tasks of one session until each has ended. An event of the stream says only that something changed;
// the session's record says what, so that a lost event loses nothing.

import { authorization, sessionUrl } from '../api/gateway.ts';
import { isSettled, type SideRecord, sideRecordOf } from '../api/session-record.ts';

/** Side tasks of a session, as far as they are known. */
export interface PostCallState {
  readonly record: SideRecord | undefined;
  /** `following`: polls on; `settled`: nothing more will come; the others say why nothing is known. */
  readonly state: 'following' | 'settled' | 'absent' | 'refused' | 'unreachable' | 'gave-up';
}

interface FollowerOptions {
  readonly fetch: typeof fetch;
  wait(ms: number): Promise<void>;
  readonly session: string;
  readonly key: string;
  onChange(known: PostCallState): void;
}

/** Pause between two polls without a stream; it grows up to the longest. */
const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** Polls of an ended session before its tasks are given up: half an hour at the longest pause. */
const maxPolls = 180;
/** Polls of an ended session after which it has no tasks, if it has had none so far. */
const pollsWithoutTasks = 6;

export class SideTaskFollower {
  readonly #options: FollowerOptions;
  readonly #stopped = new AbortController();
  #known: PostCallState = { record: undefined, state: 'following' };
  #reading: Promise<void> | undefined;
  #isStale = false;
  /** Polls since the session ended, and those that failed. */
  #polls = 0;
  #pauseMs = firstPauseMs;
  #pauseOver = Promise.withResolvers<void>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Polls until there is nothing more to know, or until it is stopped. */
  async run(): Promise<void> {
    while (this.#isWanted) {
      await this.#poll();
      if (this.#isWanted && this.#known.state === 'following') await this.#stream();
      if (this.#isWanted) await Promise.race([this.#options.wait(this.#pauseMs), this.#pauseOver.promise]);
      this.#pauseOver = Promise.withResolvers();
      this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 1.5);
    }
  }

  /** Polls at once, and again soon: the tasks run when the session has ended. */
  sessionEnded(): void {
    this.#pauseMs = firstPauseMs;
    this.#pauseOver.resolve();
    void this.#poll();
  }

  stop(): void {
    this.#stopped.abort();
  }

  get #isWanted(): boolean {
    return !this.#stopped.signal.aborted;
  }

  /** Polls when the stream of the session's events says something, until it ends. `EventSource` cannot send a credential. */
  async #stream(): Promise<void> {
    const { fetch, session, key } = this.#options;
    const headers = { accept: 'text/event-stream', ...authorization(key) };
    try {
      const response = await fetch(`${sessionUrl(session)}/events`, { headers, signal: this.#stopped.signal });
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return await response.body?.cancel();
      const write = (piece: string) => this.#notice(piece);
      await response.body?.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
    } catch {
      // A stream that broke off is opened again after the next pause.
    }
  }

  /** Polls for an event, not for a comment. One that is cut in two is noticed by its first half. */
  #notice(piece: string): void {
    if (!/^(event|data):/m.test(piece)) return;
    this.#pauseMs = firstPauseMs;
    void this.#poll();
  }

  /** Reads the record. Events that come meanwhile are worth one more reading, not one each. */
  #poll(): Promise<void> {
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
      const response = await fetch(sessionUrl(session), { headers: authorization(key), signal: this.#stopped.signal });
      const record = response.ok ? sideRecordOf(await response.json()) : undefined;
      if (record !== undefined) this.#learn(record);
      else this.#fail(response.status === 401 || response.status === 403 ? 'refused' : 'absent');
    } catch {
      this.#fail('unreachable');
    }
  }

  #learn(record: SideRecord): void {
    if (record.isEnded) this.#polls += 1;
    const mayGetTasks = record.tasks.length === 0 && this.#polls < pollsWithoutTasks;
    const isOver = record.isEnded && record.tasks.every(isSettled) && !mayGetTasks;
    this.#publish({ record, state: isOver ? 'settled' : this.#polls >= maxPolls ? 'gave-up' : 'following' });
  }

  /** Keeps the record that was known before. */
  #fail(state: 'absent' | 'refused' | 'unreachable'): void {
    this.#polls += 1;
    this.#publish({ record: this.#known.record, state });
  }

  #publish(known: PostCallState): void {
    if (!this.#isWanted) return;
    this.#known = known;
    if (known.state === 'settled' || known.state === 'refused' || this.#polls >= maxPolls) this.stop();
    this.#options.onChange(known);
  }
}
