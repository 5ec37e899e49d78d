// Reads what the tap learns from Gemini's messages. The first key of a message is its type; audio, both ways, is not parsed.

import { QUOTE, stringEnd } from '../../../codecs/json/bytes.ts';
import { firstMember } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../codecs/websocket/alike-messages.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import {
  type AskedTool,
  type Mark,
  type Observation,
  type Utterance,
  withTranscript,
} from '../contract/observation.ts';
import { ownName } from './own-model.ts';
import { usageOfMetadata } from './usage.ts';

/** Implements `Dialect.observe`. */
export function observe({ data }: Frame, direction: Direction): Observation | undefined {
  const first = firstMember(data);
  if (first === undefined) return undefined;
  return direction === 'upstream' ? observeClient(data, first) : observeServer(data, first.key);
}

const modelOf = (name: string | undefined): string | undefined => (name === undefined ? undefined : ownName(name));

/** Sound of a client: the first key within the message says what it is. */
function inputDecides(data: Buffer): DecisiveBytes | undefined {
  const input = firstMember(data);
  const kind = input && firstMember(data, input.valueAt);
  return kind && { first: kind.valueAt, last: 0 };
}

const requestInputs = ['text', 'activityEnd', 'activity_end'];
/** Largest client message that is parsed for its words: a larger one carries pictures or sound. */
const MAX_CLIENT_BYTES = 256 * 1024;

function observeClient(data: Buffer, first: { key: string; valueAt: number }): Observation {
  const type = first.key;
  if (type === 'realtimeInput' || type === 'realtime_input') {
    const input = firstMember(data, first.valueAt)?.key;
    if (input === undefined) return { type };
    if (!requestInputs.includes(input)) return { type, decides: inputDecides };
    const request = { type, mark: 'request' } as const;
    return input === 'text' ? withTranscript(request, () => typedIn(data, type)) : request;
  }
  // The provider never says which model it serves; the client does, in its first message.
  if (type === 'setup') return { type, model: modelOf(textAt(readObject(data), 'setup', 'model')) };
  if (type !== 'clientContent' && type !== 'client_content') return { type };
  const content = readObject(data)?.[type];
  const isComplete = isObject(content) && (content.turnComplete ?? content.turn_complete) === true;
  const utterances = isObject(content) ? lastWords(content.turns) : undefined;
  return isComplete ? { type, mark: 'request', utterances } : { type, utterances };
}

function typedIn(data: Buffer, type: string): readonly Utterance[] | undefined {
  const text = data.length > MAX_CLIENT_BYTES ? undefined : textAt(readObject(data), type, 'text');
  return text ? [{ role: 'user', text }] : undefined;
}

/** Returns the user's words after the last turn of the model: all before them is history of another session. */
function lastWords(turns: unknown): readonly Utterance[] | undefined {
  const list = (Array.isArray(turns) ? turns : [turns]).filter(isObject);
  const answered = list.findLastIndex(({ role }) => role === 'model');
  const text = list
    .slice(answered + 1)
    .map(textOfParts)
    .filter(Boolean)
    .join('\n');
  return text ? [{ role: 'user', text }] : undefined;
}

/** Joins the words in the parts of a turn, without thoughts. */
function textOfParts(turn: JsonObject): string {
  const parts = Array.isArray(turn.parts) ? turn.parts.filter(isObject) : [];
  return parts.map((part) => (part.thought === true ? '' : (textAt(part, 'text') ?? ''))).join('');
}

const inlineData = Buffer.from('"inlineData"');
const dataKey = Buffer.from('"data"');
/** Most bytes around the audio of one message; usually there are a few hundred. */
const MAX_OUTSIDE_BYTES = 64 * 1024;
const audioPiece: Observation = { type: 'serverContent', mark: 'audio', decides: outsideDecides };
const moreThanAudio =
  /"(?:interrupted|turnComplete|usageMetadata|voiceActivity|voiceActivityDetectionSignal|inputTranscription|outputTranscription)"/;

