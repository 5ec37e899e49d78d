// One server-sent event of the Responses API.

import type { JsonObject } from '../../../codecs/json/object.ts';

/** Writes an event. `sequence`: its number, from 0. */
export const responseEvent = (type: string, sequence: number, fields: JsonObject): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`);

/** The event of an error after which nothing comes, for a client that has no event yet. `error`: as OpenAI writes errors. */
export const responseErrorEvent = ({ code = null, message, param = null }: JsonObject, sequence = 0): Buffer =>
  responseEvent('error', sequence, { code, message, param });
