// Where a task's text comes from: the request that asked for it, or the turns of its session that are kept.

import type { Task, Turn } from '../records.ts';
import type { Store } from '../store/store.ts';
import { continued, dialogue, linesOf, type Material, plainText } from './material.ts';
import { readInput, type TaskInput } from './task-input.ts';

/** Tasks of one session that are looked through for the summary before. */
const MAX_EARLIER = 1000;

/** undefined: there is no text. */
export async function materialOf(task: Task, input: TaskInput, store: Store): Promise<Material | undefined> {
  if (input.text !== undefined) return plainText(input.text);
  if (input.messages !== undefined) return dialogue(spoken(input.messages));
  if (task.session === undefined) return undefined;
  const last = input.every === 'turns' ? (input.number ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const turns = (await store.turns(task.session)).filter(({ number }) => number <= last);
  if (task.kind !== 'rolling-summary') return dialogue(linesOf(turns));
  return rolling(turns, await earlier(task, last, store));
}

function spoken(messages: NonNullable<TaskInput['messages']>) {
  return messages
    .filter(({ content }) => content.trim() !== '')
    .map(({ role, content }) => ({
      speaker: role === 'assistant' ? 'Assistant' : role === 'user' ? 'User' : 'Other',
      text: content,
    }));
}

interface Earlier {
  readonly through: number;
  readonly result: string;
}

/** The previous summary and the turns since; all turns where there is no summary yet, or nothing new. */
function rolling(turns: readonly Turn[], previous: Earlier | undefined): Material | undefined {
  if (previous === undefined) return dialogue(linesOf(turns));
  const since = dialogue(linesOf(turns.filter(({ number }) => number > previous.through)));
  return since === undefined ? dialogue(linesOf(turns)) : continued(previous.result, since);
}

/** The latest rolling summary of the same session that ends before this one does. */
async function earlier({ session, id }: Task, last: number, store: Store): Promise<Earlier | undefined> {
  const done = await store.tasks({ session, state: 'done', limit: MAX_EARLIER });
  const summaries = done.flatMap((task) => {
    if (task.kind !== 'rolling-summary' || task.id === id || task.result === undefined) return [];
    const { every, number = 0 } = readInput(task) ?? {};
    return every === 'turns' && number < last ? [{ through: number, result: task.result }] : [];
  });
  return summaries.sort((one, other) => other.through - one.through)[0];
}