function observeServer(data: Buffer, type: string): Observation {
  const outside = type === 'serverContent' ? outsideInline(data) : undefined;
  const hasAudio = outside?.includes('"audio/') === true;
  if (outside !== undefined && hasAudio && !moreThanAudio.test(outside)) return audioPiece;
  const message = readObject(outside ?? data);
  if (message === undefined) return { type };
  const usage = isObject(message.usageMetadata) ? usageOfMetadata(message.usageMetadata) : undefined;
  const handle = textAt(message, 'sessionResumptionUpdate', 'newHandle');
  const handedOut = handle ? [handle] : undefined;
  const toolCalls = serverAsked(message);
  return { type, mark: serverMark(message, hasAudio), usage, utterances: serverSaid(message), handedOut, toolCalls };
}

function serverAsked({ toolCall }: JsonObject): readonly AskedTool[] | undefined {
  const asked =
    isObject(toolCall) && Array.isArray(toolCall.functionCalls) ? toolCall.functionCalls.filter(isObject) : [];
  return asked.length === 0 ? undefined : asked.map((call) => ({ name: textAt(call, 'name'), id: textAt(call, 'id') }));
}

/** Collects both sides' words in one message: transcripts of what was heard and spoken, or the words of a reply in text. */
function serverSaid({ serverContent }: JsonObject): readonly Utterance[] | undefined {
  if (!isObject(serverContent)) return undefined;
  const words = [
    ['user', textAt(serverContent, 'inputTranscription', 'text')],
    ['assistant', textAt(serverContent, 'outputTranscription', 'text')],
    ['assistant', isObject(serverContent.modelTurn) ? textOfParts(serverContent.modelTurn) : ''],
  ] as const;
  const said = words.flatMap(([role, text]) => (text ? [{ role, text, isPartial: true } as const] : []));
  return said.length === 0 ? undefined : said;
}

/** Returns the message without the contents of its first inline string; undefined when it has none. */
function outsideInline(data: Buffer): string | undefined {
  const outside = outsideDecides(data);
  return outside && data.toString('utf8', 0, outside.first) + data.toString('utf8', data.length - outside.last);
}

/** Finds the first inline string: the bytes around it decide. */
function outsideDecides(data: Buffer): DecisiveBytes | undefined {
  const inline = data.indexOf(inlineData);
  const key = inline < 0 ? -1 : data.indexOf(dataKey, inline + inlineData.length);
  if (key < 0) return undefined;
  const open = data.indexOf(QUOTE, key + dataKey.length);
  const end = open < 0 ? -1 : stringEnd(data, open);
  if (end < 0 || data.length - (end - open) > MAX_OUTSIDE_BYTES) return undefined;
  return { first: open + 1, last: data.length - end };
}

function serverMark(message: JsonObject, hasAudio: boolean): Mark | undefined {
  const content = isObject(message.serverContent) ? message.serverContent : {};
  if (content.interrupted === true) return 'interrupted';
  if (hasAudio) return 'audio';
  if (hasText(content)) return 'text';
  if (content.turnComplete === true) return 'turn-done';
  return speechMark(message);
}

function hasText({ modelTurn }: JsonObject): boolean {
  return isObject(modelTurn) && textOfParts(modelTurn) !== '';
}

function speechMark({ voiceActivity, voiceActivityDetectionSignal }: JsonObject): Mark | undefined {
  const activity = isObject(voiceActivity) ? voiceActivity.voiceActivityType : undefined;
  const signal = isObject(voiceActivityDetectionSignal) ? voiceActivityDetectionSignal.vadSignalType : undefined;
  if (activity === 'ACTIVITY_START' || signal === 'VAD_SIGNAL_TYPE_SOS') return 'speech-started';
  if (activity === 'ACTIVITY_END' || signal === 'VAD_SIGNAL_TYPE_EOS') return 'speech-stopped';
  return undefined;
}
