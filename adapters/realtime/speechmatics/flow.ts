// The dialect of Speechmatics' voice agents, Flow: sound in binary messages both ways. Messages: read in @speechmatics/flow-client 0.2; tools: document.

import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';
import { eventPaths } from '../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { isSound } from '../sound.ts';
import { speechmaticsError } from './error-event.ts';
import { observeMessage, soundRates, transcriptIn } from './messages.ts';

/** An agent is its template, as in lists of keys: `speechmatics/<template_id>`. */
const rules: ModelRules = {
  isAudio: () => false,
  words: ['template_id'],
  places: eventPaths([['conversation_config', 'template_id']]),
  starter: { words: ['StartConversation'], impliedNames },
};

/** The vocabulary of `/v1/flow`. */
export const speechmaticsFlowDialect: Dialect = {
  name: 'speechmatics-flow',
  capabilities: {
    audio: 'binary',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  // Read in the SDK, which sends it.
  keepAlive: 'AudioReceived for each message of sound',
  modelsIn: (frame) => (isSound(frame) ? undefined : guardModels(frame, rules)),
  renamed: renamedBy(rules),
  observe: (frame, direction) => observeMessage(frame, direction, read),
  errorEvent: speechmaticsError,
};

const templateIn = (event: JsonObject): string | undefined => textAt(event, 'conversation_config', 'template_id');

function impliedNames(event: JsonObject): readonly string[] {
  return event.message === 'StartConversation' && templateIn(event) === undefined ? [''] : [];
}

/** The words of a reply come whole, before its sound. Those of the user come when they are taken to be over. */
function read(type: string, event: JsonObject, data: Buffer): Observation {
  switch (type) {
    case 'StartConversation':
      return { type, model: templateIn(event), soundBytesPerSecond: soundRates(event, data) };
    case 'AddTranscript':
      return heard(type, event);
    case 'ResponseStarted':
      return replied(type, textAt(event, 'content'));
    case 'ResponseCompleted':
      return { type, mark: 'turn-done' };
    case 'ResponseInterrupted':
      return { type, mark: 'interrupted' };
    case 'ToolInvoke':
      return { type, toolCalls: [{ name: textAt(event, 'function', 'name'), id: textAt(event, 'id') }] };
    default:
      return { type };
  }
}

function heard(type: string, event: JsonObject): Observation {
  const utterances = transcriptIn(event);
  return utterances === undefined ? { type } : { type, mark: 'speech-stopped', utterances };
}

const replied = (type: string, text: string | undefined): Observation =>
  text ? { type, mark: 'text', utterances: [{ role: 'assistant', text }] } : { type };
