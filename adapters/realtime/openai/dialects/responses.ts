// The Responses dialect over WebSocket (/v1/responses): text turns. Its event names occur in Realtime too, with other bodies.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import type { Frame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, NamedId } from '../../contract/dialect.ts';
import { type Observation, withTranscript } from '../../contract/observation.ts';
import { type EventPath, eventPaths } from '../../guards/event-paths.ts';
import { guardIds, type IdRules, textsAt } from '../../guards/id-guard.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { openaiSound } from '../audio.ts';
import { refusalEvent, responsesError } from '../error-event.ts';
import { responsesPins } from '../pins/responses.ts';
import { askedTools } from '../tool-calls.ts';
import { assistantWords, userWords } from '../transcript.ts';
import { usageOfResponse } from '../usage.ts';

/** Places of tools in the request body: its own, those of a namespace, those that input items add. */
const toolPlaces = [['tools'], ['tools', 'tools'], ['input', 'tools'], ['input', 'tools', 'tools']];
const bodyPaths: readonly EventPath[] = [
  ['model'],
  ['moderation', 'model'],
  ['multi_agent', '**', 'model'],
  // A stored prompt may bring a model and tools, and counts as a model.
  ['prompt', 'id'],
  ...toolPlaces.flatMap((place) => [
    [...place, 'model'],
    [...place, 'svg', 'model'],
  ]),
];

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([...bodyPaths, ...bodyPaths.map((path) => ['response', ...path])]),
  words: ['prompt'],
  // The provider takes a missing model from a stored prompt; without one it is left to the provider.
  starter: {
    words: ['response.create'],
    impliedNames: (event) => (event.type === 'response.create' && !namesModel(event) ? [''] : []),
  },
};

const idFields: Readonly<Record<string, readonly EventPath[]>> = {
  previous_response_id: [['previous_response_id']],
  response_id: [['response_id']],
  'prompt_cache_options.comparison_response_id': [['prompt_cache_options', 'comparison_response_id']],
  conversation: [['conversation'], ['conversation', 'id']],
  container: [...toolPlaces.map((place) => [...place, 'container']), ['**', 'container_id']],
};

const idRules: IdRules = {
  fields: Object.entries(idFields).map(([field, paths]) => ({
    field,
    places: eventPaths([...paths, ...paths.filter(([key]) => key !== '**').map((path) => ['response', ...path])]),
  })),
  words: ['response_id', 'conversation', 'container', '"id"'],
  more: referredItems,
};

/** Items that bring all that they stand for, so that their id refers to nothing. */
const WHOLE_ITEM = /^(message|(custom_tool|function|local_shell|shell|apply_patch|computer)_call|.*_output)$/;

/** An item without a type is a message, or a mere reference where it has no role. */
function referredItems(event: JsonObject): readonly NamedId[] {
  const input = [event.input, objectAt(event, 'response')?.input].flat().filter(isObject);
  return input.flatMap(({ type, role, id }) => {
    const isWhole = typeof type === 'string' ? WHOLE_ITEM.test(type) : role !== undefined;
    return typeof id === 'string' && !isWhole ? [{ field: 'input', id }] : [];
  });
}

/** Ids in a response: its own, and those of what it made. */
const handedOutPlaces = eventPaths([
  ['id'],
  ['conversation', 'id'],
  ['output', 'id'],
  ['output', 'container_id'],
  ['output', 'environment', 'container_id'],
]);
const DAY_MS = 24 * 60 * 60 * 1000;

const namesModel = (event: JsonObject): boolean =>
  (textAt(event, 'model') ?? textAt(event, 'prompt', 'id')) !== undefined;

/** The vocabulary of `/v1/responses`. */
export const openaiResponsesDialect: Dialect = {
  name: 'openai-responses',
  capabilities: { audio: 'base64', turnEnd: 'event', interruption: 'event', usage: 'per-turn', speaksFirst: 'client' },
  // A context of a million tokens is read again for each call of the provider's own tools.
  mostTokens: { input: 32_000_000, output: 4_000_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  firstName: {
    nameIn: (event) =>
      event.type === 'response.create' ? textAt({ ...objectAt(event, 'response'), ...event }, 'model') : undefined,
    refusalEvent,
  },
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    if (type === undefined) return undefined;
    if (direction === 'upstream') return observeClientEvent(type, frame);
    return observeServerEvent(type, frame);
  },
  errorEvent: responsesError,
  sound: openaiSound,
  pins: responsesPins,
  lastUsage: {},
  // The provider keeps responses for 30 days. A client whose response is unknown begins anew with the whole conversation.
  ids: { keptMs: 30 * DAY_MS, goesOn: true, inFrame: (frame) => guardIds(frame, idRules) },
};

/** The body of a request is at the top of the event, by older clients at `response`. */
const inputOf = (event: JsonObject): unknown => event.input ?? objectAt(event, 'response')?.input;

function observeClientEvent(type: string, { data }: Frame): Observation {
  switch (type) {
    case 'response.create':
      return withTranscript({ type, mark: 'request' }, () => userWords(data, inputOf));
    case 'response.steer':
      return withTranscript({ type }, () => userWords(data, inputOf));
    default:
      return { type };
  }
}

function observeServerEvent(type: string, frame: Frame): Observation {
  switch (type) {
    case 'response.output_text.delta':
      return { type, mark: 'text' };
    case 'response.output_audio.delta':
    case 'response.audio.delta':
      return { type, mark: 'audio', decides: typeDecides };
    case 'response.output_text.done':
      return withTranscript({ type }, () => assistantWords(frame.data, 'text'));
    case 'response.output_audio_transcript.done':
      return withTranscript({ type }, () => assistantWords(frame.data, 'transcript'));
    case 'response.created': {
      const response = objectAt(readObject(frame.data), 'response');
      return { type, model: textAt(response, 'model'), handedOut: textsAt(response, handedOutPlaces) };
    }
    // It is small; the end of a response that made large things may be too large to read.
    case 'response.output_item.added': {
      const item = readObject(frame.data)?.item;
      return { type, handedOut: textsAt({ output: item }, handedOutPlaces), toolCalls: askedTools([item]) };
    }
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
      return responseEnded(type, readObject(frame.data));
    default:
      return { type };
  }
}

/** Several responses may be under way: each names its own model. */
function responseEnded(type: string, event: JsonObject | undefined): Observation {
  const response = objectAt(event, 'response');
  const model = textAt(response, 'model');
  const usageOf = model === undefined ? undefined : { model };
  const handedOut = textsAt(response, handedOutPlaces);
  return { type, mark: 'turn-done', usage: usageOfResponse(response), usageOf, handedOut };
}
