// The contract of a dialect: what the page needs from an event vocabulary, and the few events that all of them are read into.
// A client of a dialect is pure: messages in, events and messages out; no sockets, no timers, no DOM.

import type { Truncation } from '../../../client/playback/playback-tracker.ts';
import type { JsonObject } from '../../../codecs/json/object.ts';

export type Modality = 'voice' | 'text';
/** `detect`: the provider decides when a turn ends. `manual`: the page decides (push-to-talk). */
type TurnTaking = 'detect' | 'manual';
/** One message of a provider or of the page, as parsed JSON. */
export type DialectMessage = JsonObject;
/** Messages to send, in order. */
export type Outgoing = readonly DialectMessage[];

export interface SessionSettings {
  readonly model: string;
  readonly instructions: string;
  readonly voice: string;
  readonly modality: Modality;
  readonly turnTaking: TurnTaking;
  /** Offers the example function to the model. */
  readonly tools: boolean;
}

export interface FunctionCallItem {
  readonly callId: string;
  readonly name: string;
  /** JSON text of the arguments. */
  readonly arguments: string;
}

/** Id of the caption that shows the answer to a call. */
export function functionCaptionId(callId: string): string {
  return `tool-${callId}`;
}

export type ReplyStatus = 'completed' | 'cancelled' | 'failed' | 'incomplete';

/** One thing that happened, whatever the dialect calls it. */
export type ViewEvent =
  | { readonly kind: 'hello'; readonly model?: string | undefined }
  | { readonly kind: 'ready' }
  | { readonly kind: 'speech-started'; readonly itemId: string | undefined }
  /** `voicedUntilMs`: its end as a position in the audio that was sent, without the silence that the provider waited for; if it says so. */
  | { readonly kind: 'speech-stopped'; readonly voicedUntilMs?: number | undefined }
  | { readonly kind: 'committed'; readonly itemId: string }
  | CaptionEvent
  | { readonly kind: 'reply-started' }
  | AudioEvent
  | { readonly kind: 'audio-end'; readonly itemId: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'tool-call'; readonly call: FunctionCallItem }
  | { readonly kind: 'reply-done'; readonly status: ReplyStatus; readonly toolsPending: boolean; readonly why?: string }
  | { readonly kind: 'expiring'; readonly inText: string }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

/** A piece of a transcript or of written text. `text` replaces what is there, `delta` is appended. */
export interface CaptionEvent {
  readonly kind: 'caption';
  readonly side: 'you' | 'provider';
  readonly itemId: string;
  readonly delta?: string;
  readonly text?: string;
  readonly final: boolean;
  /** Id of the caption that a new one is placed before: transcripts of the caller may come after the reply began. */
  readonly before?: string | undefined;
}

export interface AudioEvent {
  readonly kind: 'audio';
  readonly itemId: string;
  readonly contentIndex: number;
  /** PCM, 16 bit little-endian, mono, base64. */
  readonly base64: string;
  readonly rateHz: number;
}

/** Meaning of a message, and messages that the client answers of its own accord. */
interface Reading {
  readonly events: readonly ViewEvent[];
  readonly send: Outgoing;
}

/** The state of one session in one dialect. A method is missing where the dialect has no such message. */
export interface DialectClient {
  open?(): Outgoing;
  read(message: DialectMessage): Reading;
  audio?(base64: string): Outgoing;
  /** Starts a manual turn. */
  speechStart?(): Outgoing;
  /** Ends a manual turn, and asks for the reply. */
  speechEnd?(): Outgoing;
  /** Discards a manual turn that was too short to be meant. */
  speechDrop?(): Outgoing;
  /** Says that the microphone pauses, in a session that detects turns. */
  audioPause?(): Outgoing;
  say(text: string): Outgoing;
  /** Stops the reply in progress. */
  cancel?(): Outgoing;
  truncate?(truncation: Truncation): Outgoing;
  answer(call: FunctionCallItem, output: DialectMessage): Outgoing;
}

export interface ClientDialect {
  readonly name: 'openai-realtime' | 'openai-responses' | 'gemini-live';
  readonly inputRateHz: number;
  /** Path to dial when the gateway lists several for this dialect. */
  readonly preferredPath: string;
  readonly models: Readonly<Record<Modality, readonly string[]>>;
  readonly voices: readonly string[];
  address(settings: SessionSettings, key: string): { query: Record<string, string>; protocols: string[] };
  createClient(settings: SessionSettings): DialectClient;
}
