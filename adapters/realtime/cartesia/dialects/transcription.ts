// The dialects of Cartesia's transcription: /stt/websocket, whose client says where an utterance ends, and /stt/turns/websocket, which finds that out.
// Sound in binary messages, transcripts in JSON; the query has the model and all settings. Events: read in the SDK (JavaScript 4.2); what the client
// sends: measured.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { readObject, textAt } from '../../../../codecs/json/object.ts';
import type { Direction, Frame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { soundOf } from '../../sound.ts';
import { cartesiaError } from '../error-event.ts';
import { turnsResumption } from '../resumption.ts';

const common = {
  mostTokens: { input: 0, output: 0 },
  modelsIn: () => undefined,
  errorEvent: cartesiaError,
} satisfies Partial<Dialect>;
const capabilities = {
  audio: 'binary',
  speech: 'heard',
  turnEnd: 'event',
  interruption: 'event',
  usage: 'never',
} as const;

/** The vocabulary of `/stt/websocket`: the client's `finalize` and `done` are words without JSON. */
export const cartesiaTranscriptionDialect: Dialect = {
  name: 'cartesia-transcription',
  capabilities: { ...capabilities, speaksFirst: 'client' },
  observe: (frame, direction) => observe(frame, direction, observeManual),
  ...common,
};

/** The vocabulary of `/stt/turns/websocket`. */
export const cartesiaTurnsDialect: Dialect = {
  name: 'cartesia-turns',
  capabilities: { ...capabilities, speaksFirst: 'provider' },
  observe: (frame, direction) => observe(frame, direction, observeTurns),
  resumption: turnsResumption,
  ...common,
};

function observe(
  { data, binary }: Frame,
  direction: Direction,
  observeServer: (type: string, data: Buffer) => Observation,
): Observation | undefined {
  if (binary) return soundOf(direction);
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? { type } : observeServer(type, data);
}

/** A transcript that is not final is told again, with more words or better ones. */
function observeManual(type: string, data: Buffer): Observation {
  switch (type) {
    case 'transcript': {
      const event = readObject(data);
      return event?.is_final === true ? { type, ...said(textAt(event, 'text')) } : { type };
    }
    case 'flush_done':
    case 'done':
      return { type, mark: 'turn-done' };
    default:
      return { type };
  }
}

function observeTurns(type: string, data: Buffer): Observation {
  switch (type) {
    case 'turn.start':
      return { type, mark: 'speech-started' };
    case 'turn.end':
      return { type, mark: 'turn-done', ...said(textAt(readObject(data), 'transcript')) };
    default:
      return { type };
  }
}

const said = (text: string | undefined): Pick<Observation, 'utterances'> =>
  text?.trim() ? { utterances: [{ role: 'user', text }] } : {};
