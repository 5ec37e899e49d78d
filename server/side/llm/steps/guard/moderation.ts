// Asks a model for moderation what it finds in texts, by a call of a class of its own: under the policy, the budgets and the ledger that all calls
// are under, so that regulated text goes to direct targets or to none.

import { isObject } from '../../../../../codecs/json/object.ts';
import type { GuardCheck } from '../../../../config/side/words-schema.ts';
import type { Call, Router } from '../../call.ts';

type Moderation = NonNullable<GuardCheck['moderation']>;

/** Most characters of one input: longer texts are cut into several, which overlap. */
const MAX_CHARS = 20_000;
const OVERLAP_CHARS = 500;

/** Resolves with the categories that were found; undefined: no verdict came. */
export async function moderated(
  { class: promptClass, model, thresholds, deadlineMs }: Moderation,
  texts: readonly string[],
  { call, run }: { readonly call: Call; readonly run: Router['run'] },
): Promise<readonly string[] | undefined> {
  const input = inputsOf(texts);
  if (input.length === 0) return [];
  const own = { promptClass, model, fits: undefined, check: undefined, marks: undefined, isHelper: true } as const;
  const native = { form: 'moderations', body: { input, ...(model === undefined ? {} : { model }) } } as const;
  const llm = { messages: [], maxTokens: 0, isStreamed: false, extra: {}, native };
  const deadline = Math.min(call.deadline ?? Number.POSITIVE_INFINITY, performance.now() + deadlineMs);
  const answer = await run({ ...call, ...own, llm, deadline });
  if (answer.kind === 'failed') return undefined;
  const { results } = answer.completion;
  if (!Array.isArray(results) || results.length < input.length || !results.every(isObject)) return undefined;
  return [...new Set(results.flatMap((result) => categoriesIn(result, thresholds)))];
}

function inputsOf(texts: readonly string[]): readonly string[] {
  const all = texts.join('\n\n');
  const inputs: string[] = [];
  for (let at = 0; at < all.length; at += MAX_CHARS - OVERLAP_CHARS) inputs.push(all.slice(at, at + MAX_CHARS));
  return inputs.filter((text) => text.trim() !== '');
}

function categoriesIn(
  { flagged, categories, category_scores: scores }: Readonly<Record<string, unknown>>,
  thresholds: Moderation['thresholds'],
): readonly string[] {
  if (thresholds !== undefined) {
    const scored = isObject(scores) ? scores : {};
    return Object.entries(thresholds).flatMap(([name, least]) => (Number(scored[name] ?? 0) >= least ? [name] : []));
  }
  if (flagged !== true) return [];
  const named = Object.entries(isObject(categories) ? categories : {}).flatMap(([name, is]) =>
    is === true ? [name] : [],
  );
  return named.length > 0 ? named : ['flagged'];
}
