// The key under which an answer is kept. Rule: all that may change an answer is in it, so that a difference costs a call and never a wrong answer.

import { createHash } from 'node:crypto';
import type { LlmCall } from '../../../../../adapters/llm/contract.ts';
import type { JsonObject } from '../../../../../codecs/json/object.ts';
import type { ClassConfig } from '../../../../config/side/llm-schema.ts';
import type { Call } from '../../call.ts';

type Shared = NonNullable<ClassConfig['cache']>['shared'];

/** Fields that say whom a call is for, and hints to the caches of providers: no answer depends on them. */
const NOT_COUNTED: readonly string[] = [
  ...['user', 'safety_identifier', 'metadata', 'prompt_cache_key', 'prompt_cache_retention'],
];

/** Equal calls of those who share answers have the same. It tells nothing of the call. */
export function cacheKeyOf(call: Call, shared: Shared): string {
  const { kind, isRehearsal, model, llm } = call;
  const all = [scopeOf(call, shared), kind, isRehearsal, model ?? null, askedOf(llm)];
  return createHash('sha256').update(JSON.stringify(all)).digest('base64');
}

function scopeOf({ key, team, endUser }: Call, shared: Shared): readonly unknown[] {
  if (shared === 'class') return [];
  if (shared === 'team' && team !== undefined) return ['team', team];
  return ['key', key ?? null, ...(shared === 'endUser' && endUser !== undefined ? [endUser] : [])];
}

function askedOf({ messages, maxTokens, temperature, schema, isStreamed, extra, native }: LlmCall): readonly unknown[] {
  const own = [messages, maxTokens ?? null, temperature ?? null, schema ?? null, isStreamed, counted(extra)];
  if (native === undefined) return own;
  const { form, body, betas = [] } = native;
  // The answer of Responses repeats all of its request.
  return [...own, form, form === 'responses' ? body : counted(body), betas];
}

const counted = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !NOT_COUNTED.includes(name)));
