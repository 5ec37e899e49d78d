// What a task is made of: its configured settings, what a request asked for, and the part of the session that it looks at.

import { z } from 'zod';
import { type SideConfig, type TaskConfig, taskSchema } from '../../config/side-schema.ts';
import type { Task } from '../../ipc/records.ts';

const workSchema = z.strictObject({
  text: z.string().optional(),
  messages: z.array(z.strictObject({ role: z.string(), content: z.string() })).optional(),
  /** Which of the configured tasks of this kind it is. */
  every: z.enum(['turns', 'minutes']).optional(),
  /** Of `every`: the last turn that it looks at, or its number. */
  number: z.int().min(1).optional(),
  labels: taskSchema.shape.labels,
  schema: taskSchema.shape.schema,
  prompt: taskSchema.shape.prompt,
  rubric: taskSchema.shape.rubric,
});

const inputSchema = workSchema.extend({
  /** Of a task that scores another one's result: which one, the attempt that gave the result, and what the other one worked on. */
  scores: z.strictObject({ task: z.string(), kind: z.string(), attempt: z.string(), input: workSchema }).optional(),
});

/** `Task.input` as data. */
export type TaskInput = Readonly<z.infer<typeof inputSchema>>;

export function writeTaskInput(input: TaskInput): string {
  return JSON.stringify(input);
}

/** undefined for an input that this version did not write. */
export function readTaskInput({ input }: Pick<Task, 'input'>): TaskInput | undefined {
  if (input === undefined) return {};
  try {
    return inputSchema.safeParse(JSON.parse(input)).data;
  } catch {
    return undefined;
  }
}

/** The settings of a task; what the request said comes before what is configured. */
export function taskSettings(task: Task, config: SideConfig, input = readTaskInput(task) ?? {}): TaskConfig {
  const scored = input.scores?.kind;
  const ofKind = config.tasks.filter(
    ({ kind, of }) => kind === task.kind && (scored === undefined ? of === undefined : of?.includes(scored)),
  );
  const configured = ofKind.find(({ when }) => timing(when) === (input.every ?? 'once')) ?? ofKind[0];
  const { labels, schema, prompt, rubric } = input;
  const asked = Object.entries({ labels, schema, prompt, rubric }).filter(([, value]) => value !== undefined);
  const base = configured ?? taskSchema.parse({ kind: task.kind, class: task.promptClass, of: scored && [scored] });
  return { ...base, ...Object.fromEntries(asked) };
}

function timing(when: TaskConfig['when']): 'turns' | 'minutes' | 'once' {
  if (typeof when === 'string') return 'once';
  return 'everyTurns' in when ? 'turns' : 'minutes';
}
