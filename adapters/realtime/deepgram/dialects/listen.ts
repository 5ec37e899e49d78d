// The dialects of Deepgram's transcription, /v1/listen (Nova) and /v2/listen (Flux): sound in binary messages, transcripts in JSON. The query
// has the model and all settings. Events: read in the SDKs (JavaScript 5.13, Python 7.17); their order: documents.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { soundOf } from '../../sound.ts';
import { fluxResumption, novaResumption } from '../resumption/transcription.ts';

const capabilities = {
  audio: 'binary',
  speech: 'heard',
  turnEnd: 'event',
  interruption: 'event',
  usage: 'never',
} as const;

/** The vocabulary of `/v1/listen`. */
export const deepgramListenDialect: Dialect = {
  name: 'deepgram-listen',
  capabilities: { ...capabilities, speaksFirst: 'client' },
  mostTokens: { input: 0, output: 0 },
  // Document: after 10 s without either it ends with `NET-0001`. That of Flux is not known.
  keepAlive: 'KeepAlive every 3 to 5 s without sound',
  resumption: novaResumption,
  modelsIn: () => undefined,
  observe: (frame, direction) => observe(frame, direction, observeNova),
  // `variant` is the category of an error there.
  errorEvent: ({ code, message }) => jsonFrame({ type: 'Error', variant: code, description: message, code }),
};

/** The vocabulary of `/v2/listen`. Messages of the provider are counted by `sequence_id`, which an error of the gateway does not have. */
export const deepgramFluxDialect: Dialect = {
  name: 'deepgram-flux',
  capabilities: { ...capabilities, speaksFirst: 'provider' },
  mostTokens: { input: 0, output: 0 },
  modelsIn: () => undefined,
  observe: (frame, direction) => observe(frame, direction, observeFlux),
  errorEvent: ({ code, message }) => jsonFrame({ type: 'Error', code, description: message }),
  resumption: fluxResumption,
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

/** An utterance ends by a silence (`speech_final`), or by a gap between words, where the client asks for `utterance_end_ms`. */
function observeNova(type: string, data: Buffer): Observation {
  switch (type) {
    case 'SpeechStarted':
      return { type, mark: 'speech-started' };
    case 'UtteranceEnd':
      return { type, mark: 'turn-done' };
    case 'Results':
      return results(type, readObject(data));
    default:
      return { type };
  }
}

/** A result that is not final is told again, with more words or better ones. */
function results(type: string, event: JsonObject | undefined): Observation {
  if (event?.is_final !== true) return { type };
  const alternatives: unknown = isObject(event.channel) ? event.channel.alternatives : undefined;
  const first: unknown = Array.isArray(alternatives) ? alternatives[0] : undefined;
  return {
    type,
    ...said(isObject(first) ? textAt(first, 'transcript') : undefined),
    ...(event.speech_final === true && { mark: 'turn-done' }),
  };
}

function observeFlux(type: string, data: Buffer): Observation {
  if (type !== 'TurnInfo') return { type };
  const event = readObject(data);
  switch (event?.event) {
    case 'StartOfTurn':
      return { type, mark: 'speech-started' };
    // The words of the whole turn.
    case 'EndOfTurn':
      return { type, mark: 'turn-done', ...said(textAt(event, 'transcript')) };
    default:
      return { type };
  }
}

const said = (text: string | undefined): Pick<Observation, 'utterances'> =>
  text ? { utterances: [{ role: 'user', text }] } : {};
