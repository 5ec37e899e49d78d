// Finds the text that a task works on: that of the request that asked for it, or the turns of its session that are kept.

import type { StoredTurn, Task } from '../../ipc/stored-rows.ts';
import type { Store } from '../store/contract/store.ts';
import { earlierHistory, type History } from './history.ts';
import { asDialogue, asText, type PromptInput, spokenLines, withPreviousSummary } from './prompt-input.ts';
import { readTaskInput, type TaskInput } from './task-input.ts';

/** Returns undefined where there is no text. */
export async function promptInputOf(task: Task, input: TaskInput, store: Store): Promise<PromptInput | undefined> {
  if (input.text !== undefined) return asText(input.text);
  if (input.messages !== undefined) return asDialogue(messageLines(input.messages));
  if (task.session === undefined) return undefined;
  const lastTurn = (input.every === 'turns' ? input.number : undefined) ?? Number.POSITIVE_INFINITY;
  const turns = (await store.turns(task.session)).filter(({ number }) => number <= lastTurn);
  if (task.kind !== 'rolling-summary') return asDialogue(spokenLines(turns));
  const previous = await previousSummary(task.session, lastTurn, store);
  const since = previous && asDialogue(spokenLines(turns.filter(({ number }) => number > previous.through)));
  return since ? withPreviousSummary(previous.result, since) : firstSummaryInput(task.session, turns, store);
}

function messageLines(messages: NonNullable<TaskInput['messages']>) {
  return messages
    .filter(({ content }) => content.trim() !== '')
    .map(({ role, content }) => ({
      speaker: role === 'assistant' ? 'Assistant' : role === 'user' ? 'User' : 'Other',
      text: content,
    }));
}

/** Input of a first summary, or where nothing new was said: all turns, behind the history that the session began with. */
async function firstSummaryInput(
  id: string,
  turns: readonly StoredTurn[],
  store: Store,
): Promise<PromptInput | undefined> {
  const session = await store.session(id);
  const earlier: History | undefined = session && (await earlierHistory(session, store));
  const said = asDialogue(spokenLines([...(earlier?.turns ?? []), ...turns]));
  return said && earlier?.summary !== undefined ? withPreviousSummary(earlier.summary, said) : said;
}

/** Finds the latest rolling summary of the session that ends before that turn. */
async function previousSummary(
  session: string,
  beforeTurn: number,
  store: Store,
): Promise<{ readonly through: number; readonly result: string } | undefined> {
  const [latest] = (await store.summaries(session))
    .flatMap((summary) => {
      const { every, number = 0 } = readTaskInput(summary) ?? {};
      return every === 'turns' && number < beforeTurn ? [{ id: summary.id, through: number }] : [];
    })
    .sort((a, b) => b.through - a.through);
  const result = latest && (await store.task(latest.id))?.result;
  return latest && result !== undefined ? { through: latest.through, result } : undefined;
}
