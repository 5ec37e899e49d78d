// Runs the tasks of the store: leases what is due, a bounded number at once, and writes the outcome of each in one transaction. A task
// runs at least once and has its effect exactly once: a run that lost its lease writes nothing.

import type { Logger } from 'pino';
import type { Task } from '../../ipc/stored-rows.ts';
import { unlessAborted } from '../../platform/deadline.ts';
import { faultOf } from '../../platform/log.ts';
import { gradeOf, scoringTasks } from '../prompts/scoring.ts';
import { readTaskInput, taskSettings } from '../prompts/task-input.ts';
import { StoreError, type TaskOutcome } from '../store/contract/store.ts';
import { taskDeliveries } from './events.ts';
import { holdTaskLease, type TaskLease } from './lease.ts';
import { createOutages } from './outages.ts';
import { RETRY_POLICY, type RetryPolicy, type RunOutcome, retry, wait } from './outcome.ts';
import { planNext } from './plan.ts';
import { type RunContext, runTask } from './run-task.ts';
import { createWakeSignal } from './wake-signal.ts';

export interface RunnerOptions extends Omit<RunContext, 'retryPolicy'> {
  readonly log: Logger;
  readonly metrics?: { settled(kind: string, state: TaskOutcome['state'], tookMs: number): void } | undefined;
  /** Called after each outcome that is written. */
  readonly onSettled?: ((task: Task) => void) | undefined;
  /** False for a runner that claims nothing by itself; its `run` waits until another process did the work. */
  readonly isBackground?: boolean | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
}

interface Running {
  readonly lease: TaskLease;
  readonly done: Promise<void>;
}

