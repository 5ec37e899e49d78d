// The replies of the LLM gateway of the rehearsal, whatever is asked of it. Errors are in OpenAI's shape.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { HttpReply } from '../../realtime/refusal.ts';

/** The model, and the provider, that every answer names. */
export const REHEARSAL_MODEL = 'rehearsal';

/** An HTTP reply whose body comes in pieces: one for a whole answer, one for each event of a stream. */
export type RehearsalReply = Omit<HttpReply, 'body'> & { readonly pieces: readonly string[] };

export const wholeReply = (body: JsonObject, status = 200): RehearsalReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  pieces: [JSON.stringify(body)],
});

/** `param`: the field of the request that was wrong. */
export const rehearsalError = (status: number, message: string, param: string | null = null): RehearsalReply =>
  wholeReply({ error: { message, type: 'invalid_request_error', param, code: null } }, status);
