// The dialects of the model policy tests, and what their frames are made of.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import { findEndpoint } from '../../../adapters/realtime/index.ts';

/** The model that every bypass tries to reach. */
export const FORBIDDEN = 'forbidden-9';

/** Objects are sent as `JSON.stringify` writes them. */
type Payload = string | Buffer | object;
export type Case = readonly [what: string, dialect: Dialect, payload: Payload];

export function bytesOf(payload: Payload): Buffer {
  if (Buffer.isBuffer(payload)) return payload;
  return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
}

export const realtime = dialectOf('/v1/realtime');
export const translation = dialectOf('/v1/realtime/translations');
export const live = dialectOf('/v1/live/sessions');
export const responses = dialectOf('/v1/responses');
export const gemini = dialectOf('/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent');

function dialectOf(path: string): Dialect {
  const found = findEndpoint(path);
  if (found === undefined) throw new Error(`no route ${path}`);
  return found.endpoint.dialect;
}

export const named = { model: FORBIDDEN };
export const transcription = { audio: { input: { transcription: named } } };
export const update = { type: 'session.update', session: named };
export const updateText = JSON.stringify(update);

/** 160 bytes of base64. */
export const AA = 'QUJD'.repeat(40);
