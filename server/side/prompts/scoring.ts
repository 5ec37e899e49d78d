// Scores of the kind `quality`: which results of tasks get one, what the scoring model is shown, and which ledger row the score goes
// into. A score is never scored itself, and it is planned in the transaction that writes the result.

import { createHash } from 'node:crypto';
import type { SideConfig, TaskConfig } from '../../config/side-schema.ts';
import type { Task } from '../../ipc/stored-rows.ts';
import type { Store, TaskOutcome } from '../store/contract/store.ts';
import { promptInputOf } from './input-source.ts';
import { instructionsOf } from './kinds.ts';
import { type PromptInput, scoredResult } from './prompt-input.ts';
import { queuedTask, readTaskInput, type TaskInput, taskSettings, writeTaskInput } from './task-input.ts';

const KIND = 'quality';

/** Plans the task that scores this result, where the sample wants it. The id follows from the task, so that a result is scored once. */
export function scoringTasks(done: Task, attempt: string, config: SideConfig): readonly Task[] {
  const scorer = config.tasks.find(({ of }) => of?.includes(done.kind));
  const input = readTaskInput(done);
  if (scorer === undefined || input === undefined || done.kind === KIND || !isSampled(done.id, scorer)) return [];
  // The input is copied: that of a task without a session is removed once it is done.
  const scores = { task: done.id, kind: done.kind, attempt, input };
  const id = `${done.id}.${KIND}`;
  const planned = { id, kind: KIND, promptClass: scorer.class, runAt: Date.now(), input: writeTaskInput({ scores }) };
  return [queuedTask({ ...done, ...planned })];
}

/** Returns the id of the task whose result this one scores; undefined when it scores none. */
export function scoredTaskId({ id, kind, session }: Pick<Task, 'id' | 'kind' | 'session'>): string | undefined {
  const scored = id.slice(0, -KIND.length - 1);
  return kind === KIND && id === `${scored}.${KIND}` && scored !== session ? scored : undefined;
}

/** Returns undefined when the result, or what its task worked on, is not kept any more. */
export async function scoringInput(
  { task: id, input }: NonNullable<TaskInput['scores']>,
  config: SideConfig,
  store: Store,
): Promise<PromptInput | undefined> {
  const scored = await store.task(id);
  if (scored?.result === undefined) return undefined;
  const workedOn = await promptInputOf(scored, input, store);
  const instructions = instructionsOf(taskSettings(scored, config, input)).join('\n\n');
  return workedOn && scoredResult(instructions, workedOn, scored.result);
}

/** Says where the score of a `quality` task goes: the attempt whose result it scored, else the realtime row of its session. */
export function gradeOf({ kind, session, result, ...task }: Task): TaskOutcome['grade'] {
  const row = readTaskInput(task)?.scores?.attempt ?? session;
  if (kind !== KIND || result === undefined || row === undefined) return undefined;
  const score = (JSON.parse(result) as { overall?: unknown } | null)?.overall;
  return typeof score === 'number' && score >= 0 && score <= 1 ? { row, score } : undefined;
}

/** Draws sessions, or tasks whose result may be scored. The same id and kind always give the same answer. */
export function isSampled(id: string, { kind, sample }: Pick<TaskConfig, 'kind' | 'sample'>): boolean {
  return createHash('sha256').update(`${id}.${kind}`).digest().readUIntBE(0, 6) / 2 ** 48 < sample;
}
