// Keeps the page up to date with the gateway's own record of the session: after each turn, after the end, and while side tasks run.

import { readSessionReport, type SessionReport } from '../api/gateway.ts';
import { type ConsoleState, isBusy } from '../state/state.ts';
import type { StateStore } from '../state/store.ts';
import type { BrowserApi } from './browser.ts';
import { type PostCallState, SideTaskFollower } from './side-task-follower.ts';

interface SessionWatcherOptions {
  readonly store: StateStore<ConsoleState>;
  readonly browser: BrowserApi;
  /** Called with the record as it is after that turn. */
  onTurnReport(turn: number, report: SessionReport): void;
}

/** The record is complete a moment after the close. */
const finalReport = { attempts: 5, pauseMs: 300 };

export class SessionWatcher {
  readonly #options: SessionWatcherOptions;
  #follower: SideTaskFollower | undefined;

  constructor(options: SessionWatcherOptions) {
    this.#options = options;
  }

  /** Follows the side tasks of the session that has just opened, where the gateway has a side path. */
  sessionOpened(key: string): void {
    const { store, browser } = this.#options;
    const { session, gateway } = store.get();
    if (session === undefined || gateway?.side === undefined) return;
    const { fetch, wait } = browser;
    const onChange = (postCall: PostCallState) => store.set({ postCall });
    this.#follower = new SideTaskFollower({ fetch, wait, session: session.id, key, onChange });
    void this.#follower.run();
  }

  async turnEnded(turn: number): Promise<void> {
    const report = await this.#read();
    if (report !== undefined) this.#options.onTurnReport(turn, report);
  }

  async sessionEnded(): Promise<void> {
    this.#follower?.sessionEnded();
    for (let attempt = 0; attempt < finalReport.attempts; attempt++) {
      const report = await this.#read();
      if (report?.state === 'closed' || isBusy(this.#options.store.get().phase)) return;
      await this.#options.browser.wait(finalReport.pauseMs);
    }
  }

  /** Forgets the session, before the next one starts. */
  stop(): void {
    this.#follower?.stop();
    this.#follower = undefined;
  }

  /** Reads the record into the state; undefined when there is none, or when another session has started meanwhile. */
  async #read(): Promise<SessionReport | undefined> {
    const { store, browser } = this.#options;
    const { session, form } = store.get();
    if (session === undefined) return undefined;
    const report = await readSessionReport(browser.fetch, session.id, form.key).catch(() => undefined);
    if (report === undefined || store.get().session?.id !== session.id) return undefined;
    store.set({ report });
    return report;
  }
}
