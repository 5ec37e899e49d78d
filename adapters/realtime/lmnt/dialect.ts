// The dialect of LMNT's speech sessions: a configuration, then text in events; sound comes back in binary messages. Events: read in lmnt-node 2.12.

import { type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../contract/dialect.ts';
import type { Mark, Observation } from '../contract/observation.ts';
import { eventPaths } from '../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { soundOf } from '../sound.ts';
import { textsIn, wordsToSpeak } from '../speech-text.ts';
import { lmntEvent, lmntRefusal, lmntTypeOf } from './error-event.ts';

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['model']]),
  textWords: ['text'],
  starter: { words: ['X-API-Key', 'voice'], impliedNames },
};

/** The vocabulary of `/v1/ai/speech/stream`. */
export const lmntDialect: Dialect = {
  name: 'lmnt-speech',
  capabilities: {
    audio: 'binary',
    speech: 'spoken',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  firstName: { nameIn: (event) => textAt(event, 'model'), refusalEvent: lmntRefusal },
  observe: (frame, direction) => (direction === 'upstream' ? observeClient(frame) : observeServer(frame)),
  errorEvent: ({ code, message }) => lmntEvent(lmntTypeOf(statusOf(code)), message),
};

/** A configuration without a model gets one of LMNT's choice; its SDK names none. */
function impliedNames({ 'X-API-Key': key, voice, model }: JsonObject): readonly string[] {
  return model === undefined && (key ?? voice) !== undefined ? [''] : [];
}

const STATUSES: Partial<Readonly<Record<Rejection['code'], number>>> = {
  key_revoked: 401,
  budget_reached: 402,
  model_not_allowed: 403,
  side_unavailable: 500,
  ended_by_operator: 500,
};

const statusOf = (code: Rejection['code']): number => STATUSES[code] ?? 400;

function observeClient({ data }: Frame): Observation | undefined {
  const event = readObject(data);
  if (event === undefined) return undefined;
  const type = textAt(event, 'type');
  const text = textsIn(event);
  if (text !== '') return { type: 'text', mark: 'request', ...wordsToSpeak(text) };
  if (type === 'flush' || type === 'finish') return { type, mark: 'request' };
  if (type === 'reset') return { type, mark: 'interrupted' };
  return type === undefined ? { type: 'configuration', model: textAt(event, 'model') } : { type };
}

const MARKS: Readonly<Record<string, Mark>> = { flush_complete: 'turn-done', error: 'turn-done' };

function observeServer({ data, binary }: Frame): Observation | undefined {
  if (binary) return soundOf('downstream');
  const type = textAt(readObject(data), 'type');
  if (type === undefined) return undefined;
  const mark = Object.hasOwn(MARKS, type) ? MARKS[type] : undefined;
  return mark === undefined ? { type } : { type, mark };
}
