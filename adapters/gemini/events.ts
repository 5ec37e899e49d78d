// What the tap learns from Gemini's messages. The first key of a message is its type; audio, both ways, is not parsed.

import { firstMember } from '../../codecs/event-type.ts';
import type { Direction, Frame } from '../../codecs/frame.ts';
import { QUOTE, stringEnd } from '../../codecs/json-bytes.ts';
import type { Mark, Observation } from '../adapter.ts';
import { isObject, type JsonObject, readEvent, textAt } from '../event.ts';
import { tokenUsage } from './usage.ts';

/** See `Dialect.observe`. */
export function observe({ data }: Frame, direction: Direction): Observation | undefined {
  const first = firstMember(data);
  if (first === undefined) return undefined;
  return direction === 'upstream' ? observeClient(data, first) : observeServer(data, first.key);
}

const requestInputs = ['text', 'activityEnd', 'activity_end'];

function observeClient(data: Buffer, first: { key: string; valueAt: number }): Observation {
  const type = first.key;
  if (type === 'realtimeInput' || type === 'realtime_input') {
    const input = firstMember(data, first.valueAt)?.key;
    return input !== undefined && requestInputs.includes(input) ? { type, mark: 'request' } : { type };
  }
  // The provider never says which model it serves; the client does, in its first message.
  if (type === 'setup') return { type, model: textAt(readEvent(data), 'setup', 'model')?.replace(/^models\//, '') };
  if (type !== 'clientContent' && type !== 'client_content') return { type };
  const content = readEvent(data)?.[type];
  const isComplete = isObject(content) && (content.turnComplete ?? content.turn_complete) === true;
  return isComplete ? { type, mark: 'request' } : { type };
}

const inlineData = Buffer.from('"inlineData"');
const dataKey = Buffer.from('"data"');
/** The bytes around the audio of one message are a few hundred; beyond this it is something else. */
const MAX_OUTSIDE_BYTES = 64 * 1024;
const audioPiece: Observation = { type: 'serverContent', mark: 'audio' };
const moreThanAudio = /"(?:interrupted|turnComplete|usageMetadata|voiceActivity|voiceActivityDetectionSignal)"/;

function observeServer(data: Buffer, type: string): Observation {
  const outside = type === 'serverContent' ? outsideInline(data) : undefined;
  const hasAudio = outside?.includes('"audio/') === true;
  if (outside !== undefined && hasAudio && !moreThanAudio.test(outside)) return audioPiece;
  const message = readEvent(outside ?? data);
  if (message === undefined) return { type };
  const usage = isObject(message.usageMetadata) ? tokenUsage(message.usageMetadata) : undefined;
  return { type, mark: serverMark(message, hasAudio), usage };
}

/** The message without the contents of its first inline string; undefined when it has none. */
function outsideInline(data: Buffer): string | undefined {
  const inline = data.indexOf(inlineData);
  const key = inline < 0 ? -1 : data.indexOf(dataKey, inline + inlineData.length);
  if (key < 0) return undefined;
  const open = data.indexOf(QUOTE, key + dataKey.length);
  const end = open < 0 ? -1 : stringEnd(data, open);
  if (end < 0 || data.length - (end - open) > MAX_OUTSIDE_BYTES) return undefined;
  return data.toString('utf8', 0, open + 1) + data.toString('utf8', end);
}

function serverMark(message: JsonObject, hasAudio: boolean): Mark | undefined {
  const content = isObject(message.serverContent) ? message.serverContent : {};
  if (content.interrupted === true) return 'interrupted';
  if (hasAudio) return 'audio';
  if (hasText(content)) return 'text';
  if (content.turnComplete === true) return 'turn-done';
  return speechMark(message);
}

function hasText(content: JsonObject): boolean {
  const parts = isObject(content.modelTurn) ? content.modelTurn.parts : undefined;
  return (
    Array.isArray(parts) &&
    parts.some((part) => isObject(part) && typeof part.text === 'string' && part.text !== '' && part.thought !== true)
  );
}

function speechMark({ voiceActivity, voiceActivityDetectionSignal }: JsonObject): Mark | undefined {
  const activity = isObject(voiceActivity) ? voiceActivity.voiceActivityType : undefined;
  const signal = isObject(voiceActivityDetectionSignal) ? voiceActivityDetectionSignal.vadSignalType : undefined;
  if (activity === 'ACTIVITY_START' || signal === 'VAD_SIGNAL_TYPE_SOS') return 'speech-started';
  if (activity === 'ACTIVITY_END' || signal === 'VAD_SIGNAL_TYPE_EOS') return 'speech-stopped';
  return undefined;
}
