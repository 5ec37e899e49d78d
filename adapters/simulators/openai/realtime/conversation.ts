// The conversation of one OpenAI Realtime session: its items in order, with their tokens and the caller's audio.
// Rule: only the newest spoken item keeps its audio, so that a long session stays small.

import { z } from 'zod';
import { decodeBase64, encodeBase64 } from '../../../../codecs/base64.ts';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../../codecs/g711.ts';
import { durationMs, pcm16Bytes, pcm16Samples } from '../../../../codecs/pcm16.ts';
import { createId } from '../../random-id.ts';
import { NO_TOKENS, type TokenCounts, textTokenCount } from '../../tokens.ts';
import type { AudioClip } from '../../voice/reply-audio.ts';
import type { ReplyPrompt } from '../../voice/reply-text.ts';
import type { CallerTurn } from '../../voice/turn-detector.ts';
import { type ErrorDetails, invalidValue, schemaError } from '../events.ts';
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

const itemSchema = z.discriminatedUnion('type', [
  z.discriminatedUnion('role', [
    z.looseObject({ type: z.literal('message'), role: z.literal('user'), id, status, content: z.array(userContent) }),
    z.looseObject({ type: z.literal('message'), role: z.literal('system'), id, status, content: z.array(inputText) }),
    z.looseObject({
      type: z.literal('message'),
      role: z.literal('assistant'),
      id,
      status,
      content: z.array(assistantContent),
    }),
  ]),
  z.looseObject({
    type: z.literal('function_call'),
    id,
    status,
    call_id: z.string().optional(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.looseObject({ type: z.literal('function_call_output'), id, status, call_id: z.string(), output: z.string() }),
  z.looseObject({ type: z.literal('mcp_list_tools'), id }),
  z.looseObject({ type: z.literal('mcp_call'), id }),
  z.looseObject({ type: z.literal('mcp_approval_request'), id }),
  z.looseObject({ type: z.literal('mcp_approval_response'), id }),
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

export class RealtimeConversation {
  readonly id = createId('conv_');
  readonly #entries: ConversationEntry[] = [];

  get entries(): readonly ConversationEntry[] {
    return this.#entries;
  }

  get lastId(): string | null {
    return this.#entries.at(-1)?.item.id ?? null;
  }

  find(itemId: string): ConversationEntry | undefined {
    return this.#entries.find((entry) => entry.item.id === itemId);
  }

  /** Adds an item at the end, or after `previousId` (`root`: at the front). Returns the id before it; undefined when `previousId` is unknown. */
  insert(entry: ConversationEntry, previousId?: string): string | null | undefined {
    if (entry.speech) this.#dropOlderAudio();
    if (previousId === undefined) {
      const before = this.lastId;
      this.#entries.push(entry);
      return before;
    }
    const index = previousId === 'root' ? 0 : this.#entries.findIndex(({ item }) => item.id === previousId) + 1;
    if (index === 0 && previousId !== 'root') return undefined;
    this.#entries.splice(index, 0, entry);
    return index === 0 ? null : previousId;
  }

  remove(itemId: string): boolean {
    const index = this.#entries.findIndex((entry) => entry.item.id === itemId);
    if (index >= 0) this.#entries.splice(index, 1);
    return index >= 0;
  }

  #dropOlderAudio(): void {
    for (const entry of this.#entries) {
      if (entry.speech?.clip) entry.speech = { clip: undefined, speechMs: entry.speech.speechMs };
    }
  }
}

/** A client's item with its tokens, or the error of an invalid one. */
export function readItem(given: unknown, format: AudioFormat): ConversationEntry | ErrorDetails {
  const parsed = itemSchema.safeParse(given);
  if (!parsed.success) return schemaError(parsed.error, given, 'item');
  const value = parsed.data;
  const item = { ...value, id: value.id ?? createId('item_'), object: 'realtime.item' };
  if (value.type === 'function_call')
    return entry({ ...item, status: 'completed', call_id: value.call_id ?? createId('call_', 16) });
  if (value.type === 'message' && value.role === 'user')
    return readUserMessage({ ...item, status: 'completed' }, format);
  return entry({ ...item, status: 'completed' });
}

function entry(item: ConversationEntry['item']): ConversationEntry {
  return { item, tokens: { ...NO_TOKENS, text: textTokenCount(textOf(item)) }, isPaid: false };
}

function readUserMessage(item: ConversationEntry['item'], format: AudioFormat): ConversationEntry | ErrorDetails {
  const written = entry(item);
  const parts = partsOf(item);
  const images = parts.filter((part) => part.type === 'input_image').length;
  const audio = parts.find((part) => part.type === 'input_audio');
  written.tokens = { ...written.tokens, image: images * OPENAI_IMAGE_TOKENS };
  if (!audio) return written;
  const bytes = decodeBase64(String(audio.audio));
  if (!bytes) return invalidValue('item.content', 'Invalid audio: expected base64-encoded bytes.');
  const clip = { samples: decodeAudio(bytes, format), sampleRateHz: rateOf(format) };
  // Audio is shown by `retrieve` alone, which encodes it anew.
  const content = parts.map((part) => (part === audio ? { ...part, audio: undefined } : part));
  return spokenEntry({ ...item, content }, clip, durationMs(clip.samples.length, clip.sampleRateHz));
}

export function turnEntry(itemId: string, { clip, speechMs, inputMs }: CallerTurn): ConversationEntry {
  const content = [{ type: 'input_audio', transcript: null }];
  const item = { id: itemId, object: 'realtime.item', type: 'message', status: 'completed', role: 'user', content };
  return { ...spokenEntry(item, clip, speechMs), tokens: { ...NO_TOKENS, audio: inputAudioTokens(inputMs) } };
}

function spokenEntry(item: ConversationEntry['item'], clip: AudioClip, speechMs: number): ConversationEntry {
  const audio = inputAudioTokens(durationMs(clip.samples.length, clip.sampleRateHz));
  return {
    ...entry(item),
    tokens: { ...NO_TOKENS, text: textTokenCount(textOf(item)), audio },
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
  if (last.speech) return { kind: 'speech', speechMs: last.speech.speechMs };
  if (last.item.type !== 'function_call_output') return { kind: 'text', text: textOf(last.item) };
  const call = entries.find(({ item }) => item.type === 'function_call' && item.call_id === last.item.call_id);
  return { kind: 'tool', name: String(call?.item.name ?? 'function'), output: String(last.item.output) };
}

/** The caller's audio, when the last input was spoken rather than written. */
export function lastSpeech(entries: readonly ConversationEntry[]): AudioClip | undefined {
  return entries.findLast(({ item }) => item.role === 'user' || item.type === 'function_call_output')?.speech?.clip;
}

function textOf(item: ConversationEntry['item']): string {
  const texts = partsOf(item).map((part) => part.text ?? part.transcript ?? '');
  return [...texts, item.arguments ?? '', item.output ?? ''].filter(Boolean).join(' ');
}

function partsOf(item: ConversationEntry['item']): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(item.content) ? item.content : [];
}

/** Bytes of a session's input format as samples, at the rate of `rateOf`. */
export function decodeAudio(bytes: Buffer, format: AudioFormat): Int16Array {
  if (format.type === 'audio/pcm') return pcm16Samples(bytes);
  return format.type === 'audio/pcmu' ? decodeMulaw(bytes) : decodeAlaw(bytes);
}

/** Samples at the rate of `rateOf` as bytes of a session's format. */
export function encodeAudio(samples: Int16Array, format: AudioFormat): Buffer {
  if (format.type === 'audio/pcm') return pcm16Bytes(samples);
  return format.type === 'audio/pcmu' ? encodeMulaw(samples) : encodeAlaw(samples);
}