/** Pause between tries to write an outcome while the store is unavailable. */
const SETTLE_PAUSE_MS = 250;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #running = new Map<string, Running>();
  readonly #wakeSignal = createWakeSignal();
  /** Wakes those who wait in `run`. */
  readonly #settlements = createWakeSignal();
  readonly #loop: Promise<void>;
  readonly #outages: ReturnType<typeof createOutages>;
  #urgentClaims = 0;
  #isClosing = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#outages = createOutages(options.retryPolicy ?? RETRY_POLICY, options.log);
    this.#loop = options.isBackground === false ? Promise.resolve() : this.#claimAll();
  }

  /** Tells that there may be something to do. */
  wake(): void {
    this.#wakeSignal.notify();
  }

  /**
   * Runs a queued task now, beside the others, and resolves when it is settled, or as it is when the signal aborts (the task goes
   * on). Resolves with undefined when there is no such task. A task that waits for its next attempt is waited for.
   */
  async run(id: string, signal: AbortSignal): Promise<Task | undefined> {
    const { config, store } = this.#options;
    for (;;) {
      const task = await store.task(id);
      if (task === undefined || !isPending(task) || signal.aborted || this.#isClosing) return task;
      if (task.state === 'queued' && task.runAt <= Date.now()) await this.#claimUrgent();
      await this.#settlements.wait(config.side.pollMs, signal);
    }
  }

  /** Stops claiming, lets running tasks end for so long, and gives back the rest. When called again, the shorter time counts. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wakeSignal.notify();
    this.#settlements.notify();
    await this.#loop;
    const ended = Promise.all([...this.#running.values()].map(({ done }) => done));
    const grace = setTimeout(() => {
      for (const { lease } of this.#running.values()) lease.stop('closing');
    }, graceMs);
    await ended;
    clearTimeout(grace);
  }

  async #claimAll(): Promise<void> {
    while (!this.#isClosing) {
      const { concurrency, pollMs } = this.#options.config.side;
      const free = concurrency - this.#running.size;
      const claimed = free > 0 ? await this.#claim(free, this.#outages.classes(Date.now())) : 0;
      if (claimed === 0 || this.#running.size >= concurrency) await this.#wakeSignal.wait(pollMs);
    }
  }

  /** Claims one task though `concurrency` tasks may run already, up to twice as many: a client waits for the result of the task. */
  async #claimUrgent(): Promise<void> {
    const { isBackground, config } = this.#options;
    if (isBackground === false || this.#urgentClaims >= config.side.concurrency) return;
    this.#urgentClaims += 1;
    try {
      if (this.#running.size < 2 * config.side.concurrency) await this.#claim(1);
    } finally {
      this.#urgentClaims -= 1;
    }
  }

  async #claim(count: number, without: readonly string[] = []): Promise<number> {
    const { config, store, log } = this.#options;
    try {
      const now = Date.now();
      const tasks = await store.claimTasks(now, now + config.side.leaseMs, count, without);
      for (const task of tasks) this.#start(task);
      return tasks.length;
    } catch (error) {
      log.warn(faultOf(error), 'no tasks can be claimed');
      return 0;
    }
  }

  #start(task: Task): void {
    const { config, store } = this.#options;
    const key = `${task.id} ${task.version}`;
    const { deadlineMs } = taskSettings(task, config);
    const lease = holdTaskLease(task, { store, leaseMs: config.side.leaseMs, deadlineMs });
    const done = this.#work(task, lease).finally(() => {
      lease.release();
      this.#running.delete(key);
      this.#wakeSignal.notify();
      this.#settlements.notify();
    });
    this.#running.set(key, { lease, done });
  }

  /** Catches the faults of a run. Never rejects. */
  async #work(task: Task, lease: TaskLease): Promise<void> {
    const { log, metrics } = this.#options;
    const ids = { task: task.id, kind: task.kind, session: task.session, attempt: task.attempts };
    const startedAt = performance.now();
    try {
      const outcome = await this.#outcome(task, lease);
      if (outcome === undefined || !(await this.#settle(task, outcome))) {
        log.warn(ids, 'the lease of a task was lost; nothing is written');
        return;
      }
      const isOutage = 'isOutage' in outcome && outcome.isOutage === true;
      if (isOutage) this.#outages.met(task.promptClass);
      else if ('quality' in outcome) this.#outages.over(task.promptClass);
      const tookMs = Math.round(performance.now() - startedAt);
      metrics?.settled(task.kind, outcome.state, tookMs);
      const level = outcome.state === 'done' || outcome.state === 'queued' ? (isOutage ? 'debug' : 'info') : 'warn';
      log[level]({ ...ids, state: outcome.state, tookMs, code: codeOf(outcome) }, 'a task was settled');
    } catch (error) {
      log.error({ ...ids, ...faultOf(error) }, 'a task could not be settled; it is run again when its lease ends');
    }
  }

  /** Resolves with undefined when the lease is lost. */
  async #outcome(task: Task, lease: TaskLease): Promise<RunOutcome | undefined> {
    const { config, log, retryPolicy = RETRY_POLICY } = this.#options;
    const { maxAttempts, giveUpMs, deadlineMs } = taskSettings(task, config);
    const budget = () => ({ maxAttempts, giveUpMs, policy: retryPolicy, now: Date.now() });
    const outcome = await this.#attempt(task, lease).catch((error: unknown): RunOutcome => {
      if (!lease.signal.aborted) log.warn({ task: task.id, ...faultOf(error) }, 'a run of a task failed');
      if (error instanceof StoreError && error.isTransient) return wait(task, error.code, budget());
      return retry(task, error instanceof StoreError ? error.code : 'internal', budget());
    });
    if (!lease.signal.aborted || outcome.state === 'done') return outcome;
    switch (lease.signal.reason) {
      case 'lease_lost':
        return undefined;
      case 'closing':
        return { state: 'queued', error: 'given_back: the process was closed', runAt: Date.now(), isReturned: true };
      default:
        return retry(task, `deadline: no result within ${deadlineMs} ms`, budget());
    }
  }

  /** Stops waiting when the lease's signal aborts, even for a run that ignores the signal. */
  #attempt(task: Task, { signal }: TaskLease): Promise<RunOutcome> {
    const { config, store, router, tracing, retryPolicy = RETRY_POLICY } = this.#options;
    return unlessAborted(runTask(task, { config, store, router, tracing, retryPolicy }, signal), signal);
  }

  /** Writes the outcome, and tries again for the length of a lease while the store is unavailable: the work is done and paid. */
  async #settle(task: Task, outcome: RunOutcome): Promise<boolean> {
    const giveUpAt = performance.now() + this.#options.config.side.leaseMs;
    for (;;) {
      try {
        if (outcome.state !== 'queued') await this.#armNext(task);
        return await this.#write(task, outcome);
      } catch (error) {
        if (!(error instanceof StoreError && error.isTransient) || performance.now() > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS));
      }
    }
  }

  async #write(task: Task, outcome: RunOutcome): Promise<boolean> {
    const { config, store, onSettled } = this.#options;
    const at = Date.now();
    const after: Task = { ...task, error: undefined, ...outcome, leaseUntil: undefined, updatedAt: at };
    const deliveries = outcome.state === 'queued' ? [] : taskDeliveries(after, config, at);
    const follows =
      outcome.state === 'done' ? { tasks: scoringTasks(after, outcome.attempt, config), grade: gradeOf(after) } : {};
    const { id, version } = task;
    const isWritten = await store.settleTask({ id, version, ...outcome, at, deliveries, ...follows });
    if (isWritten) onSettled?.(after);
    return isWritten;
  }

  /** Adds the successor of a task that comes every few minutes before its outcome is written, unless the session has ended. */
  async #armNext(task: Task): Promise<void> {
    const { config, store } = this.#options;
    const input = readTaskInput(task);
    if (input?.every !== 'minutes' || task.session === undefined) return;
    const session = await store.session(task.session);
    if (session === undefined || session.endedAt !== undefined) return;
    const next = planNext(session, input, { task: taskSettings(task, config, input), now: Date.now() });
    if (next !== undefined) await store.commitSessions({ tasks: [next] });
  }
}

function isPending({ state }: Task): boolean {
  return state === 'queued' || state === 'running';
}

/** Returns the code before the words of an error. */
function codeOf(outcome: RunOutcome): string | undefined {
  return 'error' in outcome ? outcome.error.split(':')[0] : undefined;
}
