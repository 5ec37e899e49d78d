// The items that a reply of OpenAI Realtime streams: a text message, a spoken message, a function call.
// Rule: what was announced is always finished, completely or as incomplete, in the provider's order.

import { encodeBase64 } from '../../../../codecs/base64.ts';
import type { JsonObject } from '../../../../codecs/json-object.ts';
import type { SimulatorTimes } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { AudioClip } from '../../voice/reply-audio.ts';
import { textPieces } from '../../voice/reply-text.ts';
import { streamText, streamVoice } from '../../voice/streams.ts';
import type { EventSender } from '../events.ts';
import { NO_TOKENS, spokenTokens, textTokenCount } from '../usage.ts';
import { type ConversationEntry, encodeAudio, type RealtimeConversation } from './conversation.ts';
import { type AudioFormat, rateOf } from './session.ts';

/** What an output needs of its reply. */
export interface OutputSetup {
  readonly outlet: EventSender;
  readonly times: SimulatorTimes;
  readonly responseId: string;
  /** Undefined: the reply is outside of the conversation. */
  readonly conversation: RealtimeConversation | undefined;
  readonly maxTokens: number;
  /** All was streamed; `whole`: nothing was cut by `maxTokens`. */
  readonly finished: (whole: boolean) => void;
}

/** One item being streamed. */
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
  const { outlet, responseId, conversation } = setup;
  outlet.send('response.output_item.added', { response_id: responseId, output_index: OUTPUT_INDEX, item: entry.item });
  if (!conversation) return;
  const previous = conversation.insert(entry);
  outlet.send('conversation.item.added', { previous_item_id: previous, item: entry.item });
}

function closeItem(setup: OutputSetup, entry: ConversationEntry, status: string): void {
  const { outlet, responseId, conversation } = setup;
  entry.item.status = status;
  outlet.send('response.output_item.done', { response_id: responseId, output_index: OUTPUT_INDEX, item: entry.item });
  if (!conversation) return;
  const index = conversation.entries.indexOf(entry);
  const previous = conversation.entries[index - 1]?.item.id ?? null;
  outlet.send('conversation.item.done', { previous_item_id: previous, item: entry.item });
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
  return { item, tokens: NO_TOKENS, paid: false };
}

function partSender(setup: OutputSetup, itemId: string): (type: string, fields?: JsonObject) => void {
  const ids = {
    response_id: setup.responseId,
    item_id: itemId,
    output_index: OUTPUT_INDEX,
    content_index: CONTENT_INDEX,
  };
  return (type, fields) => setup.outlet.send(type, { ...ids, ...fields });
}

function pieces(setup: OutputSetup, texts: readonly string[], send: (delta: string) => void) {
  return streamText({
    stage: setup.outlet.runtime,
    tokenMs: setup.times.tokenMs,
    pieces: texts,
    send,
    allowed: (text) => textTokenCount(text) <= setup.maxTokens,
  });
}

/** A written message. */
export function textOutput(setup: OutputSetup, text: string): OutputItem {
  const entry = messageEntry();
  const send = partSender(setup, entry.item.id);
  const sender = pieces(setup, textPieces(text), (delta) => send('response.output_text.delta', { delta }));
  return {
    entry,
    start() {
      openItem(setup, entry);
      send('response.content_part.added', { part: { type: 'text', text: '' } });
      sender.start((whole) => setup.finished(whole));
    },
    stop(status) {
      sender.cancel();
      const said = sender.sentText();
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(said) };
      entry.item.content = [{ type: 'output_text', text: said }];
      send('response.output_text.done', { text: said });
      send('response.content_part.done', { part: { type: 'text', text: said } });
      closeItem(setup, entry, status);
    },
  };
}

/** A spoken message: the transcript and the audio run side by side. */
export function audioOutput(
  setup: OutputSetup,
  speech: { readonly text: string; readonly format: AudioFormat; readonly playback: AudioClip | undefined },
): OutputItem {
  const entry = messageEntry();
  const send = partSender(setup, entry.item.id);
  const pending = { transcript: true, audio: true, whole: true };
  const finish = (part: 'transcript' | 'audio', whole: boolean) => {
    pending[part] = false;
    pending.whole &&= whole;
    if (!pending.transcript && !pending.audio) setup.finished(pending.whole);
  };
  const sender = pieces(setup, textPieces(speech.text), (delta) =>
    send('response.output_audio_transcript.delta', { delta }),
  );
  const audio = streamVoice({
    stage: setup.outlet.runtime,
    times: setup.times,
    spoken: { text: speech.text, sampleRateHz: rateOf(speech.format), playback: speech.playback },
    send: (samples) =>
      send('response.output_audio.delta', { delta: encodeBase64(encodeAudio(samples, speech.format)) }),
    allowed: (ms) => textTokenCount(speech.text) + spokenTokens(ms) <= setup.maxTokens,
  });
  return {
    entry,
    start() {
      openItem(setup, entry);
      send('response.content_part.added', { part: { type: 'audio', transcript: '' } });
      sender.start((whole) => finish('transcript', whole));
      audio.start((whole) => finish('audio', whole));
    },
    stop(status) {
      sender.cancel();
      audio.cancel();
      const transcript = sender.sentText();
      entry.spokenMs = audio.sentMs();
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(transcript), audio: spokenTokens(audio.sentMs()) };
      entry.item.content = [{ type: 'output_audio', transcript }];
      send('response.output_audio.done');
      send('response.output_audio_transcript.done', { transcript });
      send('response.content_part.done', { part: { type: 'audio', transcript } });
      closeItem(setup, entry, status);
    },
  };
}

/** A function call. */
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
  const entry: ConversationEntry = { item, tokens: NO_TOKENS, paid: false };
  const ids = { response_id: setup.responseId, item_id: item.id, output_index: OUTPUT_INDEX, call_id: callId };
  const sender = pieces(setup, call.arguments.match(/.{1,8}/gs) ?? [], (delta) =>
    setup.outlet.send('response.function_call_arguments.delta', { ...ids, delta }),
  );
  return {
    entry,
    start() {
      openItem(setup, entry);
      sender.start((whole) => setup.finished(whole));
    },
    stop(status) {
      sender.cancel();
      item.arguments = sender.sentText();
      entry.tokens = { ...NO_TOKENS, text: textTokenCount(item.arguments + item.name) };
      const done = { ...ids, name: item.name, arguments: item.arguments };
      if (status === 'completed') setup.outlet.send('response.function_call_arguments.done', done);
      closeItem(setup, entry, status);
    },
  };
}
