// The items that a reply of OpenAI Realtime streams: a text message, a spoken message, a function call.
// Rule: an item that was announced is always finished, as completed or incomplete, in the provider's order.

import { encodeBase64 } from '../../../../codecs/base64.ts';
import type { JsonObject } from '../../../../codecs/json-object.ts';
import type { SimulatorTimes } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import { NO_TOKENS, textTokenCount } from '../../tokens.ts';
import type { AudioClip } from '../../voice/reply-audio.ts';
import { textPieces } from '../../voice/reply-text.ts';
import { streamText, streamVoice } from '../../voice/streams.ts';
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

function openItem(setup: OutputSetup, entry: ConversationEntry): void {
  const { events, responseId, conversation } = setup;
  events.send('response.output_item.added', { response_id: responseId, output_index: OUTPUT_INDEX, item: entry.item });
  if (!conversation) return;
  const previous = conversation.insert(entry);
  events.send('conversation.item.added', { previous_item_id: previous, item: entry.item });
}

function closeItem(setup: OutputSetup, entry: ConversationEntry, status: string): void {
  const { events, responseId, conversation } = setup;
  entry.item.status = status;
  events.send('response.output_item.done', { response_id: responseId, output_index: OUTPUT_INDEX, item: entry.item });
  if (!conversation) return;
  const index = conversation.entries.indexOf(entry);
  const previous = conversation.entries[index - 1]?.item.id ?? null;
  events.send('conversation.item.done', { previous_item_id: previous, item: entry.item });
}

function messageEntry(): ConversationEntry {
  const item = {
    id: createId('item_'),
    object: 'realtime.item',
    type: 'message',
    status: 'in_progress',
    role: 'assistant',
    content: [],
  };
  return { item, tokens: NO_TOKENS, isPaid: false };
}

function partSender(setup: OutputSetup, itemId: string): (type: string, fields?: JsonObject) => void {
  const ids = {
    response_id: setup.responseId,
    item_id: itemId,
    output_index: OUTPUT_INDEX,
    content_index: CONTENT_INDEX,
  };
  return (type, fields) => setup.events.send(type, { ...ids, ...fields });
}

function streamPieces(setup: OutputSetup, pieces: readonly string[], send: (delta: string) => void) {
  return streamText({
    runtime: setup.events.runtime,
    tokenMs: setup.times.tokenMs,
    pieces,
    send,
    isAllowed: (text) => textTokenCount(text) <= setup.maxTokens,
  });
}

export function textOutput(setup: OutputSetup, reply: string): OutputItem {
  const entry = messageEntry();
  const send = partSender(setup, entry.item.id);
  const textStream = streamPieces(setup, textPieces(reply), (delta) => send('response.output_text.delta', { delta }));
  return {
    entry,
    start() {
      openItem(setup, entry);
      send('response.content_part.added', { part: { type: 'text', text: '' } });
      textStream.start((isWhole) => setup.finished(isWhole));
    },
    stop(status) {
      textStream.cancel();
      const text = textStream.sentText();
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(text) };
      entry.item.content = [{ type: 'output_text', text }];
      send('response.output_text.done', { text });
      send('response.content_part.done', { part: { type: 'text', text } });
      closeItem(setup, entry, status);
    },
  };
}

/** A spoken message: the transcript and the audio are streamed side by side. */
export function audioOutput(
  setup: OutputSetup,
  speech: { readonly text: string; readonly format: AudioFormat; readonly playback: AudioClip | undefined },
): OutputItem {
  const entry = messageEntry();
  const send = partSender(setup, entry.item.id);
  const running = new Set(['transcript', 'audio']);
  let isAllWhole = true;
  const finish = (part: 'transcript' | 'audio', isWhole: boolean) => {
    running.delete(part);
    isAllWhole &&= isWhole;
    if (running.size === 0) setup.finished(isAllWhole);
  };
  const textStream = streamPieces(setup, textPieces(speech.text), (delta) =>
    send('response.output_audio_transcript.delta', { delta }),
  );
  const audio = streamVoice({
    runtime: setup.events.runtime,
    times: setup.times,
    reply: { text: speech.text, sampleRateHz: rateOf(speech.format), playback: speech.playback },
    send: (samples) =>
      send('response.output_audio.delta', { delta: encodeBase64(encodeAudio(samples, speech.format)) }),
    isAllowed: (ms) => textTokenCount(speech.text) + outputAudioTokens(ms) <= setup.maxTokens,
  });
  return {
    entry,
    start() {
      openItem(setup, entry);
      send('response.content_part.added', { part: { type: 'audio', transcript: '' } });
      textStream.start((isWhole) => finish('transcript', isWhole));
      audio.start((isWhole) => finish('audio', isWhole));
    },
    stop(status) {
      textStream.cancel();
      audio.cancel();
      const transcript = textStream.sentText();
      entry.spokenMs = audio.sentMs();
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(transcript), audio: outputAudioTokens(audio.sentMs()) };
      entry.item.content = [{ type: 'output_audio', transcript }];
      send('response.output_audio.done');
      send('response.output_audio_transcript.done', { transcript });
      send('response.content_part.done', { part: { type: 'audio', transcript } });
      closeItem(setup, entry, status);
    },
  };
}

export function callOutput(
  setup: OutputSetup,
  call: { readonly name: string; readonly arguments: string },
): OutputItem {
  const callId = createId('call_', 16);
  const item = {
    id: createId('item_'),
    object: 'realtime.item',
    type: 'function_call',
    status: 'in_progress',
    name: call.name,
    call_id: callId,
    arguments: '',
  };
  const entry: ConversationEntry = { item, tokens: NO_TOKENS, isPaid: false };
  const ids = { response_id: setup.responseId, item_id: item.id, output_index: OUTPUT_INDEX, call_id: callId };
  const textStream = streamPieces(setup, call.arguments.match(/.{1,8}/gs) ?? [], (delta) =>
    setup.events.send('response.function_call_arguments.delta', { ...ids, delta }),
  );
  return {
    entry,
    start() {
      openItem(setup, entry);
      textStream.start((isWhole) => setup.finished(isWhole));
    },
    stop(status) {
      textStream.cancel();
      item.arguments = textStream.sentText();
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(item.arguments + item.name) };
      const done = { ...ids, name: item.name, arguments: item.arguments };
      if (status === 'completed') setup.events.send('response.function_call_arguments.done', done);
      closeItem(setup, entry, status);
    },
  };
}
