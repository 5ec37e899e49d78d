// The items that a reply of OpenAI Realtime streams: a text message, a spoken message, a function call.
// Rule: an item that was announced is always finished, as completed or incomplete, in the provider's order.

import { encodeBase64 } from '../../../../codecs/base64.ts';
import type { JsonObject } from '../../../../codecs/json-object.ts';
import type { SimulatorTimes } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import { NO_TOKENS, textTokenCount } from '../../tokens.ts';
import type { AudioClip } from '../../voice/reply-audio.ts';
import { textPieces } from '../../voice/reply-text.ts';
import { startTogether, streamText, streamVoice } from '../../voice/streams.ts';
import type { EventSender } from '../events.ts';
import { outputAudioTokens } from '../usage.ts';
import { type ConversationEntry, encodeAudio, type RealtimeConversation } from './conversation.ts';
import { type AudioFormat, rateOf } from './session.ts';

/** The reply that an output belongs to. */
export interface OutputSetup {
  readonly events: EventSender;
  readonly times: SimulatorTimes;
  readonly responseId: string;
  /** The conversation of the reply; undefined when the reply is outside of it. */
  readonly conversation: RealtimeConversation | undefined;
  readonly maxTokens: number;
  /** Called when all was streamed. `isWhole`: `maxTokens` has cut nothing. */
  readonly finished: (isWhole: boolean) => void;
}

/** An item that is being streamed. */
export interface OutputItem {
  readonly entry: ConversationEntry;
  /** Announces the item and begins to stream it. */
  start(): void;
  /** Ends the item where it is. */
  stop(status: 'completed' | 'incomplete'): void;
}

const OUTPUT_INDEX = 0;
const CONTENT_INDEX = 0;

function openItem({ events, responseId, conversation }: OutputSetup, entry: ConversationEntry): void {
  events.send('response.output_item.added', { response_id: responseId, output_index: OUTPUT_INDEX, item: entry.item });
  conversation?.add(entry);
}

function closeItem({ events, responseId, conversation }: OutputSetup, entry: ConversationEntry, status: string): void {
  entry.item.status = status;
  events.send('response.output_item.done', { response_id: responseId, output_index: OUTPUT_INDEX, item: entry.item });
  conversation?.complete(entry);
}

/** What the events and parts of a written and of a spoken message are called. */
const MESSAGE_NAMES = {
  text: { field: 'text', events: 'response.output_text' },
  audio: { field: 'transcript', events: 'response.output_audio_transcript' },
} as const;

/** A message of the assistant. The transcript and the audio of a spoken one are streamed side by side. */
export function messageOutput(
  setup: OutputSetup,
  text: string,
  voice?: { readonly format: AudioFormat; readonly playback: AudioClip | undefined },
): OutputItem {
  const entry = newEntry({ type: 'message', role: 'assistant', content: [] });
  const modality = voice ? 'audio' : 'text';
  const { field, events } = MESSAGE_NAMES[modality];
  const send = (type: string, fields?: JsonObject) =>
    setup.events.send(type, { ...idsOf(setup, entry), content_index: CONTENT_INDEX, ...fields });
  const words = streamPieces(setup, textPieces(text), (delta) => send(`${events}.delta`, { delta }));
  const audio =
    voice && streamAudio(setup, { ...voice, text }, (delta) => send('response.output_audio.delta', { delta }));
  return {
    entry,
    start() {
      openItem(setup, entry);
      send('response.content_part.added', { part: { type: modality, [field]: '' } });
      startTogether(audio ? [words, audio] : [words], setup.finished);
    },
    stop(status) {
      words.cancel();
      audio?.cancel();
      const sent = words.sentText();
      const spokenMs = audio?.sentMs();
      entry.spokenMs = spokenMs;
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(sent), audio: outputAudioTokens(spokenMs ?? 0) };
      entry.item.content = [{ type: `output_${modality}`, [field]: sent }];
      if (audio) send('response.output_audio.done');
      send(`${events}.done`, { [field]: sent });
      send('response.content_part.done', { part: { type: modality, [field]: sent } });
      closeItem(setup, entry, status);
    },
  };
}

export function callOutput(setup: OutputSetup, name: string, argumentsJson: string): OutputItem {
  const entry = newEntry({ type: 'function_call', name, call_id: createId('call_', 16), arguments: '' });
  const send = (type: string, fields: JsonObject) =>
    setup.events.send(`response.function_call_arguments.${type}`, {
      ...idsOf(setup, entry),
      call_id: entry.item.call_id,
      ...fields,
    });
  const pieces = streamPieces(setup, argumentsJson.match(/.{1,8}/gs) ?? [], (delta) => send('delta', { delta }));
  return {
    entry,
    start() {
      openItem(setup, entry);
      pieces.start(setup.finished);
    },
    stop(status) {
      pieces.cancel();
      const sent = pieces.sentText();
      entry.item.arguments = sent;
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(sent + name) };
      if (status === 'completed') send('done', { name, arguments: sent });
      closeItem(setup, entry, status);
    },
  };
}

function newEntry(item: JsonObject & { readonly type: string }): ConversationEntry {
  const added = { id: createId('item_'), object: 'realtime.item', status: 'in_progress', ...item };
  return { item: added, tokens: NO_TOKENS, isPaid: false };
}

function idsOf({ responseId }: OutputSetup, { item }: ConversationEntry): JsonObject {
  return { response_id: responseId, item_id: item.id, output_index: OUTPUT_INDEX };
}

function streamPieces(
  { events, times, maxTokens }: OutputSetup,
  pieces: readonly string[],
  send: (delta: string) => void,
) {
  return streamText({ runtime: events.runtime, tokenMs: times.tokenMs, pieces, send, maxTokens });
}

interface Speech {
  readonly text: string;
  readonly format: AudioFormat;
  readonly playback: AudioClip | undefined;
}

function streamAudio(
  { events, times, maxTokens }: OutputSetup,
  { text, format, playback }: Speech,
  send: (delta: string) => void,
) {
  return streamVoice({
    runtime: events.runtime,
    times,
    text,
    sampleRateHz: rateOf(format),
    playback,
    send: (samples) => send(encodeBase64(encodeAudio(samples, format))),
    isAllowed: (ms) => textTokenCount(text) + outputAudioTokens(ms) <= maxTokens,
  });
}
