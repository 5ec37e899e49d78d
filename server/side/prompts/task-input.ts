// Makes tasks, reads and writes their input, and finds their settings: what a request asked for comes before what is configured.

import { z } from 'zod';
import { type SideConfig, type TaskConfig, taskSchema } from '../../config/side-schema.ts';
import type { Task } from '../../ipc/stored-rows.ts';

const workSchema = z.strictObject({
  text: z.string().optional(),
  messages: z.array(z.strictObject({ role: z.string(), content: z.string() })).optional(),
  /** Names the configured task of this kind, where it is not the one that runs once. */
  every: z.enum(['turns', 'minutes']).optional(),
  /** Last turn that a task every few turns looks at, or the number of a task every few minutes. */
  number: z.int().min(1).optional(),
  labels: taskSchema.shape.labels,
  schema: taskSchema.shape.schema,
  prompt: taskSchema.shape.prompt,
  rubric: taskSchema.shape.rubric,
  /** The one that a task without a session is for. */
  endUser: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
});

const inputSchema = workSchema.extend({
  /** Result that is scored: its task, the attempt that gave it, and what that task worked on. */
  scores: z.strictObject({ task: z.string(), kind: z.string(), attempt: z.string(), input: workSchema }).optional(),
});

/** Parsed `Task.input`. */
export type TaskInput = Readonly<z.infer<typeof inputSchema>>;

export function writeTaskInput(input: TaskInput): string {
  return JSON.stringify(input);
}

/** Fields of a new task that follow from where it comes from. */
type NewTask = Pick<
  Task,
  'id' | 'session' | 'key' | 'team' | 'kind' | 'promptClass' | 'dataClass' | 'runAt' | 'input' | 'isRehearsal'
>;

export function queuedTask(fields: NewTask): Task {
  const now = Date.now();
  return {
    ...fields,
    dueAt: Math.max(fields.runAt, now),
    state: 'queued',
    attempts: 0,
    version: 0,
    createdAt: now,
    updatedAt: now,
  };
}

/** Returns undefined for an input that this version did not write. */
export function readTaskInput({ input }: Pick<Task, 'input'>): TaskInput | undefined {
  if (input === undefined) return {};
  try {
    return inputSchema.safeParse(JSON.parse(input)).data;
  } catch {
    return undefined;
  }
}

export function taskSettings(task: Task, config: SideConfig, input = readTaskInput(task) ?? {}): TaskConfig {
  const scoredKind = input.scores?.kind;
  const candidates = config.tasks.filter(
    ({ kind, of }) => kind === task.kind && (scoredKind === undefined ? of === undefined : of?.includes(scoredKind)),
  );
  const configured = candidates.find(({ when }) => timing(when) === (input.every ?? 'once')) ?? candidates[0];
  const { labels, schema, prompt, rubric } = input;
  const requested = Object.entries({ labels, schema, prompt, rubric }).filter(([, value]) => value !== undefined);
  const defaults = () => taskSchema.parse({ kind: task.kind, class: task.promptClass, of: scoredKind && [scoredKind] });
  return { ...(configured ?? defaults()), ...Object.fromEntries(requested) };
}

function timing(when: TaskConfig['when']): 'turns' | 'minutes' | 'once' {
  if (typeof when === 'string') return 'once';
  return 'everyTurns' in when ? 'turns' : 'minutes';
}
