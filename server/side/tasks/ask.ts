// Asks the router for the answer of a task, checks it, and asks once more with what was wrong. The repair is counted, never hidden.

import type { Quality } from '../../ipc/records.ts';
import type { Answered, Call, Router } from '../llm/call.ts';
import type { Failure } from '../llm/failure.ts';
import { parseAnswer } from '../prompts/answer.ts';
import type { TaskKind } from '../prompts/kinds.ts';
import { dataMessage, repairMessage } from '../prompts/messages.ts';
import type { PromptInput } from '../prompts/prompt-input.ts';

/** `attempt` is the ledger row of the answer that counts. */
export type TaskAnswer =
  | { readonly kind: 'valid'; readonly value: unknown; readonly quality: Quality; readonly attempt: string }
  | { readonly kind: 'invalid'; readonly problem: string; readonly quality: 'failed'; readonly attempt: string }
  | Failure;

export interface AskOptions {
  readonly kind: TaskKind;
  readonly input: PromptInput;
  /** The call without its messages. */
  readonly call: Omit<Call, 'llm'> & { readonly maxTokens: number };
}

type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** Length up to which a wrong answer goes back to the model: it is there to be recognised. */
const MAX_QUOTED_CHARS = 8000;

export async function ask(router: Router, { kind, input, call }: AskOptions): Promise<TaskAnswer> {
  const messages: readonly Message[] = [
    { role: 'system', content: kind.system },
    { role: 'user', content: dataMessage(input) },
  ];
  const first = await run(router, kind, call, messages);
  if (first.kind === 'failed') return first;
  const read = parseAnswer(first.text, kind);
  if ('value' in read) return { kind: 'valid', value: read.value, quality: 'valid', attempt: first.attempt };
  const repaired = await run(router, kind, call, [
    ...messages,
    // Endpoints refuse a message without text.
    { role: 'assistant', content: first.text.slice(0, MAX_QUOTED_CHARS) || '(nothing)' },
    { role: 'user', content: repairMessage(problemOf(first, read.problem)) },
  ]);
  if (repaired.kind === 'failed') return repaired;
  const again = parseAnswer(repaired.text, kind);
  const { attempt } = repaired;
  if ('value' in again) return { kind: 'valid', value: again.value, quality: 'repaired', attempt };
  return { kind: 'invalid', problem: problemOf(repaired, again.problem), quality: 'failed', attempt };
}

function problemOf({ finish }: Answered, problem: string): string {
  return finish === 'length' ? 'it was cut off because it is too long' : problem;
}

function run(
  router: Router,
  { name, schema }: TaskKind,
  { maxTokens, ...call }: AskOptions['call'],
  messages: readonly Message[],
): Promise<Answered | Failure> {
  return router.run({ ...call, llm: { messages, maxTokens, schema: { name, schema }, isStreamed: false, extra: {} } });
}
