// The conversation of one OpenAI Realtime session: its items in order, with their tokens and the caller's audio.
// Rule: only the newest spoken item keeps its audio, so that a long session stays small.

import { z } from 'zod';
import { durationMs } from '../../../../codecs/audio/pcm16.ts';
import { decodeBase64, encodeBase64 } from '../../../../codecs/text/base64.ts';
import { createId } from '../../random-id.ts';
import { NO_TOKENS, type TokenCounts, textTokenCount } from '../../tokens.ts';
import type { AudioClip } from '../../voice/reply-audio.ts';
import type { ReplyPrompt } from '../../voice/reply-text.ts';
import type { CallerTurn } from '../../voice/turn-detector.ts';
import { decodeAudio, encodeAudio } from '../audio.ts';
import { EventError, type EventSender, invalidValue, parseGiven } from '../events.ts';
import { inputAudioTokens, OPENAI_IMAGE_TOKENS, outputAudioTokens } from '../usage.ts';
import { type AudioFormat, rateOf } from './session.ts';

const id = z.string().min(1).max(32).optional();
const status = z.enum(['completed', 'incomplete', 'in_progress']).optional();
const inputText = z.looseObject({ type: z.literal('input_text'), text: z.string() });
const userContent = z.discriminatedUnion('type', [
  inputText,
  z.looseObject({ type: z.literal('input_audio'), audio: z.string(), transcript: z.string().nullish() }),
  z.looseObject({ type: z.literal('input_image'), image_url: z.string() }),
]);
const assistantContent = z.looseObject({ type: z.enum(['output_text', 'output_audio']), text: z.string().nullish() });
const message = z.looseObject({ type: z.literal('message'), id, status });

const itemSchema = z.discriminatedUnion('type', [
  z.discriminatedUnion('role', [
    message.extend({ role: z.literal('user'), content: z.array(userContent) }),
    message.extend({ role: z.literal('system'), content: z.array(inputText) }),
    message.extend({ role: z.literal('assistant'), content: z.array(assistantContent) }),
  ]),
  z.looseObject({
    type: z.literal('function_call'),
    id,
    status,
    call_id: z.string().default(() => createId('call_', 16)),
    name: z.string(),
    arguments: z.string(),
  }),
  z.looseObject({ type: z.literal('function_call_output'), id, status, call_id: z.string(), output: z.string() }),
  z.looseObject({ type: z.enum(['mcp_list_tools', 'mcp_call', 'mcp_approval_request', 'mcp_approval_response']), id }),
]);

/** An item of a conversation. `item` is what the client is shown. */
export interface ConversationEntry {
  readonly item: { readonly id: string; readonly type: string; status?: string; [field: string]: unknown };
  tokens: TokenCounts;
  /** True once a response has paid for it. */
  isPaid: boolean;
  /** The caller's speech; its audio is dropped when newer speech comes. */
  speech?: { readonly clip: AudioClip | undefined; readonly speechMs: number };
  /** Milliseconds of an assistant's audio that were sent. */
  spokenMs?: number;
}

/** The items in order. Every new item is announced with the one before it. */
export class RealtimeConversation {
  readonly id = createId('conv_');
  readonly #events: EventSender;
  readonly #entries: ConversationEntry[] = [];

  constructor(events: EventSender) {
    this.#events = events;
  }

  get entries(): readonly ConversationEntry[] {
    return this.#entries;
  }

  /** The entry of an item. `param`: where the client names it. @throws EventError for an unknown item. */
  find(itemId: string, param = 'item_id'): ConversationEntry {
    const found = this.#entries.find(({ item }) => item.id === itemId);
    if (!found) throw new EventError('item_not_found', `Item with item_id '${itemId}' not found.`, param);
    return found;
  }

  /** Adds an item at the end, or after another (`root`: at the front). @throws EventError for an unknown `previousId`. */
  add(entry: ConversationEntry, previousId?: string): void {
    const before =
      previousId === undefined || previousId === 'root' ? undefined : this.find(previousId, 'previous_item_id');
    const index = previousId === undefined ? this.#entries.length : before ? this.#entries.indexOf(before) + 1 : 0;
    if (entry.speech) this.#dropOlderAudio();
    this.#entries.splice(index, 0, entry);
    this.#send('conversation.item.added', entry);
  }

  complete(entry: ConversationEntry): void {
    this.#send('conversation.item.done', entry);
  }

