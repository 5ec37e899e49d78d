// The events of Anthropic's Messages API, and its errors.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming, https://docs.anthropic.com/en/api/errors

import type { JsonObject } from '../../../codecs/json/object.ts';

export const messageEvent = (type: string, fields: JsonObject): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);

/** The types that OpenAI names otherwise. */
const TYPES: Readonly<Record<string, string>> = { insufficient_quota: 'billing_error', server_error: 'api_error' };

/** The event of an error, after which nothing comes. `error`: as OpenAI writes errors. */
export function messageErrorEvent({ type, ...rest }: JsonObject): Buffer {
  const name = String(type ?? 'api_error');
  return messageEvent('error', { error: { type: TYPES[name] ?? name, ...rest } });
}
