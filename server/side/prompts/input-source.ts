// Where a task's text comes from: the request that asked for it, or the turns of its session that are kept.

import type { StoredTurn, Task } from '../../ipc/records.ts';
import type { Store } from '../store/contract.ts';
import { earlierHistory, type History } from './history.ts';
import { asDialogue, asText, type PromptInput, spokenLines, withPreviousSummary } from './prompt-input.ts';
import { readTaskInput, type TaskInput } from './task-input.ts';

/** Tasks of one session that are looked through for the summary before. */
const MAX_EARLIER = 1000;

/** undefined: there is no text. */
export async function promptInputOf(task: Task, input: TaskInput, store: Store): Promise<PromptInput | undefined> {
  if (input.text !== undefined) return asText(input.text);
  if (input.messages !== undefined) return asDialogue(spoken(input.messages));
  if (task.session === undefined) return undefined;
  const last = input.every === 'turns' ? (input.number ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  const turns = (await store.turns(task.session)).filter(({ number }) => number <= last);
  if (task.kind !== 'rolling-summary') return asDialogue(spokenLines(turns));
  const previous = await earlier(task, last, store);
  const since = previous && asDialogue(spokenLines(turns.filter(({ number }) => number > previous.through)));
  return since ? withPreviousSummary(previous.result, since) : first(turns, await historyBefore(task.session, store));
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

/** Of the first summary, or where nothing new was said: all turns, behind what the session was told. */
function first(turns: readonly StoredTurn[], before: History | undefined): PromptInput | undefined {
  const said = asDialogue(spokenLines([...(before?.turns ?? []), ...turns]));
  return said && before?.summary !== undefined ? withPreviousSummary(before.summary, said) : said;
}

async function historyBefore(id: string, store: Store): Promise<History | undefined> {
  const session = await store.session(id);
  return session && earlierHistory(session, store);
}

/** The latest rolling summary of the same session that ends before this one does. */
async function earlier({ session, id }: Task, last: number, store: Store): Promise<Earlier | undefined> {
  const done = await store.tasks({ session, state: 'done', limit: MAX_EARLIER });
  const summaries = done.flatMap((task) => {
    if (task.kind !== 'rolling-summary' || task.id === id || task.result === undefined) return [];
    const { every, number = 0 } = readTaskInput(task) ?? {};
    return every === 'turns' && number < last ? [{ through: number, result: task.result }] : [];
  });
  return summaries.sort((one, other) => other.through - one.through)[0];
}