  remove(entry: ConversationEntry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  #send(type: string, { item }: ConversationEntry): void {
    const index = this.#entries.findIndex((entry) => entry.item === item);
    this.#events.send(type, { previous_item_id: this.#entries[index - 1]?.item.id ?? null, item });
  }

  #dropOlderAudio(): void {
    for (const entry of this.#entries) {
      if (entry.speech?.clip) entry.speech = { clip: undefined, speechMs: entry.speech.speechMs };
    }
  }
}

/** A client's item with its tokens. @throws EventError for an invalid one. */
export function readItem(given: unknown, format: AudioFormat): ConversationEntry {
  const { id = createId('item_'), ...fields } = parseGiven(itemSchema, given, 'item');
  const item = { id, object: 'realtime.item', ...fields, status: 'completed' };
  const entry: ConversationEntry = {
    item,
    tokens: { ...NO_TOKENS, text: textTokenCount(textOf(item)) },
    isPaid: false,
  };
  return item.type === 'message' && item.role === 'user' ? withMedia(entry, format) : entry;
}

/** A user's message with its audio and the tokens of its images. */
function withMedia(entry: ConversationEntry, format: AudioFormat): ConversationEntry {
  const parts = partsOf(entry.item);
  const audio = parts.find((part) => part.type === 'input_audio');
  const images = parts.filter((part) => part.type === 'input_image').length;
  const tokens = { ...entry.tokens, image: images * OPENAI_IMAGE_TOKENS };
  if (!audio) return { ...entry, tokens };
  const bytes = decodeBase64(String(audio.audio));
  if (!bytes) throw invalidValue('item.content', 'Invalid audio: expected base64-encoded bytes.');
  const clip = { samples: decodeAudio(bytes, format), sampleRateHz: rateOf(format) };
  const speechMs = durationMs(clip.samples.length, clip.sampleRateHz);
  // Audio is shown by `retrieve` alone, which encodes it anew.
  const content = parts.map((part) => (part === audio ? { ...part, audio: undefined } : part));
  return {
    ...entry,
    item: { ...entry.item, content },
    tokens: { ...tokens, audio: inputAudioTokens(speechMs) },
    speech: { clip, speechMs },
  };
}

export function turnEntry(itemId: string, { clip, speechMs, inputMs }: CallerTurn): ConversationEntry {
  const content = [{ type: 'input_audio', transcript: null }];
  const item = { id: itemId, object: 'realtime.item', type: 'message', status: 'completed', role: 'user', content };
  return {
    item,
    tokens: { ...NO_TOKENS, audio: inputAudioTokens(inputMs) },
    isPaid: false,
    speech: { clip, speechMs },
  };
}

/** The item with its audio, as `conversation.item.retrieved` shows it. */
export function retrievedItem({ item, speech }: ConversationEntry, format: AudioFormat): ConversationEntry['item'] {
  const clip = speech?.clip;
  if (!clip) return item;
  const audio = encodeBase64(encodeAudio(clip.samples, format));
  return { ...item, content: partsOf(item).map((part) => (part.type === 'input_audio' ? { ...part, audio } : part)) };
}

/** Cuts audio that the caller did not hear. The provider drops the whole transcript, since it has no times in it. */
export function truncateEntry(entry: ConversationEntry, audioEndMs: number): void {
  entry.spokenMs = audioEndMs;
  entry.tokens = { ...NO_TOKENS, audio: outputAudioTokens(audioEndMs) };
  entry.item.content = partsOf(entry.item).map((part) => ({ ...part, transcript: '' }));
}

/** The prompt that a reply to these items answers. */
export function realtimePrompt(entries: readonly ConversationEntry[]): ReplyPrompt {
  const last = entries.findLast(({ item }) => item.role === 'user' || item.type === 'function_call_output');
  if (!last) return { kind: 'silence' };
  if (last.speech) return { kind: 'speech', speechMs: last.speech.speechMs, playback: last.speech.clip };
  if (last.item.type !== 'function_call_output') return { kind: 'text', text: textOf(last.item) };
  const call = entries.find(({ item }) => item.type === 'function_call' && item.call_id === last.item.call_id);
  return { kind: 'tool', name: String(call?.item.name ?? 'function'), output: String(last.item.output) };
}

function textOf(item: ConversationEntry['item']): string {
  const texts = partsOf(item).map((part) => part.text ?? part.transcript ?? '');
  return [...texts, item.arguments ?? '', item.output ?? ''].filter(Boolean).join(' ');
}

function partsOf(item: ConversationEntry['item']): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(item.content) ? item.content : [];
}
