// The items that a reply of OpenAI Realtime streams: a text message, a spoken message, a function call.
// Rule: an item that was announced is always finished, as completed or incomplete, in the provider's order.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import { encodeBase64 } from '../../../../codecs/text/base64.ts';
import type { SimulatorTimes } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import { NO_TOKENS, textTokenCount } from '../../tokens.ts';
import { type ReplyPrompt, replyText, textPieces } from '../../voice/reply-text.ts';
import { startTogether, streamText, streamVoice } from '../../voice/streams.ts';
import { encodeAudio } from '../audio.ts';
import type { EventSender } from '../events.ts';
import { chooseCall, type ToolCall } from '../tools.ts';
import { outputAudioTokens } from '../usage.ts';
import { type ConversationEntry, realtimePrompt } from './conversation.ts';
import type { ResponseRequest } from './request.ts';
import { rateOf } from './session.ts';

/** The reply that an output belongs to. */
interface OutputSetup {
  readonly events: EventSender;
  readonly times: SimulatorTimes;
  readonly responseId: string;
  readonly request: ResponseRequest;
  /** Called when all was streamed. `isWhole`: the limit of tokens has cut nothing. */
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

/** The output that answers a request: a function call when it asks for one, else a message. */
export function createOutput(setup: OutputSetup): OutputItem {
  const { tools, tool_choice, context } = setup.request;
  const prompt = realtimePrompt(context);
  const call = chooseCall(tools, tool_choice, prompt);
  return call ? callOutput(setup, call) : messageOutput(setup, prompt);
}

function openItem(setup: OutputSetup, entry: ConversationEntry): void {
  sendItem('response.output_item.added', setup, entry);
  setup.request.conversation?.add(entry);
}

function closeItem(setup: OutputSetup, entry: ConversationEntry, status: string): void {
  entry.item.status = status;
  sendItem('response.output_item.done', setup, entry);
  setup.request.conversation?.complete(entry);
}

function sendItem(type: string, { events, responseId }: OutputSetup, { item }: ConversationEntry): void {
  events.send(type, { response_id: responseId, output_index: OUTPUT_INDEX, item });
}

/** Names of the events and parts of a written and of a spoken message. */
const MESSAGE_NAMES = {
  text: { field: 'text', events: 'response.output_text' },
  audio: { field: 'transcript', events: 'response.output_audio_transcript' },
} as const;

/** A message of the assistant. The transcript and the audio of a spoken one are streamed side by side. */
function messageOutput(setup: OutputSetup, prompt: ReplyPrompt): OutputItem {
  const entry = newEntry({ type: 'message', role: 'assistant', content: [] });
  const { output_modalities } = setup.request;
  const modality = output_modalities[0] ?? 'audio';
  const { field, events } = MESSAGE_NAMES[modality];
  const send = (type: string, fields?: JsonObject) =>
    setup.events.send(type, { ...idsOf(setup, entry), content_index: CONTENT_INDEX, ...fields });
  const words = streamPieces(setup, textPieces(replyText(prompt)), (delta) => send(`${events}.delta`, { delta }));
  const sendAudio = (delta: string) => send('response.output_audio.delta', { delta });
  const audio = modality === 'audio' ? streamAudio(setup, prompt, sendAudio) : undefined;
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

function callOutput(setup: OutputSetup, { name, pieces }: ToolCall): OutputItem {
  const entry = newEntry({ type: 'function_call', name, call_id: createId('call_', 16), arguments: '' });
  const send = (type: string, fields: JsonObject) => {
    const ids = { ...idsOf(setup, entry), call_id: entry.item.call_id };
    setup.events.send(`response.function_call_arguments.${type}`, { ...ids, ...fields });
  };
  const stream = streamPieces(setup, pieces, (delta) => send('delta', { delta }));
  return {
    entry,
    start() {
      openItem(setup, entry);
      stream.start(setup.finished);
    },
    stop(status) {
      stream.cancel();
      const sent = stream.sentText();
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

function streamPieces(setup: OutputSetup, pieces: readonly string[], send: (delta: string) => void) {
  const { events, times } = setup;
  return streamText({ runtime: events.runtime, tokenMs: times.tokenMs, pieces, send, maxTokens: maxTokensOf(setup) });
}

function streamAudio(setup: OutputSetup, prompt: ReplyPrompt, send: (delta: string) => void) {
  const { events, times, request } = setup;
  const { format } = request.audio.output;
  const textTokens = textTokenCount(replyText(prompt));
  return streamVoice({
    runtime: events.runtime,
    times,
    prompt,
    sampleRateHz: rateOf(format),
    send: (samples) => send(encodeBase64(encodeAudio(samples, format))),
    isAllowed: (ms) => textTokens + outputAudioTokens(ms) <= maxTokensOf(setup),
  });
}

function maxTokensOf({ request: { max_output_tokens: limit } }: OutputSetup): number {
  return limit === 'inf' ? Number.POSITIVE_INFINITY : limit;
}
