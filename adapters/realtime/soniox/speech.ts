// The dialect of Soniox's speech: up to five streams on one socket, each of which begins with a configuration; text goes up, and sound comes
// back as base64 in events.

import { type StringMember, stringMember } from '../../../codecs/json/members.ts';
import { readObject, textAt } from '../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../codecs/websocket/alike-messages.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';
import { eventPaths } from '../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { sonioxError } from './errors.ts';
import { sonioxFirstName } from './first-frame.ts';

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['model']]),
  starter: {
    words: ['voice', 'audio_format', 'api_key'],
    impliedNames: ({ voice, audio_format: format, api_key: key, model }) =>
      model === undefined && (voice ?? format ?? key) !== undefined ? [''] : [],
  },
};

/** The vocabulary of `/tts-websocket`. */
export const sonioxSpeechDialect: Dialect = {
  name: 'soniox-speech',
  capabilities: {
    audio: 'base64',
    speech: 'spoken',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  // Read in the SDK; the longest silence without it is not known.
  keepAlive: 'keep_alive between streams',
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  firstName: sonioxFirstName,
  observe: ({ data }, direction) => (direction === 'upstream' ? observeClient(data) : observeServer(data)),
  errorEvent: sonioxError,
};

function observeClient(data: Buffer): Observation | undefined {
  const event = readObject(data);
  if (event === undefined) return undefined;
  const text = textAt(event, 'text');
  if (text !== undefined)
    return {
      type: 'text',
      mark: 'request',
      ...(text !== '' && { utterances: [{ role: 'assistant', text, isPartial: true }] }),
    };
  if (event.keep_alive !== undefined) return { type: 'keep_alive' };
  if (event.cancel === true) return { type: 'cancel', mark: 'interrupted' };
  return { type: 'configuration', mark: 'request', model: textAt(event, 'model') };
}

/** The bytes around the sound decide. */
const spoken: Observation = { type: 'audio', mark: 'audio', decides: outside };

function outside(data: Buffer): DecisiveBytes | undefined {
  const audio: StringMember | undefined = stringMember(data, 'audio');
  return audio && { first: audio.open + 1, last: data.length - audio.close };
}

function observeServer(data: Buffer): Observation | undefined {
  const audio = stringMember(data, 'audio');
  const event = readObject(
    audio === undefined ? data : Buffer.concat([data.subarray(0, audio.open + 1), data.subarray(audio.close)]),
  );
  if (event === undefined) return undefined;
  if (event.error_code !== undefined) return { type: 'error', mark: 'turn-done' };
  if (event.terminated === true) return { type: 'terminated', mark: 'turn-done' };
  return audio === undefined ? { type: 'event' } : spoken;
}
