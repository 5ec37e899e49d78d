// The tools that a client declares to OpenAI, and the call that is made without a model. Only the names of functions matter here.

import { z } from 'zod';
import { argumentsFor } from '../json-schema.ts';

export const toolSchema = z.looseObject({ type: z.string(), name: z.string().optional() });
export const toolChoiceSchema = z.union([z.enum(['auto', 'none', 'required']), toolSchema]);

/** A call of a function. `pieces`: its arguments in JSON, as they are streamed. */
export interface ToolCall {
  readonly name: string;
  readonly pieces: readonly string[];
}

/** A call of the first function that may be called; undefined when there is none, or the last item is the result of one. */
export function chooseCall(
  tools: readonly z.infer<typeof toolSchema>[],
  choice: z.infer<typeof toolChoiceSchema>,
  lastItemType: string | undefined,
): ToolCall | undefined {
  if (choice === 'none' || lastItemType === 'function_call_output') return undefined;
  const isChosen = (name: string) => typeof choice === 'string' || name === choice.name;
  const found = tools.find(({ type, name }) => type === 'function' && name && isChosen(name));
  if (!found?.name) return undefined;
  return { name: found.name, pieces: JSON.stringify(argumentsFor(found.parameters)).match(/.{1,8}/gs) ?? [] };
}
