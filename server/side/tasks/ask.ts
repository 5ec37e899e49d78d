// Asks the router for the answer of a task, checks it, and asks once more with what was wrong. The repair is counted, never hidden. Where
// the class escalates, other targets were asked instead.

import type { Quality } from '../../ipc/stored-rows.ts';
import type { Call, Router } from '../llm/call.ts';
import type { Failure } from '../llm/failure.ts';
import { parseAnswer } from '../prompts/answer.ts';
import type { TaskKind } from '../prompts/kinds.ts';
import { dataMessage, repairMessage } from '../prompts/messages.ts';
import type { PromptInput } from '../prompts/prompt-input.ts';

/** `attempt` is the ledger row of the answer that counts. */
export type TaskAnswer =
  | { readonly kind: 'valid'; readonly value: unknown; readonly quality: Quality; readonly attempt: string }
  | { readonly kind: 'invalid'; readonly quality: 'failed'; readonly attempt: string }
  | Failure;

export interface AskOptions {
  readonly kind: TaskKind;
  readonly input: PromptInput;
  /** The call without its messages. */
  readonly call: Omit<Call, 'llm'> & { readonly maxTokens: number | undefined };
}

type Message = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** Length up to which a wrong answer goes back to the model: it is there to be recognised. */
const MAX_QUOTED_CHARS = 8000;

export async function ask(
  router: Router,
  { kind, input, call: { maxTokens, ...call } }: AskOptions,
): Promise<TaskAnswer> {
  const { name, schema } = kind;
  const fits = (text: string) => 'value' in parseAnswer(text, kind);
  const run = (messages: readonly Message[]) =>
    router.run({ ...call, fits, llm: { messages, maxTokens, schema: { name, schema }, isStreamed: false, extra: {} } });
  const question: readonly Message[] = [
    { role: 'system', content: kind.system },
    { role: 'user', content: dataMessage(input) },
  ];
  const first = await run(question);
  if (first.kind === 'failed') return first;
  const parsed = parseAnswer(first.text, kind);
  if ('value' in parsed) return { kind: 'valid', value: parsed.value, quality: 'valid', attempt: first.attempt };
  // The class has asked all its targets: another try on the same ones is not what it wants.
  if (first.verdict !== undefined) return { kind: 'invalid', quality: 'failed', attempt: first.attempt };
  const problem = first.finish === 'length' ? 'it was cut off because it is too long' : parsed.problem;
  const second = await run([
    ...question,
    // Endpoints refuse a message without text.
    { role: 'assistant', content: first.text.slice(0, MAX_QUOTED_CHARS) || '(nothing)' },
    { role: 'user', content: repairMessage(problem) },
  ]);
  if (second.kind === 'failed') return second;
  const repaired = parseAnswer(second.text, kind);
  const { attempt } = second;
  return 'value' in repaired
    ? { kind: 'valid', value: repaired.value, quality: 'repaired', attempt }
    : { kind: 'invalid', quality: 'failed', attempt };
}
