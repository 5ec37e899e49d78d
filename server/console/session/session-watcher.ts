// Keeps the page up to date with the gateway's own record of the session: after each turn, after the end, and while side tasks run.

import { readSessionReport, type SessionReport } from '../api/gateway.ts';
import { type ConsoleState, isBusy } from '../state/state.ts';
import type { StateStore } from '../state/store.ts';
import type { BrowserApi } from './browser.ts';
import { SideTaskFollower } from './side-task-follower.ts';

/** The record is complete a moment after the close. */
const finalReport = { attempts: 5, pauseMs: 300 };

export class SessionWatcher {
  readonly #store: StateStore<ConsoleState>;
  readonly #browser: BrowserApi;
  #follower: SideTaskFollower | undefined;

  constructor(store: StateStore<ConsoleState>, browser: BrowserApi) {
    this.#store = store;
    this.#browser = browser;
  }

  /** Follows the side tasks of the session that has just opened, where the gateway has a side path. */
  sessionOpened(key: string): void {
    const { session, gateway } = this.#store.get();
    if (session === undefined || gateway?.side === undefined) return;
    const { fetch, wait } = this.#browser;
    this.#follower = new SideTaskFollower({
      ...{ fetch, wait, session: session.id, key },
      onChange: (postCall) => this.#store.set({ postCall }),
    });
    void this.#follower.run();
  }

  async sessionEnded(): Promise<void> {
    this.#follower?.sessionEnded();
    for (let attempt = 0; attempt < finalReport.attempts; attempt++) {
      const report = await this.read();
      if (report?.state === 'closed' || isBusy(this.#store.get().phase)) return;
      await this.#browser.wait(finalReport.pauseMs);
    }
  }

  /** Forgets the session, before the next one starts. */
  stop(): void {
    this.#follower?.stop();
    this.#follower = undefined;
  }

  /** Reads the record into the state; undefined when there is none, or when another session has started meanwhile. */
  async read(): Promise<SessionReport | undefined> {
    const { session, form } = this.#store.get();
    if (session === undefined) return undefined;
    const report = await readSessionReport(this.#browser.fetch, session.id, form.key).catch(() => undefined);
    if (report === undefined || this.#store.get().session?.id !== session.id) return undefined;
    this.#store.set({ report });
    return report;
  }
}
