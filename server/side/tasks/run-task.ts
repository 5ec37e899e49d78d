// Runs one task once, from its settings to its outcome. It writes nothing but the quality of its own attempt; the runner settles.

import type { TraceParent } from '../../../codecs/text/trace-parent.ts';
import type { SideConfig, TaskConfig } from '../../config/side-schema.ts';
import type { StoredSession, Task } from '../../ipc/stored-rows.ts';
import type { Router } from '../llm/call.ts';
import { promptInputOf } from '../prompts/input-source.ts';
import { taskKind } from '../prompts/kinds.ts';
import { scoringInput } from '../prompts/scoring.ts';
import { readTaskInput, taskSettings } from '../prompts/task-input.ts';
import type { Store } from '../store/contract/store.ts';
import { type AskOptions, ask } from './ask.ts';
import { outcomeOfRun, type RetryPolicy, type RunOutcome } from './outcome.ts';

export interface RunContext {
  readonly config: SideConfig;
  readonly store: Store;
  readonly router: Router;
  readonly retryPolicy: RetryPolicy;
  readonly tracing?: TaskTracing | undefined;
}

/** Takes the runs of tasks for their traces. */
export interface TaskTracing {
  /** The place of a run in its trace; undefined where there is none. */
  begin(task: Task, session: StoredSession | undefined): TraceParent | undefined;
  end(trace: TraceParent, run: TracedRun): void;
}

/** A run that has called its class and ended. `startedAt`: ms since the epoch; `outcome`: undefined for one that threw. */
interface TracedRun {
  readonly task: Task;
  readonly session: StoredSession | undefined;
  readonly startedAt: number;
  readonly outcome: RunOutcome | undefined;
}

/** @throws StoreError, and whatever the router throws. */
export async function runTask(task: Task, context: RunContext, signal: AbortSignal): Promise<RunOutcome> {
  const { config, store, router, retryPolicy, tracing } = context;
  const startedAt = Date.now();
  const input = readTaskInput(task);
  if (input === undefined) return { state: 'failed', error: 'invalid_task: its input cannot be read' };
  const settings = taskSettings(task, config, input);
  if (task.attempts > settings.maxAttempts) {
    // Attempts are counted when a task is claimed: those that left no error took their process with them.
    return { state: 'dead', error: task.error ?? 'runner_lost: the process ended in every attempt' };
  }
  if (config.hasRehearsalGateway && !task.isRehearsal) {
    return {
      state: 'failed',
      error: 'no_gateway: the rehearsal works for rehearsal sessions only, and no gateway is configured',
    };
  }
  const kind = taskKind(settings);
  if ('problem' in kind) return { state: 'failed', error: `invalid_task: ${kind.problem}`.slice(0, 500) };
  const promptInput = input.scores
    ? await scoringInput(input.scores, config, store)
    : await promptInputOf(task, input, store);
  if (promptInput === undefined)
    return { state: 'failed', error: 'no_text: nothing was said, or it is not kept any more' };
  const session = task.session === undefined ? undefined : await store.session(task.session);
  const trace = tracing?.begin(task, session);
  const { endUser, tags } = session ?? input.scores?.input ?? input;
  const call = { ...callOf(task, settings, config), endUser, tags, signal, trace };
  let outcome: RunOutcome | undefined;
  try {
    const answer = await ask(router, { kind, input: promptInput, call });
    if (answer.kind !== 'failed') await store.grade(answer.attempt, { quality: answer.quality });
    const { maxAttempts, giveUpMs } = settings;
    outcome = outcomeOfRun(task, answer, { maxAttempts, giveUpMs, policy: retryPolicy, now: Date.now() });
    return outcome;
  } finally {
    if (trace !== undefined) tracing?.end(trace, { task, session, startedAt, outcome });
  }
}

function callOf(task: Task, settings: TaskConfig, { classes }: SideConfig): Omit<AskOptions['call'], 'signal'> {
  const { promptClass, dataClass, key, team, session, isRehearsal } = task;
  return {
    kind: 'task',
    ...{ promptClass, dataClass, key, team, session, isRehearsal, task: task.id },
    model: undefined,
    deadline: performance.now() + settings.deadlineMs,
    maxTokens: settings.maxTokens ?? classes[promptClass]?.maxTokens,
  };
}
